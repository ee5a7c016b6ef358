package chart

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// samples has a chart of each kind.
func samples() []Chart {
	names := []string{"grapevine", "memberlist", "memberlist, tuned", "serf"}
	return []Chart{
		{
			Name: "cdf", Title: "A title that is so long that it does not fit into one line of the picture, nor into two of a narrow one",
			X: Axis{Label: "time, s", Log: true}, Y: Axis{Label: "share"},
			Lines: []Line{CDF(names[0], heavy(1, 5000)), CDF(names[1], heavy(3, 5000)), CDF(names[2], heavy(5, 300))},
		},
		{
			Name: "band", Title: "Traffic < 200 & flat", X: Axis{Label: "time, s"}, Y: Axis{Label: "bytes a second"},
			Lines: []Line{{Name: "median", Points: []Point{{0, 1}, {5, 2}, {9.9, 1}}, Ranges: []Range{{0, 2}, {1, 4}, {0, 5}}}},
		},
		{
			Name: "cut", Title: "Only a part is shown", X: Axis{Label: "x", Min: 2, Max: 4}, Y: Axis{Label: "y", Min: 2, Max: 4},
			Lines: []Line{
				{Name: "through", Points: []Point{{0, 0}, {10, 10}}, Ranges: []Range{{-1, 1}, {5, 12}}},
				{Name: "steps", Shape: Step, Points: []Point{{0, 9}, {3, 3}, {9, 0}}},
				{Name: "marks", Shape: Points, Points: []Point{{3, 3}, {3, 9}}, Ranges: []Range{{0, 5}, {7, 9}}},
				{Name: "high", Shape: Bars, Points: []Point{{3, 9}, {4, 1}}, Ranges: []Range{{0, 12}, {0, 2}}, Labels: []string{"9", "1"}},
			},
		},
		{
			Name: "cloud", Title: "Many", X: Axis{Label: "time, s"}, Y: Axis{Label: "delay, s", Log: true},
			Lines: []Line{{Name: "each", Shape: Points, Points: scattered(20000)}, {Name: "some", Shape: Points, Points: scattered(9)}},
		},
		grouped("upright", []string{"start", "crash", "heal"}, names),
		grouped("sideways", []string{"all start at once through one seed", "a member changes its metadata", "it heals", "it grows", "its other half falls silent"}, names),
		{
			Name: "histogram", Title: "Counts", X: Axis{Label: "x"}, Y: Axis{Label: "changes"},
			Lines: []Line{{Name: "a", Shape: Bars, Points: []Point{{1, 3}, {1.5, -2}, {3, 70000}}}},
		},
		{
			Name: "powers", Title: "Counts", X: Axis{Label: "members", Log: true}, Y: Axis{Label: "bytes", Log: true},
			Lines: []Line{{Name: "a", Shape: Bars, Points: []Point{{10, 3e-7}, {100, 1e9}, {1000, 7}}}},
		},
		{
			Name: "lonely", Title: "One", X: Axis{Label: "x"}, Y: Axis{Label: "y"},
			Lines: []Line{{Name: "a", Shape: Points, Points: []Point{{3, 3}}}},
		},
	}
}

func grouped(name string, categories, names []string) Chart {
	c := Chart{Name: name, Title: "Ahead", X: Axis{Label: "scenario", Names: categories}, Y: Axis{Label: "time, s", Log: true}}
	for i, n := range names {
		l := Line{Name: n, Shape: Bars}
		for j := range categories {
			if i == 3 && j == 2 {
				l.Gaps = append(l.Gaps, Gap{2, "n/a"})
				continue
			}
			y := 0.01 * math.Pow(2.7, float64(i+j))
			l.Points = append(l.Points, Point{float64(j), y})
			l.Ranges = append(l.Ranges, Range{y / 2, y * 1.5})
			l.Labels = append(l.Labels, fmt.Sprintf("%.2f", y))
		}
		c.Lines = append(c.Lines, l)
	}
	return c
}

func heavy(scale float64, n int) []float64 {
	r := rand.New(rand.NewPCG(1, 2))
	out := make([]float64, n)
	for i := range out {
		out[i] = scale * math.Exp(r.NormFloat64())
	}
	return out
}

func scattered(n int) []Point {
	r := rand.New(rand.NewPCG(3, 4))
	out := make([]Point, n)
	for i := range out {
		out[i] = Point{600 * r.Float64(), math.Exp(r.NormFloat64())}
	}
	return out
}
