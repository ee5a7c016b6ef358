// Command bench lets Grapevine, memberlist and serf go through the same scenarios on this machine, over UDP and TCP on
// loopback, and prints what each needed. README.md has the rules.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/grapevine-gossip/grapevine/bench/internal/cluster"
	"github.com/grapevine-gossip/grapevine/bench/internal/play"
	"github.com/grapevine-gossip/grapevine/bench/internal/report"
)

type options struct {
	n         int
	quick     bool
	reps      int
	within    time.Duration
	scenarios []play.Scenario
	columns   []cluster.Library
	output    string
	resume    string
	plots     string
	from      string
	one       string // a single run, in this process
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	o, err := parse(os.Args[1:])
	switch {
	case err != nil:
	case o.one != "":
		err = single(ctx, o)
	case o.from != "":
		err = replot(o)
	default:
		err = all(ctx, o)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func parse(args []string) (options, error) {
	var o options
	var scenarios, columns string
	f := flag.NewFlagSet("bench", flag.ExitOnError)
	f.IntVar(&o.n, "n", 101, "members")
	f.BoolVar(&o.quick, "quick", false, "one run of each, short windows, neither loss nor partition")
	f.IntVar(&o.reps, "runs", 0, "runs of each; default 1 if quick, otherwise 5, and 3 of the long ones, as far as -within allows")
	f.DurationVar(&o.within, "within", 55*time.Minute, fmt.Sprintf("from %d members on, without -runs: after one run of each, further "+
		"ones that are expected to end within this `time`; 0: none", large))
	f.StringVar(&scenarios, "scenarios", "", "of "+strings.Join(names(play.Scenarios, scenarioName), ",")+"; default all")
	f.StringVar(&columns, "columns", "", "of "+strings.Join(names(cluster.Libraries, libraryName), ",")+"; default all")
	f.StringVar(&o.output, "o", "text", "text, json or markdown")
	f.StringVar(&o.resume, "resume", "", "append results to this file, and don't repeat the runs that it has")
	f.StringVar(&o.plots, "plots", "", "write report.html and a picture of each plot to this directory")
	f.StringVar(&o.from, "from", "", "run nothing: plot what -o json printed, or what -resume kept of -n members")
	f.StringVar(&o.one, "one", "", "scenarios,column: a single run, its results as JSON; how the program calls itself")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if o.n < 3 || o.n > 5000 {
		return o, fmt.Errorf("-n %d: from 3 to 5000", o.n)
	}
	if o.from != "" && o.plots == "" {
		return o, errors.New("-from: say where to with -plots")
	}
	if o.output != "text" && o.output != "json" && o.output != "markdown" {
		return o, fmt.Errorf("-o %s: text, json or markdown", o.output)
	}
	var err error
	if o.scenarios, err = pick("scenarios", play.Scenarios, scenarioName, scenarios); err != nil {
		return o, err
	}
	if scenarios == "" && o.quick {
		o.scenarios = quickOnes()
	}
	o.columns, err = pick("columns", cluster.Libraries, libraryName, columns)
	return o, err
}

func scenarioName(s play.Scenario) string  { return s.Name }
func libraryName(l cluster.Library) string { return l.Name }

func names[T any](all []T, name func(T) string) []string {
	var out []string
	for _, t := range all {
		out = append(out, name(t))
	}
	return out
}

// pick chooses by a list of names; all if it is empty.
func pick[T any](what string, all []T, name func(T) string, list string) ([]T, error) {
	if list == "" {
		return all, nil
	}
	var out []T
next:
	for _, want := range strings.Split(list, ",") {
		for _, t := range all {
			if name(t) == want {
				out = append(out, t)
				continue next
			}
		}
		return nil, fmt.Errorf("-%s: %q is none of %s", what, want, strings.Join(names(all, name), ", "))
	}
	return out, nil
}

func quickOnes() []play.Scenario {
	var out []play.Scenario
	for _, s := range play.Scenarios {
		if s.Quick {
			out = append(out, s)
		}
	}
	return out
}

// single makes the one run that the parent asked for: scenarios separated by '+', and a column.
func single(ctx context.Context, o options) error {
	scenarios, column, _ := strings.Cut(o.one, ",")
	s, err := pick("one", play.Scenarios, scenarioName, strings.ReplaceAll(scenarios, "+", ","))
	if err != nil {
		return err
	}
	l, err := pick("one", cluster.Libraries, libraryName, column)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(play.Once(ctx, s, l[0], o.n, o.quick))
}

func all(ctx context.Context, o options) error {
	results, err := runAll(ctx, o)
	if err != nil {
		return err
	}
	r := report.New(o.n, o.scenarios, o.columns, results)
	r.Command = "go -C bench run . " + strings.Join(os.Args[1:], " ")
	if err := plot(r, o.plots); err != nil {
		return err
	}
	switch o.output {
	case "json":
		e := json.NewEncoder(os.Stdout)
		e.SetIndent("", "  ")
		return e.Encode(r)
	case "markdown":
		return r.Markdown(os.Stdout)
	}
	return r.Text(os.Stdout)
}

// replot makes plots of what was measured earlier.
func replot(o options) error {
	text, err := os.ReadFile(o.from)
	if err != nil {
		return err
	}
	if r, err := report.Stored(text); err == nil {
		return plot(r, o.plots)
	}
	results, err := report.Results(text, o.n, o.quick)
	if err != nil {
		return fmt.Errorf("%s: neither a report nor results: %w", o.from, err)
	}
	if len(results) == 0 {
		return fmt.Errorf("%s: no results with -n %d -quick=%t", o.from, o.n, o.quick)
	}
	r := report.New(o.n, o.scenarios, o.columns, results)
	r.Machine = report.Machine{} // it may be another one
	return plot(r, o.plots)
}

// plot does nothing if no directory is named.
func plot(r report.Report, dir string) error {
	if dir == "" {
		return nil
	}
	path, err := r.Page(dir)
	if err != nil {
		return err
	}
	fmt.Fprintln(os.Stderr, "plotted in "+path)
	return nil
}
