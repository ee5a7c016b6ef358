package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/grapevine-gossip/grapevine/httpapi/api"
	"github.com/grapevine-gossip/grapevine/httpapi/client"
)

// waitPoll is the pause between two looks.
const waitPoll = 100 * time.Millisecond

// conditions are what wait waits for, all together.
type conditions struct {
	members int
	stable  bool
	keys    []keyCondition
}

type keyCondition struct {
	node, key string
	value     *string // nil: any
}

func (c *cli) waitCommand() *cobra.Command {
	var want conditions
	var keys []string
	cmd := &cobra.Command{
		Use:   "wait",
		Short: "Wait until conditions hold",
		Long: `Wait until all given conditions hold at once; without any, until the agent answers.

An agent that does not answer yet is tried again until the timeout. Exit 3 if it never answered, 5 if a condition is
still false.`,
		Example: `  grapevine wait --members 3 --stable
  grapevine wait --key n1/colour=blue --timeout 10s`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			var err error
			if want.keys, err = keyConditions(keys); err != nil {
				return err
			}
			return c.follow(cmd, func(ctx context.Context, cl *client.Client) error {
				return c.waitFor(ctx, cl, want)
			})
		},
	}
	cmd.Flags().IntVar(&want.members, "members", 0, "at least `N` members in the view")
	cmd.Flags().BoolVar(&want.stable, "stable", false, "the view is stable: all its members have held it at one moment")
	cmd.Flags().StringArrayVar(&keys, "key", nil, "`NODE/KEY[=VALUE]` is there; may be repeated")
	cmd.Flags().DurationVar(&c.timeout, "timeout", 30*time.Second, "give up after this `TIME`")
	return cmd
}

func keyConditions(given []string) ([]keyCondition, error) {
	var out []keyCondition
	for _, g := range given {
		name, value, hasValue := strings.Cut(g, "=")
		node, key, ok := strings.Cut(name, "/")
		if !ok || node == "" || key == "" {
			return nil, usagef("--key n1/colour or --key n1/colour=blue", "--key %q is not NODE/KEY[=VALUE]", g)
		}
		k := keyCondition{node: node, key: key}
		if hasValue {
			k.value = &value
		}
		out = append(out, k)
	}
	return out, nil
}

func (c *cli) waitFor(ctx context.Context, cl *client.Client, want conditions) error {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	pause := time.NewTicker(waitPoll)
	defer pause.Stop()
	missing := ""
	var lost error
	for {
		not, body, err := want.missing(ctx, cl)
		var unreached *client.Unreachable
		switch {
		case err == nil && not == "":
			if c.output == "json" {
				return c.show(body, nil, table{})
			}
			return nil
		case err == nil:
			missing = not
		case ctx.Err() == nil && !errors.As(err, &unreached):
			return err
		case ctx.Err() == nil:
			lost = err
		}
		select {
		case <-pause.C:
		case <-ctx.Done():
			return timedOut(ctx, c.timeout, missing, lost)
		}
	}
}

func timedOut(ctx context.Context, after time.Duration, missing string, lost error) error {
	if cause := context.Cause(ctx); errors.Is(cause, errInterrupted) {
		return cause
	}
	if missing != "" {
		return &failure{exitFalse, fmt.Errorf("not within %v: %s", after, missing), "'grapevine members' and 'grapevine view' show what is there; wait longer with --timeout"}
	}
	if lost == nil {
		lost = errors.New("no agent answered in time")
	}
	return &failure{exitUnreachable, fmt.Errorf("within %v: %w", after, lost), "start it with 'grapevine agent', or name another one with --addr"}
}

// missing says what does not hold yet; "" if all does. The body is the view's.
func (w conditions) missing(ctx context.Context, cl *client.Client) (string, []byte, error) {
	body, v, err := fetch[api.View](ctx, cl, "/v1/view", nil)
	if err != nil {
		return "", nil, err
	}
	var not []string
	if v.Size < w.members {
		not = append(not, fmt.Sprintf("%s in the view, not %d", plural(v.Size, "member"), w.members))
	}
	if w.stable && !v.Stable {
		not = append(not, unstable(v))
	}
	for _, k := range w.keys {
		text, err := k.missing(ctx, cl)
		if err != nil {
			return "", nil, err
		}
		if text != "" {
			not = append(not, text)
		}
	}
	return strings.Join(not, "; "), body, nil
}

func unstable(v api.View) string {
	if len(v.WaitingFor) > 0 {
		return "the view is not stable, it waits for " + strings.Join(v.WaitingFor, ", ")
	}
	return "the view is not stable"
}

func (k keyCondition) missing(ctx context.Context, cl *client.Client) (string, error) {
	value, _, err := cl.Get(ctx, k.node, k.key)
	if answer, ok := errors.AsType[*client.Error](err); ok && answer.Status == http.StatusNotFound {
		return fmt.Sprintf("no key %s/%s", k.node, printable(k.key)), nil
	}
	if err != nil {
		return "", err
	}
	if k.value != nil && string(value) != *k.value {
		return fmt.Sprintf("%s/%s is %s, not %s", k.node, printable(k.key), brief(string(value), 60), brief(*k.value, 60)), nil
	}
	return "", nil
}
