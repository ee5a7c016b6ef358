package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/grapevine-gossip/grapevine/httpapi/client"
)

func (c *cli) leaveCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "leave",
		Short:   "Make the agent leave the cluster and exit",
		Long:    "Make the agent say goodbye to the other members, who list it as left at once, and exit.",
		Example: "  grapevine leave --addr http://127.0.0.1:7798",
		Args:    args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.ask(cmd, func(ctx context.Context, cl *client.Client) error {
				err := cl.Leave(ctx)
				if err == nil {
					c.talk("the agent has left the cluster")
				}
				return err
			})
		},
	}
}
