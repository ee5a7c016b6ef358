package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/grapevine-gossip/grapevine/httpapi/api"
	"github.com/grapevine-gossip/grapevine/internal/agent"
	"github.com/grapevine-gossip/grapevine/internal/settings"
)

func (c *cli) agentCommand() *cobra.Command {
	var o agent.Options
	cmd := &cobra.Command{
		Use:   "agent",
		Short: "Run a member of a cluster",
		Long: `Run a member of a cluster, with an HTTP API for programs beside it.

INT and TERM make it leave gracefully; a second signal ends it at once with exit code 1. HUP and POST /v1/reload read
tags, seeds, log level and token again. After 'grapevine leave' it exits with 0.`,
		Example: `  grapevine agent --name n1
  grapevine agent --name n2 --bind 127.0.0.1:7797 --http 127.0.0.1:7798 --seed 127.0.0.1:7787
  grapevine agent --config /etc/grapevine.toml`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c.complete(&o)
			return c.startAgent(cmd.Context(), o)
		},
	}
	o.AddFlags(cmd.Flags())
	return cmd
}

// complete copies the flags that all commands share, and leaves to the preset what nobody set.
func (c *cli) complete(o *agent.Options) {
	o.TokenFile, o.TLSCert, o.TLSKey, o.NoColor = c.tokenFile, c.tlsCert, c.tlsKey, c.noColor
	for _, s := range c.resolved {
		switch {
		case s.Source != settings.FromDefault:
		case s.Key == "phi":
			o.Phi = 0
		case s.Key == "interval":
			o.Interval = 0
		}
	}
}

func (c *cli) runAgent(ctx context.Context, o agent.Options) error {
	return agentFailure(agent.Run(ctx, agent.Params{
		Options:  o,
		Settings: agentSettings(c.resolved),
		Reload:   c.reload,
		Log:      c.err,
	}))
}

// reload resolves the agent's settings once more: the same command line, the file as it is now.
func (c *cli) reload() (agent.Options, []api.Setting, error) {
	var got agent.Options
	again := &cli{in: c.in, out: c.out, err: c.err, environ: c.environ}
	again.startAgent = func(_ context.Context, o agent.Options) error {
		got = o
		return nil
	}
	root := again.root()
	root.SetArgs(c.args)
	err := root.Execute()
	return got, agentSettings(again.resolved), err
}

// agentFailure gives the agent's errors their exit codes.
func agentFailure(err error) error {
	if err == nil {
		return nil
	}
	if usage, ok := errors.AsType[*agent.UsageError](err); ok {
		return &failure{exitUsage, err, usage.Hint}
	}
	if run, ok := errors.AsType[*agent.RunError](err); ok {
		return &failure{exitError, err, run.Hint}
	}
	return err
}
