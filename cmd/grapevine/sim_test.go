package main

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/grapevine-gossip/grapevine/internal/sim"
)

func TestSimTellsHowToSeeAFailureAgain(t *testing.T) {
	plan := sim.Draw(7)
	plan = plan.Only([]int{plan.Faults[0].Number})
	report := sim.Report{Plan: plan, Violations: []sim.Violation{{Check: "no_resurrection", Node: "n1", What: "it is back"}}}
	var out, errs bytes.Buffer
	c := &cli{out: &out, err: &errs}
	f := classify(c.explain(report, false))
	c.complain(f)
	if f.code != exitError {
		t.Errorf("exit code %d", f.code)
	}
	for _, want := range []string{"1 of ", plan.Faults[0].String(), "seed 7: no_resurrection", "it is back", "grapevine sim --swarm 1 --seed 7 --faults "} {
		if !strings.Contains(errs.String(), want) {
			t.Errorf("it does not say %q:\n%s", want, &errs)
		}
	}
}

func TestSimEndsAtAnInterrupt(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out, errs bytes.Buffer
	c := &cli{out: &out, err: &errs}
	err := c.swarm(ctx, simFlags{swarm: 1000, seed: 1}, nil)
	if code := classify(err).code; code != exitInterrupted {
		t.Errorf("exit code %d, %v", code, err)
	}
}
