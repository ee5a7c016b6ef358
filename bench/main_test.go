package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/grapevine-gossip/grapevine/bench/internal/play"
)

func TestParse(t *testing.T) {
	o, err := parse([]string{"-n", "20", "-quick", "-columns", "serf,grapevine"})
	if err != nil || o.n != 20 || !o.quick || len(o.columns) != 2 || o.columns[0].Name != "serf" {
		t.Errorf("%+v, %v", o, err)
	}
	for _, s := range o.scenarios {
		if !s.Quick || o.runs(s) != 1 {
			t.Errorf("a quick run has %s %d times", s.Name, o.runs(s))
		}
	}
	if o, err = parse(nil); err != nil || len(o.scenarios) != len(play.Scenarios) || o.runs(o.scenarios[0]) != 5 {
		t.Errorf("%+v, %v", o, err)
	}
	for _, args := range [][]string{{"-n", "2"}, {"-n", "100000"}, {"-scenarios", "nosuch"}, {"-columns", "x"}, {"-o", "xml"}} {
		if _, err := parse(args); err == nil {
			t.Errorf("%v is taken", args)
		}
	}
}

// A resumed run repeats nothing that was kept, and takes nothing of another size or kind.
func TestResume(t *testing.T) {
	o := options{n: 20, resume: filepath.Join(t.TempDir(), "results")}
	if got, err := load(o); err != nil || got != nil {
		t.Fatalf("a file that is not there yet: %v, %v", got, err)
	}
	for _, r := range []play.Result{
		{Scenario: "crash", Column: "serf", N: 20, Rep: 1, Values: map[string]float64{"all": 1}},
		{Scenario: "crash", Column: "serf", N: 101},
		{Scenario: "crash", Column: "serf", N: 20, Quick: true},
	} {
		if err := o.keep(r); err != nil {
			t.Fatal(err)
		}
	}
	got, err := load(o)
	if err != nil || len(got) != 1 || got[0].Values["all"] != 1 {
		t.Fatalf("%+v, %v", got, err)
	}
	if !has(got, "crash", "serf", 1) || has(got, "crash", "serf", 0) || has(got, "idle", "serf", 1) {
		t.Error("it does not know what it has")
	}
	if err := os.WriteFile(o.resume, []byte("{\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := load(o); err == nil {
		t.Error("a broken file is taken")
	}
}
