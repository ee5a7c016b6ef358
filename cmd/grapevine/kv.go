package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/grapevine-gossip/grapevine/httpapi/api"
	"github.com/grapevine-gossip/grapevine/httpapi/client"
)

func (c *cli) kvCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "kv",
		Short: "Write this agent's keys, read everybody's",
		Example: `  grapevine kv put colour blue
  grapevine kv get n1 colour
  grapevine kv ls --prefix col`,
		Args: cobra.ArbitraryArgs,
		RunE: c.group,
	}
	cmd.AddCommand(c.kvPutCommand(), c.kvGetCommand(), c.kvDelCommand(), c.kvListCommand(), c.kvWatchCommand())
	return cmd
}

// maxStdin bounds what put reads: the agent says what its limit is, this only keeps an endless stream out of memory.
const maxStdin = 64 << 20

func (c *cli) kvPutCommand() *cobra.Command {
	var o client.PutOptions
	cmd := &cobra.Command{
		Use:     "put KEY VALUE|-",
		Short:   "Write one of the agent's keys; - reads the value from stdin",
		Example: "  grapevine kv put colour blue\n  grapevine kv put lease n7 --ttl 30s\n  grapevine kv put config - < config.json",
		Args:    args(cobra.ExactArgs(2)),
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.TTL < 0 {
				return usagef("a time to live is above zero, such as --ttl 30s", "--ttl %v is negative", o.TTL)
			}
			value := []byte(args[1])
			if args[1] == "-" {
				var err error
				if value, err = io.ReadAll(io.LimitReader(c.in, maxStdin)); err != nil {
					return err
				}
			}
			return c.ask(cmd, func(ctx context.Context, cl *client.Client) error {
				version, err := cl.Put(ctx, args[0], value, o)
				if err == nil {
					c.talk("%s is at version %d", args[0], version)
				}
				return err
			})
		},
	}
	cmd.Flags().DurationVar(&o.TTL, "ttl", 0, "delete the key after this `TIME`; 0 keeps it")
	return cmd
}

func (c *cli) kvGetCommand() *cobra.Command {
	return &cobra.Command{
		Use:               "get NODE KEY",
		Short:             "Print a value, as it is",
		Example:           "  grapevine kv get n1 colour\n  grapevine kv get self colour",
		Args:              args(cobra.ExactArgs(2)),
		ValidArgsFunction: c.completeMembers,
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.ask(cmd, func(ctx context.Context, cl *client.Client) error {
				value, _, err := cl.Get(ctx, args[0], args[1])
				if err == nil {
					_, err = c.out.Write(value)
				}
				return err
			})
		},
	}
}

func (c *cli) kvDelCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "del KEY",
		Short:   "Delete one of the agent's keys",
		Example: "  grapevine kv del colour",
		Args:    args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.ask(cmd, func(ctx context.Context, cl *client.Client) error {
				return cl.Delete(ctx, args[0], nil)
			})
		},
	}
}

func (c *cli) kvListCommand() *cobra.Command {
	var q client.KeysQuery
	cmd := &cobra.Command{
		Use:               "ls [NODE]",
		Short:             "List keys and values",
		Example:           "  grapevine kv ls\n  grapevine kv ls n1 --prefix col",
		Args:              args(cobra.MaximumNArgs(1)),
		ValidArgsFunction: c.completeMembers,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				q.Node = args[0]
			}
			return c.ask(cmd, func(ctx context.Context, cl *client.Client) error {
				body, keys, err := fetch[api.Keys](ctx, cl, "/v1/kv", q.Values())
				if err != nil {
					return err
				}
				t := table{head: []string{"NODE", "KEY", "VERSION", "SIZE", "VALUE", "AGE"}, wideFrom: 5}
				var names []string
				for _, k := range keys.Keys {
					names = append(names, k.Node+"/"+k.Key)
					t.rows = append(t.rows, []string{
						k.Node, printable(k.Key), strconv.FormatUint(k.Version, 10), strconv.Itoa(k.Size),
						brief(string(k.Bytes()), 60), span(k.AgeMS),
					})
				}
				return c.show(body, names, t)
			})
		},
	}
	cmd.Flags().StringVar(&q.Prefix, "prefix", "", "only keys that begin with `TEXT`")
	return cmd
}

func (c *cli) kvWatchCommand() *cobra.Command {
	var prefix string
	cmd := &cobra.Command{
		Use:     "watch",
		Short:   "Print every change of a key as it arrives",
		Example: "  grapevine kv watch --prefix col",
		Args:    args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.follow(cmd, func(ctx context.Context, cl *client.Client) error {
				q := client.EventsQuery{Types: []string{"kv.", "lagged", "snapshot"}, Prefix: prefix}
				return c.printEvents(ctx, cl, q, "watching; end with Ctrl-C", kvLine)
			})
		},
	}
	cmd.Flags().StringVar(&prefix, "prefix", "", "only keys that begin with `TEXT`")
	return cmd
}

// kvLine is one change in a line.
func kvLine(e client.Event) string {
	k := api.Key{Value: e.Value, ValueBase64: e.ValueBase64}
	at := localTime(e.Time)
	switch e.Type {
	case "kv.set":
		return fmt.Sprintf("%s  %s/%s = %s", at, e.Node, printable(e.Key), brief(string(k.Bytes()), 200))
	case "kv.deleted":
		return fmt.Sprintf("%s  %s/%s deleted", at, e.Node, printable(e.Key))
	default:
		return eventLine(e)
	}
}

func localTime(s string) string {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return s
	}
	return t.Local().Format("15:04:05.000")
}
