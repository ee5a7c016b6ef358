package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/sim"
)

// plans gives the plan to replay, or those that are drawn.
func (f *simFlags) plans() (func(i int) sim.Plan, int, error) {
	if f.plan == "" {
		return func(i int) sim.Plan { return sim.Draw(f.seed + uint64(i)) }, f.swarm, nil
	}
	data, err := os.ReadFile(f.plan)
	if err != nil {
		return nil, 0, err
	}
	var plan sim.Plan
	if err := json.Unmarshal(data, &plan); err != nil {
		return nil, 0, fmt.Errorf("%s: %w", filepath.Base(f.plan), err)
	}
	return func(int) sim.Plan { return plan }, 1, nil
}

// tally is what the worlds of a swarm had.
type tally struct {
	Worlds    int     `json:"worlds"`
	FirstSeed uint64  `json:"first_seed"`
	Failed    int     `json:"failed"`
	Faults    int     `json:"faults"`
	Members   int     `json:"members"`
	VirtualS  float64 `json:"virtual_s"`
	Events    uint64  `json:"events"`
	SlowestS  float64 `json:"slowest_healing_s"`
	Slowest   uint64  `json:"slowest_healing_seed"`
	WallS     float64 `json:"wall_s"`
}

// progressEvery is how often a person is told how far it is.
const progressEvery = 2 * time.Second

func (c *cli) swarm(ctx context.Context, f simFlags) error {
	plans, count, err := f.plans()
	if err != nil {
		return &failure{exitUsage, err, "grapevine sim --swarm 100 --seed 1"}
	}
	begin := time.Now()
	told := begin
	t := tally{FirstSeed: plans(0).Seed}
	var failed sim.Report
	for i := range count {
		plan := plans(i)
		plan.Config.GoOn = func() bool { return ctx.Err() == nil }
		r := plan.Run()
		if r.Stopped {
			break
		}
		t.add(r)
		if len(r.Violations) > 0 {
			failed = r
			t.Failed++
			break
		}
		if now := time.Now(); now.Sub(told) >= progressEvery {
			told = now
			left := now.Sub(begin) / time.Duration(i+1) * time.Duration(count-i-1)
			c.talk("%d of %d worlds, all well; about %v to go", i+1, count, left.Round(time.Second))
		}
	}
	t.WallS = time.Since(begin).Round(time.Millisecond).Seconds()
	if err := c.showTally(t); err != nil {
		return err
	}
	if t.Failed > 0 {
		return c.explain(failed, f.plan)
	}
	if ctx.Err() != nil {
		return errInterrupted
	}
	return nil
}

func (t *tally) add(r sim.Report) {
	t.Worlds++
	t.Faults += len(r.Plan.Faults)
	t.Members += r.Members
	t.VirtualS += r.Lived.Seconds()
	t.Events += r.Events
	if s := r.HealedIn.Seconds(); s > t.SlowestS {
		t.SlowestS, t.Slowest = s, r.Plan.Seed
	}
}

func (c *cli) showTally(t tally) error {
	body, err := json.Marshal(t)
	if err != nil {
		return err
	}
	return c.show(body, nil, table{head: []string{"FIGURE", "VALUE"}, rows: [][]string{
		{"worlds", strconv.Itoa(t.Worlds)},
		{"first seed", strconv.FormatUint(t.FirstSeed, 10)},
		{"failed", strconv.Itoa(t.Failed)},
		{"faults", strconv.Itoa(t.Faults)},
		{"members in the end", strconv.Itoa(t.Members)},
		{"virtual time", time.Duration(float64(time.Second) * t.VirtualS).Round(time.Second).String()},
		{"events", strconv.FormatUint(t.Events, 10)},
		{"slowest healing", fmt.Sprintf("%.1f s, seed %d", t.SlowestS, t.Slowest)},
		{"took", fmt.Sprintf("%.1f s", t.WallS)},
	}})
}

// minimiseWorlds bounds how many worlds are run to find a small one.
const minimiseWorlds = 600

// explain finds a small world that goes wrong in the same way, and tells how to see it again: by the file that describes
// it, or that it was read from.
func (c *cli) explain(r sim.Report, file string) error {
	wrong := fmt.Errorf("seed %d: %v", r.Plan.Seed, r.Violations[0])
	again := fmt.Sprintf("grapevine sim --swarm 1 --seed %d", r.Plan.Seed)
	if file == "" {
		c.talk("seed %d went wrong: looking for a smaller world that does; an interrupt ends that", r.Plan.Seed)
		told := time.Now()
		r = sim.Minimise(r, minimiseWorlds, func(p sim.Plan) {
			if now := time.Now(); now.Sub(told) >= progressEvery {
				told = now
				c.talk("%d faults and %d members are left", len(p.Faults), p.Size)
			}
		})
		var err error
		if file, err = keep(r.Plan); err != nil {
			c.talk("the smaller world can't be kept: %v", err)
		}
	}
	if file != "" {
		again = "grapevine sim --plan " + quoted(file)
	}
	p := r.Plan
	fmt.Fprintf(c.err, "%d of %d faults matter, with %d members in %v", len(p.Faults), p.Drawn, p.Size, p.Layout)
	for _, part := range []struct {
		name string
		is   any
	}{{"link", p.Config.Link}, {"host", p.Config.Host}, {"settings", p.Config.Settings}} {
		if !reflect.ValueOf(part.is).IsZero() {
			fmt.Fprintf(c.err, "; %s %s", part.name, sim.Plainly(part.is))
		}
	}
	fmt.Fprintln(c.err, ":")
	for _, f := range p.Faults {
		fmt.Fprintf(c.err, "  %v\n", f)
	}
	fmt.Fprintf(c.err, "  then %v\n", r.Violations[0])
	return &failure{exitError, wrong, again}
}

// keep writes a plan to a file.
func keep(p sim.Plan) (string, error) {
	text, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return "", err
	}
	f, err := os.CreateTemp("", fmt.Sprintf("grapevine-swarm-%d-*.json", p.Seed))
	if err != nil {
		return "", err
	}
	_, err = f.Write(append(text, '\n'))
	return f.Name(), errors.Join(err, f.Close())
}
