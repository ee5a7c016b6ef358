package main

import (
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/grapevine-gossip/grapevine/httpapi/api"
	"github.com/grapevine-gossip/grapevine/httpapi/client"
)

func (c *cli) statusCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "status",
		Short:   "Say how the agent stands in the cluster",
		Example: "  grapevine status\n  grapevine status -o json",
		Args:    args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.ask(cmd, func(ctx context.Context, cl *client.Client) error {
				body, self, err := fetch[api.Self](ctx, cl, "/v1/self", nil)
				if err != nil {
					return err
				}
				if c.output == "table" || c.output == "wide" {
					fmt.Fprintln(c.out, standing(self))
				}
				return c.show(body, []string{self.Name}, statusTable(self))
			})
		},
	}
}

// standing is the sentence of status.
func standing(s api.Self) string {
	var text string
	switch s.Standing {
	case "member":
		text = fmt.Sprintf("%s is a member of cluster %s, which has %s", s.Name, s.Cluster, plural(s.View.Size, "member"))
		if s.View.Stable {
			return text + " and is stable."
		}
		return text + " and is not stable yet."
	case "alone":
		text = fmt.Sprintf("%s is alone in cluster %s", s.Name, s.Cluster)
	case "rejoining":
		text = fmt.Sprintf("%s is joining the other members of cluster %s", s.Name, s.Cluster)
	case "waiting":
		text = fmt.Sprintf("%s is kept out of cluster %s for now", s.Name, s.Cluster)
	case "superseded":
		text = fmt.Sprintf("another process has taken the name %s in cluster %s", s.Name, s.Cluster)
	default:
		text = fmt.Sprintf("%s: %s cluster %s", s.Name, s.Standing, s.Cluster)
	}
	if s.Reason != "" {
		text += ": " + printable(s.Reason)
	}
	if s.RetryInMS != nil {
		text += ", tries again in " + span(*s.RetryInMS)
	}
	return text + "."
}

func statusTable(s api.Self) table {
	t := table{head: []string{"NAME", "ADDR", "STANDING", "MEMBERS", "STABLE", "GENERATION", "INCARNATION", "BACKLOG", "UPTIME", "VIEW"}, wideFrom: 7}
	t.rows = [][]string{{
		s.Name, s.Addr, s.Standing, strconv.Itoa(s.View.Size), yesNo(s.View.Stable), strconv.FormatUint(s.Generation, 10),
		strconv.FormatUint(s.Incarnation, 10), span(s.BacklogMS), span(s.UptimeMS), s.View.ID,
	}}
	return t
}
