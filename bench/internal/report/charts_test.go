package report

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/grapevine-gossip/grapevine/bench/internal/cluster"
	"github.com/grapevine-gossip/grapevine/bench/internal/play"
	"github.com/grapevine-gossip/grapevine/internal/chart"
)

// stored is what a run left: some scenarios, one of which serf did not complete.
func stored(t *testing.T) Report {
	t.Helper()
	text, err := os.ReadFile("../../testdata/results101.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	results, err := Results(text, 101, false)
	if err != nil || len(results) == 0 {
		t.Fatalf("%d results, %v", len(results), err)
	}
	return New(101, play.Scenarios, cluster.Libraries, results)
}

func chartNamed(t *testing.T, r Report, name string) chart.Chart {
	t.Helper()
	for _, s := range r.sections() {
		for _, c := range s.charts {
			if c.Name == name {
				return c
			}
		}
	}
	t.Fatalf("there is no %s", name)
	return chart.Chart{}
}

func TestStoredResultIsPlotted(t *testing.T) {
	r := stored(t)
	for _, s := range r.sections() {
		for _, c := range s.charts {
			if err := c.Check(); err != nil {
				t.Error(err)
			}
			for i, l := range c.Lines {
				if l.Name != r.Columns[i].Name || len(l.Points)+len(l.Gaps) != len(c.X.Names) {
					t.Errorf("%s: %s has %d bars and %d gaps in %d categories", c.Name, l.Name, len(l.Points), len(l.Gaps), len(c.X.Names))
				}
			}
		}
	}
	times := chartNamed(t, r, "times")
	if times.Title != "Grapevine was the quickest in 6 of 7" {
		t.Errorf("%q", times.Title)
	}
	burst := slices.Index(times.X.Names, "1000 keys by one member, as fast as it can: all have arrived")
	serf := times.Lines[3]
	if !slices.Contains(serf.Gaps, chart.Gap{X: float64(burst), Text: "not complete in 1 of 1"}) {
		t.Errorf("%+v", serf.Gaps)
	}
	start := r.Scenarios[0].Rows[1].Figures["memberlist"]
	l := times.Lines[1]
	if l.Points[0] != (chart.Point{X: 0, Y: *start.Median}) || l.Ranges[0] != (chart.Range{Low: *start.Best, High: *start.Worst}) {
		t.Errorf("%v and %v, want those of %+v", l.Points[0], l.Ranges[0], start)
	}
}

// Where all is zero, words say so in place of bars of no length.
func TestNobodyRemovedIsSaidInWords(t *testing.T) {
	for _, s := range stored(t).sections() {
		if s.name == "removed" && (len(s.charts) > 0 || !strings.Contains(s.found, "grapevine 0, memberlist 0, tuned 0, serf 0")) {
			t.Errorf("%d charts, %q", len(s.charts), s.found)
		}
	}
}

func TestPageOfStoredResult(t *testing.T) {
	dir := t.TempDir()
	path, err := stored(t).Page(dir)
	if err != nil {
		t.Fatal(err)
	}
	html, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"Grapevine beside memberlist, tuned and serf: 101 members", "DefaultLANConfig", "not complete in 1 of 1 (51200 of 100000)",
		"one member crashes", "github.com/hashicorp/serf",
	} {
		if !strings.Contains(string(html), want) {
			t.Errorf("%q is missing", want)
		}
	}
	if strings.Contains(string(html), "partition") || strings.Contains(string(html), "not run") {
		t.Error("it shows what was not run")
	}
	pictures, err := filepath.Glob(filepath.Join(dir, "*.svg"))
	if err != nil || len(pictures) < 6 {
		t.Errorf("%v, %v", pictures, err)
	}
}

