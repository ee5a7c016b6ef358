package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/grapevine-gossip/grapevine/httpapi/client"
	"github.com/grapevine-gossip/grapevine/internal/agent"
)

func (c *cli) joinCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "join SEED...",
		Short:   "Make the agent join the cluster of a seed",
		Example: "  grapevine join 10.0.0.5:7787\n  grapevine join dns:grapevine.internal:7787",
		Args:    args(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, seeds []string) error {
			if err := agent.CheckSeeds(seeds); err != nil {
				return &failure{exitUsage, err, agent.SeedForms}
			}
			return c.ask(cmd, func(ctx context.Context, cl *client.Client) error {
				if err := cl.Join(ctx, seeds...); err != nil {
					return err
				}
				self, err := cl.Self(ctx)
				if err == nil {
					c.talk("%s", standing(self))
				}
				return err
			})
		},
	}
}
