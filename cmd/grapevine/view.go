package main

import (
	"context"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/grapevine-gossip/grapevine/httpapi/api"
	"github.com/grapevine-gossip/grapevine/httpapi/client"
)

func (c *cli) viewCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "view",
		Short:   "Show the view, whether all agree on it, and who is waited for",
		Example: "  grapevine view\n  grapevine view -o json",
		Args:    args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.ask(cmd, func(ctx context.Context, cl *client.Client) error {
				body, v, err := fetch[api.View](ctx, cl, "/v1/view", nil)
				if err != nil {
					return err
				}
				return c.show(body, v.Members, viewTable(v))
			})
		},
	}
}

func viewTable(v api.View) table {
	since := "-"
	if v.Stable {
		since = span(v.StableForMS)
	}
	return table{
		head: []string{"ID", "MEMBERS", "STABLE", "FOR", "WAITING-FOR", "NAMES"},
		rows: [][]string{{
			v.ID, strconv.Itoa(v.Size), yesNo(v.Stable), since, orDash(strings.Join(v.WaitingFor, ",")), strings.Join(v.Members, ","),
		}},
		wideFrom: 5,
	}
}
