package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grapevine-gossip/grapevine/bench/internal/cluster"
	"github.com/grapevine-gossip/grapevine/bench/internal/play"
)

// chosen are options for these scenarios and the first two columns.
func chosen(t *testing.T, n int, scenarios string) options {
	t.Helper()
	s, err := pick("scenarios", play.Scenarios, scenarioName, scenarios)
	if err != nil {
		t.Fatal(err)
	}
	return options{n: n, scenarios: s, columns: cluster.Libraries[:2], within: 55 * time.Minute}
}

func (j job) String() string {
	return fmt.Sprintf("%s %s %d", strings.Join(names(j.scenarios, scenarioName), "+"), j.column.Name, j.rep)
}

// took is what a run gives that took so many seconds.
func (j job) took(seconds float64) []play.Result {
	out := failed(options{}, j, "")
	for i := range out {
		out[i].Rep, out[i].Seconds = j.rep, seconds/float64(len(out))
	}
	return out
}

// ordered are all runs that are not among the results, in the order of the rounds.
func ordered(o options, results []play.Result) []string {
	var out []string
	for _, round := range o.rounds() {
		alone, beside := o.jobs(results, round)
		for _, j := range append(alone, beside...) {
			out = append(out, j.String())
		}
	}
	return out
}

func TestEachScenarioIsRepeatedBeforeTheNext(t *testing.T) {
	small, quick := chosen(t, large-1, "bootstrap,churn"), chosen(t, large, "bootstrap,churn")
	asked := quick
	quick.quick, asked.reps = true, 2
	for _, c := range []struct {
		name string
		o    options
		want []string
	}{
		{"small", small, []string{
			"bootstrap grapevine 0", "bootstrap memberlist 0", "bootstrap grapevine 1", "bootstrap memberlist 1",
			"bootstrap grapevine 2", "bootstrap memberlist 2", "bootstrap grapevine 3", "bootstrap memberlist 3",
			"bootstrap grapevine 4", "bootstrap memberlist 4", "churn grapevine 0", "churn memberlist 0",
			"churn grapevine 1", "churn memberlist 1", "churn grapevine 2", "churn memberlist 2",
		}},
		{"quick", quick, []string{"bootstrap grapevine 0", "bootstrap memberlist 0", "churn grapevine 0", "churn memberlist 0"}},
		{"asked for", asked, []string{
			"bootstrap grapevine 0", "bootstrap memberlist 0", "bootstrap grapevine 1", "bootstrap memberlist 1",
			"churn grapevine 0", "churn memberlist 0", "churn grapevine 1", "churn memberlist 1",
		}},
	} {
		if got := ordered(c.o, nil); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q", c.name, got)
		}
	}
}

func TestWithManyMembersAllIsRunOnceFirst(t *testing.T) {
	o := chosen(t, large, "bootstrap,churn")
	want := []string{
		"bootstrap grapevine 0", "bootstrap memberlist 0", "churn grapevine 0", "churn memberlist 0",
		"bootstrap grapevine 1", "bootstrap memberlist 1", "churn grapevine 1", "churn memberlist 1",
		"bootstrap grapevine 2", "bootstrap memberlist 2", "churn grapevine 2", "churn memberlist 2",
		"bootstrap grapevine 3", "bootstrap memberlist 3", "bootstrap grapevine 4", "bootstrap memberlist 4",
	}
	if got := ordered(o, nil); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	kept := []play.Result{
		{Scenario: "bootstrap", Column: "grapevine"}, {Scenario: "bootstrap", Column: "memberlist"},
		{Scenario: "churn", Column: "grapevine"}, {Scenario: "bootstrap", Column: "memberlist", Rep: 1},
	}
	if got := ordered(o, kept); !slices.Equal(got[:3], []string{"churn memberlist 0", "bootstrap grapevine 1", "churn grapevine 1"}) {
		t.Errorf("resumed: %q", got)
	}
}

