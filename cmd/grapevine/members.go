package main

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/grapevine-gossip/grapevine/httpapi/api"
	"github.com/grapevine-gossip/grapevine/httpapi/client"
)

func (c *cli) membersCommand() *cobra.Command {
	var q client.MembersQuery
	var watch bool
	cmd := &cobra.Command{
		Use:   "members",
		Short: "List the members",
		Long:  "List the view and those that failed or left within an hour.",
		Example: `  grapevine members
  grapevine members -w
  grapevine members --state failed --tag zone=a -o wide`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if watch {
				return c.watchMembers(cmd, q)
			}
			return c.ask(cmd, func(ctx context.Context, cl *client.Client) error {
				body, m, err := fetch[api.Members](ctx, cl, "/v1/members", q.Values())
				if err != nil {
					return err
				}
				return c.show(body, memberNames(m.Members), membersTable(m.Members))
			})
		},
	}
	cmd.Flags().BoolVarP(&watch, "watch", "w", false, "keep running and print every member that changes")
	cmd.Flags().StringSliceVar(&q.State, "state", nil, "only members in this `STATE`: alive, suspect, failed, leaving, left")
	cmd.Flags().StringArrayVar(&q.Tags, "tag", nil, "only members with this tag, `k=v`; may be repeated")
	cmd.Flags().BoolVar(&q.All, "all", false, "also those that ended longer than an hour ago")
	return cmd
}

func memberNames(members []api.Member) []string {
	names := make([]string, len(members))
	for i, m := range members {
		names[i] = m.Name
	}
	return names
}

func membersTable(members []api.Member) table {
	t := table{head: []string{"NAME", "ADDR", "STATE", "GENERATION", "INCARNATION", "PHI", "KEYS", "TAGS", "RTT", "ENDED", "CAUSE", "FAILURES", "ADMITTED"}, wideFrom: 8}
	for _, m := range members {
		phi := "-"
		if m.Phi != nil {
			phi = strconv.FormatFloat(*m.Phi, 'f', 1, 64)
		}
		ended, admitted := "-", "-"
		if m.EndedForMS != nil {
			ended = span(*m.EndedForMS) + " ago"
		}
		if m.AdmittedAfterMS != nil {
			admitted = "in " + span(*m.AdmittedAfterMS)
		}
		t.rows = append(t.rows, []string{
			m.Name, m.Addr, m.State, strconv.FormatUint(m.Generation, 10), strconv.FormatUint(m.Incarnation, 10), phi,
			strconv.Itoa(m.Keys), tagList(m.Tags), millis(m.RTTMS), ended, orDash(m.Cause), strconv.Itoa(m.Failures), admitted,
		})
	}
	return t
}

func tagList(tags map[string]string) string {
	var out []string
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		out = append(out, brief(k+"="+tags[k], 40))
	}
	return orDash(strings.Join(out, ","))
}

// watchMembers prints the members and then each one again that an event is about. The events are asked for first, so
// that nothing is missed between the two.
func (c *cli) watchMembers(cmd *cobra.Command, q client.MembersQuery) error {
	return c.follow(cmd, func(ctx context.Context, cl *client.Client) error {
		events, err := cl.Events(ctx, client.EventsQuery{Types: []string{"member."}})
		if err != nil {
			return err
		}
		m, err := cl.Members(ctx, q)
		if err != nil {
			return err
		}
		if err := c.showMembers(m.Members); err != nil {
			return err
		}
		for e, err := range events {
			if err != nil {
				return err
			}
			changed, err := memberAfter(ctx, cl, e, q)
			if err == nil && changed != nil {
				err = c.showMembers([]api.Member{*changed})
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// memberAfter returns whom an event is about, as it is now; nil if it is gone or not selected.
func memberAfter(ctx context.Context, cl *client.Client, e client.Event, q client.MembersQuery) (*api.Member, error) {
	if e.Node == "" {
		return nil, nil
	}
	m, err := cl.Member(ctx, e.Node)
	if answer, ok := errors.AsType[*client.Error](err); ok && answer.Status == http.StatusNotFound {
		return nil, nil
	}
	if err != nil || len(q.State) > 0 && !slices.Contains(q.State, m.State) {
		return nil, err
	}
	for _, want := range q.Tags {
		if k, v, _ := strings.Cut(want, "="); m.Tags[k] != v {
			return nil, nil
		}
	}
	return &m, nil
}

// showMembers prints members of a stream: a line each in JSON.
func (c *cli) showMembers(members []api.Member) error {
	if c.output != "json" {
		return c.show(nil, memberNames(members), membersTable(members))
	}
	for _, m := range members {
		line, err := json.Marshal(m)
		if err != nil {
			return err
		}
		if err := c.show(line, nil, table{}); err != nil {
			return err
		}
	}
	return nil
}
