// Package report makes figures of many runs into one, and prints them.
package report

import (
	"cmp"
	"math"
	"slices"

	"github.com/grapevine-gossip/grapevine/bench/internal/play"
)

// Figure is what several runs of one library gave for one metric.
type Figure struct {
	Runs int `json:"runs"`
	// Cut is how many of them were cut off before the figure was there. In the median and the worst they count as longer
	// than any other.
	Cut     int      `json:"cut,omitempty"`
	Reached []string `json:"reached,omitempty"` // what was reached in those
	Failed  int      `json:"failed,omitempty"`  // runs that gave no figures at all
	// Median, Best and Worst are of all runs but the failed; nil where the run in question was cut off.
	Median *float64 `json:"median,omitempty"`
	Best   *float64 `json:"best,omitempty"`
	Worst  *float64 `json:"worst,omitempty"`
	// Ratio is the median over that of the baseline; nil where one is missing or the baseline's is zero.
	Ratio *float64 `json:"ratio,omitempty"`
}

// figure gathers one metric of the runs of one column.
func figure(metric string, runs []play.Result) Figure {
	var f Figure
	var values []float64
	for _, r := range runs {
		f.Runs++
		if r.Failed != "" {
			f.Failed++
			continue
		}
		if v, ok := r.Values[metric]; ok {
			values = append(values, v)
			continue
		}
		f.Cut++
		f.Reached = append(f.Reached, cmp.Or(r.NoCluster, r.Reached[metric]))
		values = append(values, math.Inf(1))
	}
	if len(values) == 0 {
		return f
	}
	slices.Sort(values)
	f.Median, f.Best, f.Worst = known(median(values)), known(values[0]), known(values[len(values)-1])
	return f
}

// median of sorted values: of an even number the mean of the middle two.
func median(sorted []float64) float64 {
	n := len(sorted)
	if n%2 == 1 {
		return sorted[n/2]
	}
	return (sorted[n/2-1] + sorted[n/2]) / 2
}

func known(v float64) *float64 {
	if math.IsInf(v, 1) {
		return nil
	}
	return &v
}

func ratio(a, b *float64) *float64 {
	if a == nil || b == nil || *b == 0 {
		return nil
	}
	v := *a / *b
	return &v
}
