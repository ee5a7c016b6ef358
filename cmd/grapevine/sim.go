package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/grapevine-gossip/grapevine/internal/scenario"
)

type simFlags struct {
	scenario string
	nodes    string
	loss     string
	latency  string
	duration time.Duration
	seed     uint64
	seeds    int
	set      []string
	out      string
	jobs     int

	swarm int
	plan  string
}

const simLong = `Run the protocol's own code in worlds made of numbers: no sockets, no clock, the same every time for the same seed.

A scenario asks a question: 'grapevine sim list' explains them. It prints the figures; with --out DIR it also writes plots
and a report. Where several values are given, separated by commas, to --nodes, --loss, --latency or --set, each is tried
in the same worlds and the figures stand beside each other. --scenario takes a name or a TOML file:

  scenario = "crash"       # and, as they are needed:
  nodes = 200              # seed, seeds, duration, loss, latency
  [set]
  detector.phi = 6         # 'grapevine sim list' names the settings

With --swarm it draws one extreme world for each seed: a size, a network, computers, settings, and what goes wrong. First
anything may break, and invariants are checked after every step of every member; then everything is whole, and all who
live must agree within a bound. On failure it looks for a smaller world that goes wrong in the same way, prints what happens
there and the command that replays it, and exits 1.`

func (c *cli) simCommand() *cobra.Command {
	var f simFlags
	cmd := &cobra.Command{
		Use:   "sim",
		Short: "Ask a simulated cluster, in virtual time",
		Long:  simLong,
		Example: `  grapevine sim --scenario crash --nodes 1000
  grapevine sim --scenario bootstrap --nodes 10,100,1000 --seeds 20 --out report
  grapevine sim --scenario loss --loss 0,5%,15%,30%
  grapevine sim --scenario crash --set detector.phi=6,8,12
  grapevine sim --swarm 1000 --seed 1`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := untilSignal(cmd.Context())
			defer stop()
			if cmd.Flags().Changed("swarm") || f.plan != "" {
				if err := f.checkSwarm(cmd.Flags().Changed); err != nil {
					return err
				}
				return c.swarm(ctx, f)
			}
			if f.scenario == "" {
				return usagef("grapevine sim list", "say what to run: --scenario NAME, --scenario FILE or --swarm NUMBER")
			}
			run, err := f.run(cmd.Flags().Changed)
			if err != nil {
				return &failure{exitUsage, err, "'grapevine sim list' explains the scenarios and names the settings"}
			}
			return c.simulate(ctx, f, run)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.scenario, "scenario", "", "`NAME` of a scenario, or a file that describes one")
	flags.StringVarP(&f.nodes, "nodes", "n", "", "`NUMBER` of members")
	flags.StringVar(&f.loss, "loss", "", "`SHARE` of the packets that every link loses, such as 2%")
	flags.StringVar(&f.latency, "latency", "", "`TIME` that a packet takes, one way: 40ms, 1ms..5ms, lognormal:5ms:0.5, zones:1ms:40ms")
	flags.DurationVar(&f.duration, "duration", 0, "`TIME` of the part that is measured")
	flags.Uint64Var(&f.seed, "seed", 1, "the `SEED` of the first world; the others follow")
	flags.IntVar(&f.seeds, "seeds", 1, "`NUMBER` of worlds, each with a seed of its own")
	flags.StringArrayVar(&f.set, "set", nil, "`NAME=VALUE` of a setting; may be repeated")
	flags.StringVar(&f.out, "out", "", "`DIRECTORY` for report.html and plots")
	flags.IntVar(&f.jobs, "jobs", runtime.GOMAXPROCS(0), "`NUMBER` of worlds at a time")
	flags.IntVar(&f.swarm, "swarm", 0, "instead of a scenario, the `NUMBER` of worlds to draw")
	flags.StringVar(&f.plan, "plan", "", "`FILE` that describes one world of a swarm, to see it again")
	cmd.AddCommand(c.simListCommand())
	return cmd
}

// checkSwarm checks the flags of a swarm.
func (f *simFlags) checkSwarm(changed func(string) bool) error {
	hint := "grapevine sim --swarm 100 --seed 1"
	if f.plan == "" && f.swarm < 1 {
		return usagef(hint, "--swarm is above 0")
	}
	if f.plan != "" && (changed("swarm") || changed("seed")) {
		return usagef("grapevine sim --plan "+quoted(f.plan), "--plan describes the world: neither --swarm nor --seed goes with it")
	}
	for _, name := range []string{"scenario", "nodes", "loss", "latency", "duration", "seeds", "set", "out"} {
		if changed(name) {
			return usagef(hint, "--%s is for scenarios: the worlds of a swarm are drawn", name)
		}
	}
	return nil
}

// run makes the run that the flags and the file, if there is one, describe. Flags have the last word.
func (f *simFlags) run(changed func(string) bool) (*scenario.Run, error) {
	file, err := f.read()
	if err != nil {
		return nil, err
	}
	s := file.Scenario
	if file.Seed > 0 && !changed("seed") {
		f.seed = file.Seed
	}
	if file.Seeds > 0 && !changed("seeds") {
		f.seeds = file.Seeds
	}
	if f.seeds < 1 || f.jobs < 1 {
		return nil, errors.New("--seeds and --jobs are above 0")
	}
	vs := []scenario.Variation{{Params: file.Params}}
	for _, one := range f.varied(changed) {
		name, value, ok := strings.Cut(one, "=")
		if !ok {
			return nil, fmt.Errorf("--set %q has no '='", one)
		}
		if vs, err = s.Vary(vs, name, strings.Split(value, ",")); err != nil {
			return nil, err
		}
	}
	for i := range vs {
		if err := vs[i].Params.Check(); err != nil {
			return nil, err
		}
	}
	return &scenario.Run{Scenario: s, Variations: vs, Seed: f.seed, Seeds: f.seeds, Parallel: f.jobs}, nil
}

// varied lists what was set by flags, as name=value.
func (f *simFlags) varied(changed func(string) bool) []string {
	var out []string
	for _, one := range [][2]string{{"nodes", f.nodes}, {"loss", f.loss}, {"latency", f.latency}, {"duration", f.duration.String()}} {
		if changed(one[0]) {
			out = append(out, one[0]+"="+one[1])
		}
	}
	return append(out, f.set...)
}

// read finds the scenario by its name or reads the file. What looks like a file is one.
func (f *simFlags) read() (*scenario.File, error) {
	if !strings.ContainsAny(f.scenario, `./\`) {
		s, err := scenario.Find(f.scenario)
		if err != nil {
			return nil, err
		}
		if s.NeedsFile {
			return nil, fmt.Errorf("the scenario %s is told what happens by a file: --scenario FILE.toml", s.Name)
		}
		return &scenario.File{Scenario: s, Params: s.Defaults}, nil
	}
	data, err := os.ReadFile(f.scenario)
	if err != nil {
		return nil, err
	}
	file, err := scenario.ReadFile(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Base(f.scenario), err)
	}
	return file, nil
}

// quoted makes a word for a shell.
func quoted(s string) string {
	if strings.ContainsAny(s, " '\"$&;|<>()*?[]#~`\\!") {
		return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
	}
	return s
}
