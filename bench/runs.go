package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/grapevine-gossip/grapevine/bench/internal/cluster"
	"github.com/grapevine-gossip/grapevine/bench/internal/play"
	"github.com/grapevine-gossip/grapevine/bench/internal/report"
)

// runAll makes all runs that are asked for, interleaved: each scenario goes through all columns, then again. So a machine
// that becomes slower in between does so for all.
func runAll(ctx context.Context, o options) ([]play.Result, error) {
	results, err := load(o)
	if err != nil {
		return nil, err
	}
	total := 0
	for _, s := range o.scenarios {
		total += o.runs(s) * len(o.columns)
	}
	begin, at := time.Now(), 0
	for _, s := range o.scenarios {
		for rep := range o.runs(s) {
			for _, l := range o.columns {
				at++
				if has(results, s.Name, l.Name, rep) {
					continue
				}
				fmt.Fprintf(os.Stderr, "[%d/%d %s] %s %s, run %d of %d\n",
					at, total, time.Since(begin).Round(time.Second), s.Name, l.Name, rep+1, o.runs(s))
				r := child(ctx, o, s, l)
				if ctx.Err() != nil {
					return nil, ctx.Err()
				}
				r.Rep = rep
				results = append(results, r)
				if err := o.keep(r); err != nil {
					return nil, err
				}
			}
		}
	}
	return results, nil
}

// runs is how many of a scenario are made.
func (o options) runs(s play.Scenario) int {
	switch {
	case o.reps > 0:
		return o.reps
	case o.quick:
		return 1
	}
	return s.Reps
}

func has(results []play.Result, scenario, column string, rep int) bool {
	for _, r := range results {
		if r.Scenario == scenario && r.Column == column && r.Rep == rep {
			return true
		}
	}
	return false
}

// child makes one run in a process of its own: its memory and processor time are then the library's alone, and what
// panics or gets stuck there ends that run only.
func child(ctx context.Context, o options, s play.Scenario, l cluster.Library) play.Result {
	failed := play.Result{Scenario: s.Name, Column: l.Name, N: o.n, Quick: o.quick, Others: -1}
	ctx, cancel := context.WithTimeout(ctx, play.Limit)
	defer cancel()
	self, err := os.Executable()
	if err != nil {
		failed.Failed = err.Error()
		return failed
	}
	cmd := exec.CommandContext(ctx, self, "-one", s.Name+","+l.Name, "-n", strconv.Itoa(o.n), "-quick="+strconv.FormatBool(o.quick))
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		failed.Failed = fmt.Sprintf("%v: %s", err, firstLine(errs.String()))
		return failed
	}
	var r play.Result
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		failed.Failed = fmt.Sprintf("the run's result: %v", err)
		return failed
	}
	return r
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// load reads the results that were kept, of the same size and kind.
func load(o options) ([]play.Result, error) {
	if o.resume == "" {
		return nil, nil
	}
	text, err := os.ReadFile(o.resume)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	results, err := report.Results(text, o.n, o.quick)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", o.resume, err)
	}
	return results, nil
}

// keep appends a result.
func (o options) keep(r play.Result) error {
	if o.resume == "" {
		return nil
	}
	f, err := os.OpenFile(o.resume, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	return errors.Join(json.NewEncoder(f).Encode(r), f.Close())
}
