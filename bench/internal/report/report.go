package report

import (
	"slices"

	"github.com/grapevine-gossip/grapevine/bench/internal/cluster"
	"github.com/grapevine-gossip/grapevine/bench/internal/play"
)

// Report is what is printed.
type Report struct {
	Machine   Machine    `json:"machine"`
	Command   string     `json:"command"`
	N         int        `json:"n"`
	Columns   []Column   `json:"columns"`
	Scenarios []Scenario `json:"scenarios"`
	// Others is the largest share of the processors that other processes used during a run, and in the median; -1 where
	// that is not known.
	OthersMedian float64 `json:"others_median"`
	OthersMost   float64 `json:"others_most"`
}

// Column is a library.
type Column struct {
	Name    string `json:"name"`
	Module  string `json:"module"`
	Version string `json:"version"`
	Setting string `json:"setting"`
}

// Scenario is the rows of one.
type Scenario struct {
	Name  string `json:"name"`
	Title string `json:"title"`
	Rows  []Row  `json:"rows"`
}

// Row is one metric. A column without a figure can't have it: n/a.
type Row struct {
	play.Metric
	Figures map[string]Figure `json:"figures"`
}

// New gathers results.
func New(n int, scenarios []play.Scenario, columns []cluster.Library, results []play.Result) Report {
	r := Report{Machine: machine(), N: n}
	var shown []play.Result
	for _, c := range columns {
		r.Columns = append(r.Columns, Column{c.Name, c.Module, version(c.Module), c.Setting})
	}
	for _, s := range scenarios {
		out := Scenario{Name: s.Name, Title: s.Title}
		for _, c := range columns {
			shown = append(shown, runsOf(results, s.Name, c.Name)...)
		}
		for _, m := range s.Metrics {
			row := Row{m, map[string]Figure{}}
			for _, c := range columns {
				if m.Only == nil || m.Only(c.Name) {
					row.Figures[c.Name] = figure(m.Name, runsOf(results, s.Name, c.Name))
				}
			}
			compare(row.Figures)
			out.Rows = append(out.Rows, row)
		}
		r.Scenarios = append(r.Scenarios, out)
	}
	r.OthersMedian, r.OthersMost = others(shown)
	return r
}

func runsOf(results []play.Result, scenario, column string) []play.Result {
	var out []play.Result
	for _, r := range results {
		if r.Scenario == scenario && r.Column == column {
			out = append(out, r)
		}
	}
	return out
}

// compare fills in the ratios.
func compare(figures map[string]Figure) {
	base := figures[cluster.Baseline].Median
	for name, f := range figures {
		if name != cluster.Baseline {
			f.Ratio = ratio(f.Median, base)
			figures[name] = f
		}
	}
}

func others(results []play.Result) (middle, most float64) {
	var shares []float64
	for _, r := range results {
		if r.Others >= 0 {
			shares = append(shares, r.Others)
		}
	}
	if len(shares) == 0 {
		return -1, -1
	}
	slices.Sort(shares)
	return median(shares), shares[len(shares)-1]
}
