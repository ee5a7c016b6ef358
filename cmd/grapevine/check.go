package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/grapevine-gossip/grapevine/httpapi/client"
)

func (c *cli) checkCommand() *cobra.Command {
	var least int
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Exit 0 if the agent is ready, 5 if not",
		Long: `Exit 0 if the agent is ready to serve and, with --min-members, sees enough members. Meant for monitoring and for
health checks: without flags it depends on this agent only, so one sick member does not fail the checks of the others.`,
		Example: "  grapevine check\n  grapevine check --min-members 3",
		Args:    args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.ask(cmd, func(ctx context.Context, cl *client.Client) error {
				ready, err := cl.Ready(ctx)
				if err != nil {
					return err
				}
				self, err := cl.Self(ctx)
				if err != nil {
					return err
				}
				switch {
				case !ready.OK:
					err = errors.New("not ready: " + ready.Reason)
				case self.View.Size < least:
					err = fmt.Errorf("%s in the view, not %d", plural(self.View.Size, "member"), least)
				default:
					c.talk("ok: %s", standing(self))
					return nil
				}
				return &failure{exitFalse, err, "'grapevine status' says how the agent stands, 'grapevine members --all' who is missing"}
			})
		},
	}
	cmd.Flags().IntVar(&least, "min-members", 0, "at least `N` members in the view")
	return cmd
}