func TestARunIsRepeatedIfItIsExpectedToEndInTime(t *testing.T) {
	at := func(names string, rep int) job {
		return job{chosen(t, large, names).scenarios, cluster.Libraries[0], rep}
	}
	took := func(name, column string, rep int, seconds float64) play.Result {
		return play.Result{Scenario: name, Column: column, Rep: rep, Seconds: seconds}
	}
	results := []play.Result{
		took("crash", "grapevine", 0, 40), took("crash", "grapevine", 1, 60), took("crash", "grapevine", 2, 50),
		took("crash", "memberlist", 0, 500), took("crash10", "grapevine", 0, 600),
		took("metadata", "grapevine", 0, 70), took("broadcast", "grapevine", 0, 10), took("burst", "grapevine", 0, 20),
		took("metadata", "grapevine", 1, 50), took("broadcast", "grapevine", 1, 10), took("burst", "grapevine", 1, 20),
		took("idle", "grapevine", 0, 1), {Scenario: "idle", Column: "grapevine", Rep: 1, NoCluster: "no cluster"},
		{Scenario: "churn", Column: "grapevine", Failed: "boom"}, took("churn", "memberlist", 0, 1),
	}
	for _, c := range []struct {
		j       job
		seconds time.Duration // of the longest before it
		never   bool
	}{
		{at("crash", 3), 60, false},
		{at("metadata,broadcast,burst", 2), 100, false},
		{at("broadcast", 2), 100, false}, // its cluster has to be prepared
		{at("idle", 2), 0, true},
		{at("churn", 1), 0, true},
	} {
		o := options{within: 10 * time.Minute}
		latest := o.within - c.seconds*time.Second
		if c.never {
			if o.repeats(c.j, results, 0) {
				t.Errorf("%v came to nothing, and is repeated", c.j)
			}
		} else if !o.repeats(c.j, results, latest) || o.repeats(c.j, results, latest+time.Second) {
			t.Errorf("%v: repeated after %v %t, a second later %t", c.j, latest,
				o.repeats(c.j, results, latest), o.repeats(c.j, results, latest+time.Second))
		}
		if (options{}).repeats(c.j, results, 0) {
			t.Errorf("%v is repeated within no time", c.j)
		}
	}
}

// played lets a batch make its runs in virtual time, and tells which, and how long it took.
func played(t *testing.T, o options, kept []play.Result, give func(job) []play.Result) (made []string, took time.Duration) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := &batch{ctx: t.Context(), o: o, begin: time.Now(), results: kept}
		b.once = func(_ context.Context, _ options, j job) []play.Result {
			made = append(made, j.String())
			results := give(j)
			for _, r := range results {
				time.Sleep(time.Duration(r.Seconds * float64(time.Second)))
			}
			return results
		}
		b.runAll()
		if b.begun != b.total || len(made) != b.begun {
			t.Errorf("%d made, %d begun of %d", len(made), b.begun, b.total)
		}
		took = time.Since(b.begin)
	})
	return made, took
}

// With so many members runs are made one by one.
func TestTheRestOfTheTimeIsUsed(t *testing.T) {
	o := chosen(t, 5000, "bootstrap,metadata,burst")
	give := func(j job) []play.Result {
		switch {
		case j.scenarios[0].Shares && j.column.Name == "memberlist":
			out := j.took(180)
			for i := range out {
				out[i].NoCluster = "no cluster"
			}
			return out
		case j.scenarios[0].Shares:
			return j.took(600)
		}
		return j.took(60)
	}
	first := []string{"bootstrap grapevine 0", "bootstrap memberlist 0", "metadata+burst grapevine 0", "metadata+burst memberlist 0"}
	second := []string{"bootstrap grapevine 1", "bootstrap memberlist 1", "metadata+burst grapevine 1"}
	for _, c := range []struct {
		within, took time.Duration // in minutes
		kept         []play.Result
		want         []string
	}{
		{0, 15, nil, first},
		{15, 15, nil, first},
		{27, 27, nil, append(slices.Clone(first), second...)},
		// What is too long is left out, and what is not is made, up to the usual number.
		{26, 23, nil, append(slices.Clone(first), "bootstrap grapevine 1", "bootstrap memberlist 1", "bootstrap grapevine 2",
			"bootstrap memberlist 2", "bootstrap grapevine 3", "bootstrap memberlist 3", "bootstrap grapevine 4", "bootstrap memberlist 4")},
		{12, 12, slices.Concat(give(job{o.scenarios[:1], o.columns[0], 0}), give(job{o.scenarios[:1], o.columns[1], 0}),
			give(job{o.scenarios[1:], o.columns[0], 0}), give(job{o.scenarios[1:], o.columns[1], 0})), second},
	} {
		o.within = c.within * time.Minute
		made, took := played(t, o, c.kept, give)
		if !slices.Equal(made, c.want) || took != c.took*time.Minute {
			t.Errorf("within %v: %v, %q", o.within, took, made)
		}
	}
}

// Two that are made beside each other share the time: each has to end in it, not their sum.
func TestRunsBesideEachOtherShareTheTime(t *testing.T) {
	o := chosen(t, large, "crash")
	o.within = 10 * time.Minute
	synctest.Test(t, func(t *testing.T) {
		b := &batch{ctx: t.Context(), o: o, begin: time.Now()}
		b.once = func(_ context.Context, _ options, j job) []play.Result {
			time.Sleep(5 * time.Minute)
			return j.took(300)
		}
		for _, round := range o.rounds() {
			_, beside := o.jobs(b.results, round)
			b.run(beside, 2)
		}
		if len(b.results) != 4 || time.Since(b.begin) != 10*time.Minute {
			t.Errorf("%d runs in %v", len(b.results), time.Since(b.begin))
		}
	})
}
