package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/grapevine-gossip/grapevine/internal/report"
	"github.com/grapevine-gossip/grapevine/internal/scenario"
)

// simulate plays a run and shows what came of it.
func (c *cli) simulate(ctx context.Context, f simFlags, run *scenario.Run) error {
	if err := fits(run); err != nil {
		return err
	}
	if f.out != "" {
		// Not after an hour of simulation.
		if err := os.MkdirAll(f.out, 0o777); err != nil {
			return &failure{exitError, err, "name a directory that can be written with --out DIR"}
		}
	}
	begin := time.Now()
	done := c.progress(run)
	outcomes := run.Play(ctx)
	done()
	h := newHost(begin)
	if err := c.showOutcomes(run, outcomes, h); err != nil {
		return err
	}
	if f.out != "" {
		page := scenario.Page(run.Scenario, outcomes, f.again(run), hostRows(h))
		if err := report.Write(f.out, page); err != nil {
			return &failure{exitError, err, "name a directory that can be written with --out DIR"}
		}
		c.talk("the report is %s/report.html", strings.TrimSuffix(f.out, "/"))
	}
	if ctx.Err() != nil {
		return errInterrupted
	}
	return f.judge(run, outcomes)
}

// judge makes a failure of a world in which something was that must never be, or did not come about.
func (f *simFlags) judge(run *scenario.Run, outcomes []scenario.Outcome) error {
	for _, o := range outcomes {
		for _, r := range o.Results {
			again := fmt.Sprintf("%s --seed %d", f.oneWorld(run, o), r.Seed)
			switch {
			case len(r.Violations) > 0:
				return &failure{exitError, fmt.Errorf("seed %d: %s", r.Seed, r.Violations[0]), again}
			case r.Unfinished != "":
				return &failure{exitError, fmt.Errorf("seed %d: %s", r.Seed, r.Unfinished), again}
			}
		}
	}
	return nil
}

// oneWorld is the command that plays one variation.
func (f *simFlags) oneWorld(run *scenario.Run, o scenario.Outcome) string {
	parts := []string{"grapevine sim --scenario", quoted(f.scenario)}
	for _, one := range run.Scenario.Shown(&o.Params) {
		parts = append(parts, "--set", quoted(one[0]+"="+one[1]))
	}
	return strings.Join(parts, " ")
}

// again is the command that makes the same run.
func (f *simFlags) again(run *scenario.Run) string {
	parts := []string{"grapevine sim --scenario", quoted(f.scenario)}
	for _, one := range [][2]string{{"nodes", f.nodes}, {"loss", f.loss}, {"latency", f.latency}} {
		if one[1] != "" {
			parts = append(parts, "--"+one[0], quoted(one[1]))
		}
	}
	if f.duration > 0 {
		parts = append(parts, "--duration", f.duration.String())
	}
	for _, one := range f.set {
		parts = append(parts, "--set", quoted(one))
	}
	parts = append(parts, fmt.Sprintf("--seed %d", run.Seed))
	if run.Seeds > 1 {
		parts = append(parts, fmt.Sprintf("--seeds %d", run.Seeds))
	}
	return strings.Join(parts, " ")
}

// world is one line of -o json.
type world struct {
	Scenario string            `json:"scenario"`
	Seed     uint64            `json:"seed"`
	Nodes    int               `json:"nodes"`
	Settings map[string]string `json:"settings"`
	Checked  string            `json:"checked"`
	Trace    string            `json:"trace_hash"`
	Result   json.RawMessage   `json:"result"`
	Host     host              `json:"host"`
}

func (c *cli) showOutcomes(run *scenario.Run, outcomes []scenario.Outcome, h host) error {
	if c.output != "json" {
		if err := c.show(nil, nil, table{head: scenario.Head(outcomes), rows: scenario.Rows(outcomes)}); err != nil {
			return err
		}
		c.talk("%s", scenario.Answer(outcomes))
		return nil
	}
	for _, o := range outcomes {
		for _, r := range o.Results {
			line, err := worldLine(run, o, r, h)
			if err != nil {
				return err
			}
			if err := c.show(line, nil, table{}); err != nil {
				return err
			}
		}
	}
	return nil
}

