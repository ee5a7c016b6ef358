package main

import (
	"bytes"
	"context"
	"reflect"
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
	f := classify(c.explain(report, "a plan.json"))
	c.complain(f)
	if f.code != exitError {
		t.Errorf("exit code %d", f.code)
	}
	for _, want := range []string{"1 of ", plan.Faults[0].String(), "seed 7: no_resurrection", "it is back", "grapevine sim --plan 'a plan.json'"} {
		if !strings.Contains(errs.String(), want) {
			t.Errorf("it does not say %q:\n%s", want, &errs)
		}
	}
}

func TestSimKeepsThePlanOfAFailure(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	t.Setenv("TMP", t.TempDir())
	plan := sim.Draw(7)
	file, err := keep(plan)
	if err != nil {
		t.Fatal(err)
	}
	plans, count, err := (&simFlags{plan: file}).plans()
	if err != nil || count != 1 || !reflect.DeepEqual(plans(0), plan) {
		t.Errorf("%d plans, %v", count, err)
	}
}

func TestSimEndsAtAnInterrupt(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out, errs bytes.Buffer
	c := &cli{out: &out, err: &errs}
	err := c.swarm(ctx, simFlags{swarm: 1000, seed: 1})
	if code := classify(err).code; code != exitInterrupted {
		t.Errorf("exit code %d, %v", code, err)
	}
}
