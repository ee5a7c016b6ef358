package chart

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/plot/vg"
)

// In each column the thinned curve reaches as high and as low as the whole, and it enters and leaves at the same points.
func TestThinningKeepsTheLook(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var all []vg.Point
	for i := range 100_000 {
		all = append(all, vg.Point{X: vg.Length(i) * 700 / 100_000, Y: vg.Length(100 + 30*r.NormFloat64())})
	}
	few := thin(all)
	if len(few) > 4*2*700 {
		t.Errorf("%d points are left", len(few))
	}
	columns := func(points []vg.Point) map[float64][4]vg.Length {
		out := map[float64][4]vg.Length{}
		for _, p := range points {
			c, ok := out[columnOf(p)]
			if !ok {
				c = [4]vg.Length{p.Y, p.Y, p.Y, p.Y}
			}
			out[columnOf(p)] = [4]vg.Length{c[0], min(c[1], p.Y), max(c[2], p.Y), p.Y}
		}
		return out
	}
	want, got := columns(all), columns(few)
	for x, c := range want {
		if got[x] != c {
			t.Fatalf("column %v: %v, want %v", x, got[x], c)
		}
	}
}

func TestThinningOfFewLeavesAll(t *testing.T) {
	bend := []vg.Point{{X: 0, Y: 0}, {X: 1, Y: 0}, {X: 1, Y: 1}, {X: 2, Y: 1}, {X: 3, Y: 0}}
	if got := thin(bend); !slices.Equal(got, bend) {
		t.Errorf("%v", got)
	}
	straight := []vg.Point{{X: 0, Y: 0}, {X: 1, Y: 1}, {X: 2, Y: 2}, {X: 3, Y: 3}, {X: 2, Y: 2}}
	if got := thin(straight); !slices.Equal(got, []vg.Point{{X: 0, Y: 0}, {X: 3, Y: 3}, {X: 2, Y: 2}}) {
		t.Errorf("%v", got)
	}
	if got := thin(nil); len(got) != 0 {
		t.Errorf("%v", got)
	}
}

// A bend is not cut, however fine its points are.
func TestThinningKeepsBends(t *testing.T) {
	var arc []vg.Point
	for i := range 20_000 {
		a := float64(i) / 20_000 * math.Pi
		arc = append(arc, vg.Point{X: vg.Length(350 - 350*math.Cos(a)), Y: vg.Length(200 * math.Sin(a))})
	}
	few := thin(arc)
	j := 1
	for _, p := range arc {
		for few[j].X < p.X {
			j++
		}
		a, b := few[j-1], few[j]
		y := a.Y + (b.Y-a.Y)*(p.X-a.X)/max(b.X-a.X, 1e-9)
		if steep := p.X < 5 || p.X > 695; !steep && math.Abs(float64(y-p.Y)) > 0.1 {
			t.Fatalf("at %v it is off by %v", p, y-p.Y)
		}
	}
}

// A cloud has a stroke over each point, and none elsewhere.
func TestCloudCoversItsPoints(t *testing.T) {
	points := []vg.Point{{X: 1, Y: 1}, {X: 1.1, Y: 1.2}, {X: 3, Y: 1}, {X: 5, Y: 1}, {X: 9, Y: 1}, {X: 1, Y: 7}}
	got := cloud(cells(points))
	want := []vg.Point{{X: 1, Y: 1}, {X: 5, Y: 1}, {X: 9, Y: 1}, {X: 9, Y: 1}, {X: 1, Y: 7}, {X: 1, Y: 7}}
	var ends []vg.Point
	for _, part := range got {
		ends = append(ends, part.Pos)
	}
	if !slices.Equal(ends, want) {
		t.Errorf("%v", ends)
	}
}
