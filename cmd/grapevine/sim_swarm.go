package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/sim"
)

// faultNumbers reads a list of numbers; nil stands for all.
func faultNumbers(text string) ([]int, error) {
	switch text {
	case "":
		return nil, nil
	case "none":
		return []int{}, nil
	}
	var out []int
	for part := range strings.SplitSeq(text, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(part))
		if err != nil || n < 0 {
			return nil, fmt.Errorf("%q in --faults is not the number of a fault", part)
		}
		out = append(out, n)
	}
	return out, nil
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

func (c *cli) swarm(ctx context.Context, f simFlags, only []int) error {
	begin := time.Now()
	told := begin
	t := tally{FirstSeed: f.seed}
	var failed sim.Report
	for i := range f.swarm {
		plan := sim.Draw(f.seed + uint64(i))
		plan.Config.GoOn = func() bool { return ctx.Err() == nil }
		if only != nil {
			plan = plan.Only(only)
		}
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
			left := now.Sub(begin) / time.Duration(i+1) * time.Duration(f.swarm-i-1)
			c.talk("%d of %d worlds, all well; about %v to go", i+1, f.swarm, left.Round(time.Second))
		}
	}
	t.WallS = time.Since(begin).Round(time.Millisecond).Seconds()
	if err := c.showTally(t); err != nil {
		return err
	}
	if t.Failed > 0 {
		return c.explain(failed, only == nil)
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

// minimiseWorlds bounds how many worlds are run to find the faults that matter.
const minimiseWorlds = 400

// explain finds the faults that matter and tells how to see them again.
func (c *cli) explain(r sim.Report, smaller bool) error {
	if smaller {
		c.talk("seed %d went wrong: looking for the faults that matter; an interrupt ends that", r.Plan.Seed)
		r = sim.Minimise(r, minimiseWorlds)
	}
	plan := r.Plan
	var b strings.Builder
	numbers := make([]string, len(plan.Faults))
	for i, f := range plan.Faults {
		numbers[i] = strconv.Itoa(f.Number)
		fmt.Fprintf(&b, "  %v\n", f)
	}
	list := strings.Join(numbers, ",")
	if list == "" {
		list = "none"
	}
	fmt.Fprintf(c.err, "seed %d: %d members in %v, link %+v, host %+v, settings %+v\n%d of %d faults matter:\n%s",
		plan.Seed, plan.Size, plan.Layout, plan.Config.Link, plan.Config.Host, plan.Config.Settings,
		len(plan.Faults), plan.Drawn, b.String())
	again := fmt.Sprintf("grapevine sim --swarm 1 --seed %d --faults %s", plan.Seed, list)
	return &failure{exitError, fmt.Errorf("seed %d: %v", plan.Seed, r.Violations[0]), again}
}
