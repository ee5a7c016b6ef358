package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/grapevine-gossip/grapevine/internal/agent"
	"github.com/grapevine-gossip/grapevine/internal/settings"
)

// cli is one run of the program.
type cli struct {
	in       io.Reader
	out, err io.Writer
	environ  []string

	addr, tokenFile, output, config string
	tlsCert, tlsKey, tlsCA          string
	timeout                         time.Duration
	noColor, quiet                  bool

	args       []string
	resolved   []settings.Setting                         // of the command that runs
	startAgent func(context.Context, agent.Options) error // replaced where only the settings are wanted
}

const rootLong = `Grapevine finds the members of a cluster by gossip, shares what they say, notices who has gone,
and tells when everyone agrees.

Every flag can also be set by the variable GRAPEVINE_<FLAG> and in the TOML file of --config: the agent's and the
global ones by their names, those of another command in a table with its name.

Exit codes: 0 ok, 1 error, 2 usage, 3 agent unreachable, 4 not found, 5 condition false or timed out,
6 denied or not the owner, 130 interrupted.`

const rootExample = `  grapevine agent --name n1
  grapevine agent --name n2 --bind 127.0.0.1:7797 --http 127.0.0.1:7798 --seed 127.0.0.1:7787
  grapevine members
  grapevine kv put colour blue
  grapevine --addr http://127.0.0.1:7798 kv get n1 colour`

func (c *cli) root() *cobra.Command {
	root := &cobra.Command{
		Use:           "grapevine",
		Short:         "Gossip clustering: members, their keys, failures and agreement",
		Long:          rootLong,
		Example:       rootExample,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.ArbitraryArgs,
		RunE:          c.group,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			return c.resolve(cmd)
		},
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	f := root.PersistentFlags()
	f.StringVar(&c.addr, "addr", "http://127.0.0.1:7788", "the agent to ask: `URL` or unix:PATH")
	f.StringVar(&c.tokenFile, "token-file", "", "`FILE` with the bearer token of the HTTP API")
	f.StringVarP(&c.output, "output", "o", "table", "`FORMAT` of the output: table, wide, json or name")
	f.DurationVar(&c.timeout, "timeout", 5*time.Second, "give up after this `TIME` without an answer")
	f.BoolVar(&c.noColor, "no-color", false, "no colours, also set by NO_COLOR")
	f.BoolVarP(&c.quiet, "quiet", "q", false, "print data and errors only")
	f.StringVar(&c.config, "config", "", "TOML `FILE` with settings")
	f.StringVar(&c.tlsCert, "tls-cert", "", "certificate `FILE`: the agent's for its HTTP API, otherwise this client's own")
	f.StringVar(&c.tlsKey, "tls-key", "", "key `FILE` of --tls-cert")
	f.StringVar(&c.tlsCA, "tls-ca", "", "`FILE` with the authorities that sign agents' certificates, besides the system's")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return &failure{exitUsage, err, fmt.Sprintf("'%s --help' lists the flags", cmd.CommandPath())}
	})
	root.AddCommand(
		c.agentCommand(), c.demoCommand(), c.benchCommand(), c.simCommand(),
		c.statusCommand(), c.membersCommand(), c.viewCommand(), c.phiCommand(),
		c.kvCommand(), c.eventsCommand(), c.waitCommand(), c.checkCommand(),
		c.joinCommand(), c.leaveCommand(), c.forgetCommand(), c.tagsCommand(),
		c.decodeCommand(), c.configCommand(), c.versionCommand(), c.completionCommand(),
	)
	return root
}

// run executes one command line and returns the exit code.
func (c *cli) run(ctx context.Context, args []string) int {
	c.args, c.startAgent = args, c.runAgent
	root := c.root()
	root.SetArgs(args)
	root.SetIn(c.in)
	root.SetOut(c.out)
	root.SetErr(c.err)
	if err := root.ExecuteContext(ctx); err != nil {
		f := classify(err)
		c.complain(f)
		return f.code
	}
	return exitOK
}

// group is the action of a command that only holds others.
func (c *cli) group(cmd *cobra.Command, args []string) error {
	path := cmd.CommandPath()
	if len(args) > 0 {
		hint := fmt.Sprintf("'%s --help' lists the commands", path)
		cmd.SuggestionsMinimumDistance = 2
		if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
			hint = fmt.Sprintf("'%s %s'; %s", path, near[0], hint)
		}
		return usagef(hint, "unknown command %q for %q", args[0], path)
	}
	if cmd.HasParent() {
		return usagef(fmt.Sprintf("'%s --help' lists them", path), "%q needs a command", path)
	}
	return cmd.Help()
}

// resolve fills the flags that were not given from the environment and the file.
func (c *cli) resolve(cmd *cobra.Command) error {
	for _, kv := range c.environ {
		if v, ok := strings.CutPrefix(kv, settings.EnvName("config")+"="); ok && !cmd.Flags().Changed("config") {
			c.config = v
		}
		if v, ok := strings.CutPrefix(kv, "NO_COLOR="); ok && v != "" {
			c.noColor = true
		}
	}
	keys, known := fileKeys(cmd)
	all, err := settings.Resolve(settings.Input{Flags: cmd.Flags(), Keys: keys, Known: known, File: c.config, Environ: c.environ})
	if err != nil {
		return err
	}
	c.resolved = all
	switch c.output {
	case "table", "wide", "json", "name":
		return nil
	}
	return usagef("one of table, wide, json, name", "output format %q is not known", c.output)
}

// notInFile are flags that make no sense in the file itself.
var notInFile = map[string]bool{"config": true, "help": true}

// fileKeys returns the key of each of the command's flags in the file, and the keys of all commands: an agent and its
// clients can share one file.
func fileKeys(cmd *cobra.Command) (map[string]string, []string) {
	keys := map[string]string{}
	var known []string
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		c.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if notInFile[f.Name] {
				return
			}
			key := fileKey(c, f.Name)
			known = append(known, key)
			if c == cmd {
				keys[f.Name] = key
			}
		})
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(cmd.Root())
	cmd.InheritedFlags().VisitAll(func(f *pflag.Flag) {
		if !notInFile[f.Name] {
			keys[f.Name] = f.Name
		}
	})
	return keys, known
}

// fileKey puts a command's own flags in a table; those of the agent and its config commands are at the top.
func fileKey(c *cobra.Command, flag string) string {
	path := strings.Fields(c.CommandPath())[1:]
	if len(path) == 0 || path[0] == "agent" || path[0] == "config" {
		return flag
	}
	return strings.Join(append(path, flag), ".")
}

// args makes a wrong number of arguments a usage error.
func args(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, got []string) error {
		if err := check(cmd, got); err != nil {
			return &failure{exitUsage, err, "usage: " + cmd.UseLine()}
		}
		return nil
	}
}

// interruptible is for the commands of a client: they end at once on a signal.
func interruptible(cmd *cobra.Command) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(cmd.Context())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt)
	go func() {
		select {
		case <-signals:
			cancel(errInterrupted)
		case <-ctx.Done():
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		cancel(context.Canceled)
	}
}

// orInterrupted prefers the reason why ctx ended over the error that this caused.
func orInterrupted(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); errors.Is(cause, errInterrupted) {
		return cause
	}
	return err
}