func worldLine(run *scenario.Run, o scenario.Outcome, r scenario.Result, h host) ([]byte, error) {
	figures, err := json.Marshal(r.Figures)
	if err != nil {
		return nil, err
	}
	violations, err := json.Marshal(append([]string{}, r.Violations...))
	if err != nil {
		return nil, err
	}
	result := `{"violations":` + string(violations)
	if r.Unfinished != "" {
		why, err := json.Marshal(r.Unfinished)
		if err != nil {
			return nil, err
		}
		result += `,"unfinished":` + string(why)
	}
	if rest := strings.TrimPrefix(string(figures), "{"); rest != "}" {
		result += "," + rest
	} else {
		result += "}"
	}
	checked := "stability and sizes"
	if r.Checked {
		checked = "all invariants"
	}
	return json.Marshal(world{
		Scenario: run.Scenario.Name, Seed: r.Seed, Nodes: o.Params.Nodes, Settings: asMap(run.Scenario.Shown(&o.Params)),
		Checked: checked, Trace: fmt.Sprintf("%016x", r.Trace), Result: json.RawMessage(result), Host: h,
	})
}

func hostRows(h host) [][2]string {
	return [][2]string{
		{"wall time", fmt.Sprintf("%.1f s", h.WallS)}, {"Go", h.Go}, {"platform", h.Platform}, {"processors", fmt.Sprint(h.CPUs)},
	}
}

// lineEvery is how often a line is written where there is no terminal.
const lineEvery = 10 * time.Second

// progress tells a person how far the run is: a bar on a terminal, else a line now and then. What it returns ends that.
func (c *cli) progress(run *scenario.Run) func() {
	all := len(run.Variations) * run.Seeds
	if f, ok := c.err.(*os.File); ok && !c.quiet && term.IsTerminal(int(f.Fd())) {
		bar := progressbar.NewOptions(all, progressbar.OptionSetWriter(f), progressbar.OptionShowCount(),
			progressbar.OptionSetPredictTime(true), progressbar.OptionSetDescription(run.Scenario.Name), progressbar.OptionClearOnFinish(),
			progressbar.OptionSetWidth(30), progressbar.OptionThrottle(100*time.Millisecond))
		run.Tell = func(_, _ int, p scenario.Playing) {
			bar.Describe(fmt.Sprintf("%s, seed %d: %v lived", run.Scenario.Name, p.Seed, p.Lived.Round(100*time.Millisecond)))
		}
		run.Done = func(int, scenario.Result) { _ = bar.Add(1) } // a bar that can't be drawn is no reason to stop
		return func() { _ = bar.Finish() }
	}
	begin, told := time.Now(), time.Now()
	run.Tell = func(done, all int, p scenario.Playing) {
		if time.Since(told) < lineEvery {
			return
		}
		told = time.Now()
		left := "the time left is not known yet"
		if done > 0 {
			left = fmt.Sprintf("about %v to go", (time.Since(begin) / time.Duration(done) * time.Duration(all-done)).Round(time.Second))
		}
		c.talk("%d of %d worlds; seed %d has lived %v; %s", done, all, p.Seed, p.Lived.Round(100*time.Millisecond), left)
	}
	return func() {}
}

var errTooLarge = errors.New("more memory than this machine has free")

// fits refuses a run that would not fit into the memory, and plays fewer worlds at a time where that helps.
func fits(run *scenario.Run) error {
	free, known := freeMemory()
	if !known {
		return nil
	}
	most := int64(0)
	for _, v := range run.Variations {
		most = max(most, scenario.Memory(&v.Params))
	}
	if most > free {
		return &failure{
			exitUsage, fmt.Errorf("a world of that size takes about %s: %w, %s", gigabytes(most), errTooLarge, gigabytes(free)),
			"simulate fewer members with --nodes",
		}
	}
	run.Parallel = max(1, min(run.Parallel, int(free/max(most, 1))))
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(free / 5 * 4) // else there could be as much garbage as there is in use
	}
	return nil
}

func gigabytes(n int64) string { return fmt.Sprintf("%.1f GB", float64(n)/1e9) }
