package main

import (
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/grapevine-gossip/grapevine/httpapi/api"
	"github.com/grapevine-gossip/grapevine/httpapi/client"
)

func (c *cli) phiCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "phi",
		Short:   "Show what the agent measures of the members it watches",
		Long:    "Show, for each member that this one watches: phi, the loss both ways, answer times and probes outstanding.",
		Example: "  grapevine phi",
		Args:    args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.ask(cmd, func(ctx context.Context, cl *client.Client) error {
				body, p, err := fetch[api.Phi](ctx, cl, "/v1/phi", nil)
				if err != nil {
					return err
				}
				t := table{head: []string{"NAME", "PHI", "LOSS-TO", "LOSS-FROM", "P50", "P99", "OUTSTANDING"}}
				var names []string
				for _, e := range p.Peers {
					names = append(names, e.Name)
					t.rows = append(t.rows, []string{
						e.Name, strconv.FormatFloat(e.Phi, 'f', 1, 64), percent(e.LossTo), percent(e.LossFrom),
						millis(e.P50MS), millis(e.P99MS), strconv.Itoa(e.Outstanding),
					})
				}
				return c.show(body, names, t)
			})
		},
	}
}

func percent(share float64) string { return fmt.Sprintf("%.1f%%", 100*share) }
