package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/grapevine-gossip/grapevine/bench/internal/cluster"
	"github.com/grapevine-gossip/grapevine/bench/internal/play"
	"github.com/grapevine-gossip/grapevine/bench/internal/report"
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
	if o.within != 55*time.Minute {
		t.Errorf("within %v by default", o.within)
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

// A column that could not be prepared twice is not prepared again; scenarios that share a cluster are one try.
func TestHopelessPreparationsAreNotTriedForEver(t *testing.T) {
	b := &batch{o: options{n: 1000}}
	at := func(name string) job {
		s, _ := play.Named(name)
		return job{[]play.Scenario{s}, cluster.Libraries[1], 0}
	}
	column := cluster.Libraries[1].Name
	for _, name := range []string{"metadata", "broadcast", "burst"} {
		b.results = append(b.results, play.Result{Scenario: name, Column: column, NoCluster: "no cluster"})
	}
	if b.hopeless(at("crash")) != nil {
		t.Error("given up after one try")
	}
	b.results = append(b.results, play.Result{Scenario: "idle", Column: column, NoCluster: "no cluster: 400"})
	got := b.hopeless(at("crash"))
	if len(got) != 1 || got[0].Scenario != "crash" || got[0].NoCluster != "no cluster: 400" || got[0].Failed != "" {
		t.Errorf("after two tries %+v", got)
	}
	b.results = append(b.results, play.Result{Scenario: "bootstrap", Column: column})
	if b.hopeless(at("crash")) == nil {
		t.Error("the bootstrap is no preparation")
	}
	formed := &batch{o: b.o, results: append(b.results, play.Result{Scenario: "churn", Column: column})}
	if formed.hopeless(at("crash")) != nil {
		t.Error("given up though a cluster was formed once")
	}
	other := at("crash")
	other.column = cluster.Libraries[0]
	if b.hopeless(at("bootstrap")) != nil || b.hopeless(other) != nil {
		t.Error("the bootstrap needs no preparation, and another column has its own")
	}
}

// Both what -resume keeps and what -o json prints can be plotted later.
func TestReplot(t *testing.T) {
	o := options{from: "testdata/results101.jsonl", plots: filepath.Join(t.TempDir(), "plots"), n: 101, scenarios: play.Scenarios, columns: cluster.Libraries}
	if err := replot(o); err != nil {
		t.Fatal(err)
	}
	html, err := os.ReadFile(filepath.Join(o.plots, "report.html"))
	if err != nil || strings.Contains(string(html), runtime.Version()) {
		t.Errorf("%v; it may not claim that this machine was it", err)
	}
	o.n = 20
	if err := replot(o); err == nil || !strings.Contains(err.Error(), "no results with -n 20") {
		t.Errorf("%v", err)
	}
	printed := filepath.Join(t.TempDir(), "report.json")
	results, err := load(options{resume: "testdata/results101.jsonl", n: 101})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.MarshalIndent(report.New(101, play.Scenarios, cluster.Libraries, results), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(printed, text, 0o600); err != nil {
		t.Fatal(err)
	}
	o.from, o.plots = printed, filepath.Join(t.TempDir(), "again") // whatever -n says
	if err := replot(o); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(o.plots, "times.svg")); err != nil {
		t.Error(err)
	}
	for _, from := range []string{filepath.Join(t.TempDir(), "none"), "README.md"} {
		o.from = from
		if err := replot(o); err == nil || !strings.Contains(err.Error(), from) {
			t.Errorf("%s: %v", from, err)
		}
	}
	if _, err := parse([]string{"-from", "x"}); err == nil {
		t.Error("-from without -plots is taken")
	}
}
