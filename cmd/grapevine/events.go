package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/grapevine-gossip/grapevine/httpapi/api"
	"github.com/grapevine-gossip/grapevine/httpapi/client"
)

func (c *cli) eventsCommand() *cobra.Command {
	var follow bool
	var types []string
	cmd := &cobra.Command{
		Use:   "events",
		Short: "Print recent events; -f waits for more",
		Long: `Print the events that the agent still remembers. With -f also those that follow, until interrupted.

Types: member.joined, .discovered_failed, .suspected, .cleared, .failed, .returned, .left, .updated, .forgotten;
kv.set, kv.deleted; node.rejoined; view.stabilized, view.destabilized; name.conflict; snapshot, lagged.`,
		Example: "  grapevine events -f --type member\n  grapevine events -o json",
		Args:    args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			start := uint64(0)
			q := client.EventsQuery{Types: types, Since: &start, Stop: !follow}
			if !follow {
				return c.ask(cmd, func(ctx context.Context, cl *client.Client) error {
					return c.printEvents(ctx, cl, q, "", eventLine)
				})
			}
			return c.follow(cmd, func(ctx context.Context, cl *client.Client) error {
				return c.printEvents(ctx, cl, q, "", eventLine)
			})
		},
	}
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "wait for more")
	cmd.Flags().StringSliceVar(&types, "type", nil, "only types that begin with `PREFIX`; may be repeated")
	return cmd
}

// printEvents prints a stream, a line each; in JSON as it comes.
func (c *cli) printEvents(ctx context.Context, cl *client.Client, q client.EventsQuery, hello string, line func(client.Event) string) error {
	events, err := cl.Events(ctx, q)
	if err != nil {
		return err
	}
	if hello != "" {
		c.talk("%s", hello)
	}
	for e, err := range events {
		if err != nil {
			return err
		}
		switch c.output {
		case "json":
			_, err = fmt.Fprintf(c.out, "%s\n", e.Line)
		case "name":
			_, err = fmt.Fprintln(c.out, strings.TrimSpace(e.Type+" "+e.Node))
		default:
			_, err = fmt.Fprintln(c.out, line(e))
		}
		if err != nil {
			return err
		}
	}
	return context.Cause(ctx)
}

// eventLine is one event in a line.
func eventLine(e client.Event) string {
	subject := e.Node
	if e.Key != "" {
		subject += "/" + printable(e.Key)
	}
	if strings.HasPrefix(e.Type, "view.") {
		subject = e.ID
	}
	return strings.TrimRight(fmt.Sprintf("%s  %-24s %-16s %s", localTime(e.Time), e.Type, subject, eventDetail(e)), " ")
}

func eventDetail(e client.Event) string {
	switch e.Type {
	case "member.joined", "member.updated":
		return strings.TrimSuffix(e.Addr+" "+tagList(e.Tags), " -")
	case "member.failed", "member.suspected":
		return accusers(e.Accusers)
	case "member.returned":
		if e.Restarted != nil && *e.Restarted {
			return "as a new process at " + e.Addr
		}
		return "at " + e.Addr
	case "kv.set":
		k := api.Key{Value: e.Value, ValueBase64: e.ValueBase64}
		return "= " + brief(string(k.Bytes()), 60)
	case "node.rejoined":
		return rejoinDetail(e)
	case "view.stabilized":
		return plural(len(e.Names), "member")
	case "snapshot":
		return plural(len(e.Members), "member") + ", " + plural(len(e.Keys), "key")
	case "lagged":
		return fmt.Sprintf("%d events missed", e.Missed)
	default:
		return printable(strings.TrimSpace(e.Cause + " " + e.Reason))
	}
}

func accusers(all []api.Accuser) string {
	var out []string
	for _, a := range all {
		out = append(out, fmt.Sprintf("%s (phi %.1f)", a.Node, a.Phi))
	}
	if len(out) == 0 {
		return ""
	}
	return "accused by " + strings.Join(out, ", ")
}

func rejoinDetail(e client.Event) string {
	if e.MembersBefore == nil || e.MembersAfter == nil {
		return printable(e.Reason)
	}
	return fmt.Sprintf("%s; %d members before, %d now", printable(e.Reason), *e.MembersBefore, *e.MembersAfter)
}
