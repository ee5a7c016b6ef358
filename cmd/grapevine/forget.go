package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/grapevine-gossip/grapevine/httpapi/client"
)

func (c *cli) forgetCommand() *cobra.Command {
	return &cobra.Command{
		Use:               "forget NAME",
		Short:             "Remove a member that has failed or left, with its keys, everywhere",
		Example:           "  grapevine forget n7",
		Args:              args(cobra.ExactArgs(1)),
		ValidArgsFunction: c.completeMembers,
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.ask(cmd, func(ctx context.Context, cl *client.Client) error {
				return cl.Forget(ctx, args[0])
			})
		},
	}
}
