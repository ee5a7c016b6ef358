package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/grapevine-gossip/grapevine/httpapi/client"
)

func (c *cli) tagsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "tags",
		Short:   "Set and remove the agent's tags",
		Example: "  grapevine tags set zone=a role=db\n  grapevine tags rm role",
		Args:    cobra.ArbitraryArgs,
		RunE:    c.group,
	}
	set := &cobra.Command{
		Use:     "set KEY=VALUE...",
		Short:   "Set tags of this agent",
		Example: "  grapevine tags set zone=a",
		Args:    args(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, pairs []string) error {
			for _, p := range pairs {
				if k, _, ok := strings.Cut(p, "="); !ok || k == "" {
					return usagef("grapevine tags set zone=a", "tag %q is not KEY=VALUE", p)
				}
			}
			return c.ask(cmd, func(ctx context.Context, cl *client.Client) error {
				for _, p := range pairs {
					k, v, _ := strings.Cut(p, "=")
					if err := cl.SetTag(ctx, k, v); err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
	rm := &cobra.Command{
		Use:     "rm KEY...",
		Short:   "Remove tags of this agent",
		Example: "  grapevine tags rm zone",
		Args:    args(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, keys []string) error {
			return c.ask(cmd, func(ctx context.Context, cl *client.Client) error {
				for _, k := range keys {
					if err := cl.DeleteTag(ctx, k); err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
	cmd.AddCommand(set, rm)
	return cmd
}