// What -o json prints gives the same plots later.
func TestPrintedReportIsPlottedTheSame(t *testing.T) {
	r := stored(t)
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Stored(text)
	if err != nil {
		t.Fatal(err)
	}
	a, b := filepath.Join(t.TempDir(), "a"), filepath.Join(t.TempDir(), "b")
	if _, err := r.Page(a); err != nil {
		t.Fatal(err)
	}
	if _, err := again.Page(b); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"report.html", "times.svg"} {
		x, errX := os.ReadFile(filepath.Join(a, name))
		y, errY := os.ReadFile(filepath.Join(b, name))
		if errX != nil || errY != nil || string(x) != string(y) {
			t.Errorf("%s differs: %v, %v", name, errX, errY)
		}
	}
	if _, err := Stored([]byte(`{"scenario":"crash"}`)); err == nil {
		t.Error("a result is taken for a report")
	}
}

func TestBars(t *testing.T) {
	row := func(runs ...play.Result) []named {
		return []named{{Row{play.Metric{Unit: play.Seconds}, map[string]Figure{"x": figure("all", runs)}}, "x"}}
	}
	for _, tc := range []struct {
		name   string
		rows   []named
		log    bool
		labels []string
		ranges []chart.Range
		gap    string
	}{
		{"spread", row(run("x", 3), run("x", 1), run("x", 2)), true, []string{"2.00 s"}, []chart.Range{{Low: 1, High: 3}}, ""},
		{"cut", row(run("x", 3), run("x", 2), cut("x", "")), true, []string{"3.00 s, not complete in 1 of 3"}, []chart.Range{{Low: 2, High: 3}}, ""},
		{"mostly cut", row(run("x", 3), cut("x", "5 of 9"), cut("x", "")), true, nil, nil, "not complete in 2 of 3"},
		{"zero", row(run("x", 0)), false, []string{"0 ms"}, []chart.Range{{Low: 0, High: 0}}, ""},
		{"zero has no logarithm", row(run("x", 0)), true, nil, nil, "0 ms"},
		{"nor has a best of zero", row(run("x", 0), run("x", 2), run("x", 3)), true, []string{"2.00 s, best 0 ms"}, []chart.Range{{Low: 2, High: 3}}, ""},
		{"failed", row(play.Result{Failed: "boom"}), true, nil, nil, "failed"},
		{"not run", row(), true, nil, nil, "not run"},
		{"can't be had", []named{{Row{}, "x"}}, true, nil, nil, "n/a"},
	} {
		l := bars("x", tc.rows, tc.log)
		gap := ""
		if len(l.Gaps) == 1 {
			gap = l.Gaps[0].Text
		}
		if !slices.Equal(l.Labels, tc.labels) || !slices.Equal(l.Ranges, tc.ranges) || gap != tc.gap {
			t.Errorf("%s: %+v", tc.name, l)
		}
	}
}

func TestFindings(t *testing.T) {
	figures := func(a, b float64) map[string]Figure {
		return map[string]Figure{"a": figure("all", []play.Result{run("a", a)}), "b": figure("all", []play.Result{run("b", b)})}
	}
	rows := func(all ...map[string]Figure) []named {
		var out []named
		for _, f := range all {
			out = append(out, named{Row{Figures: f}, ""})
		}
		return out
	}
	cutB := map[string]Figure{"a": figure("all", []play.Result{run("a", 9)}), "b": figure("all", []play.Result{cut("b", "")})}
	two := Report{Columns: []Column{{Name: "a"}, {Name: "b"}}}
	for _, tc := range []struct {
		report Report
		rows   []named
		want   string
	}{
		{two, rows(figures(1, 2)), "a won"},
		{two, rows(figures(1, 2), figures(2, 1), figures(3, 1)), "b won in 2 of 3, a in 1"},
		{two, rows(figures(1, 1), figures(2, 1)), "b won in 1 of 2"},
		{two, rows(figures(1, 1)), "nobody won"},
		{two, rows(cutB), "a won"},
		{Report{Columns: two.Columns[:1]}, rows(figures(1, 2)), ""},
	} {
		if got := least("won")(tc.report, tc.rows); got != tc.want {
			t.Errorf("%q, want %q", got, tc.want)
		}
	}
	if got := worst(two, rows(figures(1, 0), figures(4, 0), cutB)); got != "living members removed in the worst run: a 9, b 0 or more" {
		t.Error(got)
	}
}
