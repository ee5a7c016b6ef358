package report

import (
	"strings"
	"testing"

	"github.com/grapevine-gossip/grapevine/bench/internal/cluster"
	"github.com/grapevine-gossip/grapevine/bench/internal/play"
)

func run(column string, v float64) play.Result {
	return play.Result{Scenario: "crash", Column: column, Values: map[string]float64{"all": v}, Others: v / 100}
}

func cut(column, reached string) play.Result {
	return play.Result{Scenario: "crash", Column: column, Reached: map[string]string{"all": reached}, Others: -1}
}

// What was cut off took longer than all that was not: leaving it out would flatter.
func TestCutRunsCountAsTheLongest(t *testing.T) {
	for _, c := range []struct {
		name string
		runs []play.Result
		want string
	}{
		{"one", []play.Result{run("x", 2)}, "2.00 s"},
		{"odd", []play.Result{run("x", 3), run("x", 1), run("x", 2)}, "2.00 s [1.00 s .. 3.00 s]"},
		{"even", []play.Result{run("x", 4), run("x", 2)}, "3.00 s [2.00 s .. 4.00 s]"},
		{"equal", []play.Result{run("x", 2), run("x", 2)}, "2.00 s"},
		{"one of three cut", []play.Result{run("x", 3), cut("x", "5 of 9"), run("x", 2)},
			"3.00 s [2.00 s .. not complete in 1 of 3: 5 of 9]"},
		{"two of three cut", []play.Result{run("x", 3), cut("x", "5 of 9"), cut("x", "6 of 9")},
			"not complete in 2 of 3 (5 of 9)"},
		{"half cut", []play.Result{run("x", 3), cut("x", "5 of 9")}, "not complete in 1 of 2 (5 of 9)"},
		{"failed", []play.Result{{Failed: "boom"}, run("x", 3)}, "3.00 s (1 failed)"},
		{"not prepared", []play.Result{{NoCluster: "no cluster: 5 of 9"}}, "not complete in 1 of 1 (no cluster: 5 of 9)"},
		{"all failed", []play.Result{{Failed: "boom"}}, "failed (1 of 1)"},
		{"none", nil, "not run"},
	} {
		if got := cell(figure("all", c.runs), play.Seconds); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestReport(t *testing.T) {
	crash, _ := play.Named("crash")
	crash.Metrics = []play.Metric{
		{Name: "all", Label: "all of them", Unit: play.Seconds},
		{Name: "all", Label: "ours alone", Unit: play.Seconds, Only: func(c string) bool { return c == "grapevine" }},
	}
	r := New(9, []play.Scenario{crash}, cluster.Libraries[:2], []play.Result{
		run("grapevine", 2), run("memberlist", 10), cut("memberlist", "1 of 9"), run("memberlist", 8),
	})
	rows := r.Scenarios[0].Rows
	if x := rows[0].Figures["grapevine"].Ratio; x == nil || *x != 0.2 {
		t.Errorf("ratio %v", x)
	}
	if r.OthersMedian != 0.08 || r.OthersMost != 0.10 {
		t.Errorf("others %v, %v", r.OthersMedian, r.OthersMost)
	}
	var text, md strings.Builder
	if r.Text(&text) != nil || r.Markdown(&md) != nil {
		t.Fatal("not printed")
	}
	for _, want := range []string{"2.00 s x0.20", "10.0 s [8.00 s .. not complete in 1 of 3: 1 of 9]", "n/a"} {
		if !strings.Contains(text.String(), want) || !strings.Contains(md.String(), want) {
			t.Errorf("%q is missing in\n%s\n%s", want, text.String(), md.String())
		}
	}
}

// Where the numbers of runs differ, the reader can tell for each figure.
func TestNumbersOfRunsAreTold(t *testing.T) {
	crash, _ := play.Named("crash")
	idle, _ := play.Named("idle")
	at := func(s play.Scenario, column string) play.Result { return play.Result{Scenario: s.Name, Column: column} }
	a, b := "grapevine", "memberlist"
	for _, c := range []struct {
		results []play.Result
		want    []string
		not     string
	}{
		{[]play.Result{at(crash, a), at(crash, b), at(idle, a)}, []string{"one run of each, x times memberlist"}, "runs:"},
		{[]play.Result{at(crash, a), at(crash, a), at(idle, a), at(idle, a)}, []string{"median [best .. worst] of 2 runs, x"}, "runs:"},
		{
			[]play.Result{at(crash, a), at(crash, a), at(crash, a), at(crash, b), at(idle, a), at(idle, a), at(idle, b), at(idle, b)},
			[]string{"median [best .. worst] of 1 to 3 runs, x", "crashes (runs: grapevine 3, memberlist 1)", "per member (runs: 2)"}, "serf",
		},
	} {
		r := New(9, []play.Scenario{crash, idle}, cluster.Libraries[:2], c.results)
		var text strings.Builder
		if err := r.Text(&text); err != nil {
			t.Fatal(err)
		}
		for _, want := range c.want {
			if !strings.Contains(text.String(), want) {
				t.Errorf("%q is missing in\n%s", want, text.String())
			}
		}
		if strings.Contains(text.String(), c.not) {
			t.Errorf("%q is in\n%s", c.not, text.String())
		}
	}
}

// A figure that a library has at zero has no ratio to anything, and zero is not n/a.
func TestNoRatioToZero(t *testing.T) {
	f := map[string]Figure{
		"grapevine": figure("all", []play.Result{run("grapevine", 1)}), cluster.Baseline: figure("all", []play.Result{run("x", 0)}),
	}
	compare(f)
	if f["grapevine"].Ratio != nil {
		t.Error("a ratio to zero")
	}
	if got := cell(f[cluster.Baseline], play.Count); got != "0" {
		t.Errorf("zero is printed %q", got)
	}
}

func TestAmounts(t *testing.T) {
	for _, c := range []struct {
		v    float64
		unit play.Unit
		want string
	}{
		{0.0123, play.Seconds, "12.3 ms"}, {59.96, play.Seconds, "60.0 s"}, {1234567, play.Bytes, "1.23 MB"},
		{999, play.Bytes, "999 B"}, {0.5, play.Share, "50.0 %"}, {0.48, play.Milli, "0.48 ms/s"},
		{101.4, play.Rate, "101"}, {0, play.Count, "0"}, {9, play.Count, "9"}, {0.5, play.Count, "0.5"}, {0.0123, play.Rate, "0.012"},
	} {
		if got := amount(c.v, c.unit); got != c.want {
			t.Errorf("%v %q: %q, want %q", c.v, c.unit, got, c.want)
		}
	}
}
