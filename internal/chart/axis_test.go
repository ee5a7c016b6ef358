package chart

import (
	"strings"
	"testing"
)

func TestTicks(t *testing.T) {
	for _, tc := range []struct {
		ticker    ticker
		low, high float64
		want      string
	}{
		{ticker{n: 5}, 0, 1, "0 0.2 0.4 0.6 0.8 1.0"},
		{ticker{n: 5}, -3, 3, "−3 −2 −1 0 1 2 3"},
		{ticker{n: 5}, 0, 25_000, "0 5k 10k 15k 20k 25k"},
		{ticker{n: 5}, 0, 5_000, "0 1000 2000 3000 4000 5000"},
		{ticker{n: 3}, 0, 4e6, "0 1M 2M 3M 4M"},
		{ticker{n: 3}, 0, 2.5e6, "0 1M 2M"},
		{ticker{n: 5}, 2.2, 2.9, "2.2 2.3 2.4 2.5 2.6 2.7 2.8 2.9"},
		{ticker{n: 5}, 0, 0.00005, "0 10⁻⁵ 2×10⁻⁵ 3×10⁻⁵ 4×10⁻⁵ 5×10⁻⁵"},
		{ticker{log: true, n: 5}, 1e-5, 10, "10⁻⁵ 0.0001 0.001 0.01 0.1 1 10"},
		{ticker{log: true, n: 7}, 10, 10_000, "10 100 1k 10k"},
		{ticker{log: true, n: 7}, 0.2, 20, "0.2 0.5 1 2 5 10 20"},
		{ticker{log: true, n: 5}, 1e-12, 1, "10⁻¹² 10⁻¹⁰ 10⁻⁸ 10⁻⁶ 0.0001 0.01 1"},
		{ticker{log: true, n: 5}, 2, 5, "2.0 2.5 3.0 3.5 4.0 4.5 5.0"},
	} {
		var got []string
		for _, tick := range tc.ticker.Ticks(tc.low, tc.high) {
			if tick.Label != "" {
				got = append(got, tick.Label)
			}
		}
		if s := strings.Join(got, " "); s != tc.want {
			t.Errorf("%v from %v to %v: %s, want %s", tc.ticker, tc.low, tc.high, s, tc.want)
		}
	}
}

func TestAxesFitTheData(t *testing.T) {
	chart := func(shape Shape, points ...Point) *Chart {
		return &Chart{Lines: []Line{{Shape: shape, Points: points}}}
	}
	logs := chart(Curve, Point{10, 0.003}, Point{10_000, 0.7})
	logs.X.Log, logs.Y.Log = true, true
	bars := chart(Bars, Point{1, 0.3}, Point{2, 7})
	bars.Y.Log = true
	fixed := chart(Curve, Point{1, 1})
	fixed.X = Axis{Min: -1, Max: 0}
	for _, tc := range []struct {
		name  string
		chart *Chart
		x, y  extent
	}{
		{"zero is near", chart(Curve, Point{1, 1}, Point{59.5, 9.1}), extent{0, 60}, extent{0, 10}},
		{"zero is far", chart(Curve, Point{100, 90}, Point{110, 110}), extent{100, 110}, extent{90, 110}},
		{"bars begin at zero", chart(Bars, Point{1, 90}, Point{2, 110}), extent{0.5, 2.5}, extent{0, 120}},
		{"below zero", chart(Curve, Point{0, -9}, Point{1, 9}), extent{0, 1}, extent{-10, 10}},
		{"one point", chart(Points, Point{0, 4}), extent{0, 1}, extent{2, 6}},
		{"logarithmic", logs, extent{10, 10_000}, extent{0.002, 1}},
		{"bars on a logarithmic axis are all seen", bars, extent{0.5, 2.5}, extent{0.1, 10}},
		{"fixed", fixed, extent{-1, 0}, extent{0.4, 1.6}},
	} {
		if x, y := tc.chart.horizontal(), tc.chart.vertical(); x != tc.x || y != tc.y {
			t.Errorf("%s: %v and %v, want %v and %v", tc.name, x, y, tc.x, tc.y)
		}
	}
}

// Far from 0 neighbouring floats are further apart than ticks: once that took all memory.
func TestTicksAreFew(t *testing.T) {
	for _, log := range []bool{false, true} {
		if got := (ticker{log, 5}).Ticks(1e17, 1e17+32); len(got) > 15 {
			t.Errorf("%d ticks", len(got))
		}
	}
}
