package chart

import (
	"math"
	"slices"

	"gonum.org/v1/plot/vg"
)

// column is the width within which points of a curve are thinned: half a pixel.
const column = 0.5

// thin leaves out points of a curve that nobody would see: of those that follow each other within one column it keeps
// the first, the lowest, the highest and the last.
func thin(points []vg.Point) []vg.Point {
	var out []vg.Point
	for i := 0; i < len(points); {
		j := i + 1
		for j < len(points) && columnOf(points[j]) == columnOf(points[i]) {
			j++
		}
		out = append(out, corners(points[i:j])...)
		i = j
	}
	return straight(out)
}

func columnOf(p vg.Point) float64 { return math.Floor(float64(p.X) / column) }

func corners(run []vg.Point) []vg.Point {
	if len(run) <= 4 {
		return run
	}
	keep := []int{0, 0, 0, len(run) - 1}
	for i, p := range run {
		if p.Y < run[keep[1]].Y {
			keep[1] = i
		}
		if p.Y > run[keep[2]].Y {
			keep[2] = i
		}
	}
	slices.Sort(keep)
	var out []vg.Point
	for _, i := range slices.Compact(keep) {
		out = append(out, run[i])
	}
	return out
}

// straight leaves out points on the way between their neighbours.
func straight(points []vg.Point) []vg.Point {
	var out []vg.Point
	for _, p := range points {
		if n := len(out); n >= 2 && between(out[n-2], out[n-1], p) {
			out = out[:n-1]
		}
		out = append(out, p)
	}
	return out
}

func between(a, b, c vg.Point) bool {
	const slack = 1e-6 // more would add up along a bend
	ab, bc := b.Sub(a), c.Sub(b)
	cross := float64(ab.X*bc.Y) - float64(ab.Y*bc.X)
	forth := float64(ab.X*bc.X)+float64(ab.Y*bc.Y) >= 0
	length := math.Hypot(float64(c.X-a.X), float64(c.Y-a.Y))
	return forth && math.Abs(cross) <= slack*length
}

// cell is the width of the squares of which each shows one point at most.
const cell = 2

// cells gives the squares in which points lie, row by row.
func cells(points []vg.Point) [][2]int {
	out := make([][2]int, 0, len(points))
	for _, p := range points {
		out = append(out, [2]int{int(math.Floor(float64(p.Y) / cell)), int(math.Floor(float64(p.X) / cell))})
	}
	slices.SortFunc(out, func(a, b [2]int) int { return slices.Compare(a[:], b[:]) })
	return slices.Compact(out)
}

// cloud draws squares that hold points as strokes with round ends; those side by side are one stroke.
func cloud(cells [][2]int) vg.Path {
	var path vg.Path
	at := func(c [2]int) vg.Point {
		return vg.Point{X: vg.Length(float64(c[1])+0.5) * cell, Y: vg.Length(float64(c[0])+0.5) * cell}
	}
	for i := 0; i < len(cells); {
		j := i + 1
		for j < len(cells) && cells[j][0] == cells[i][0] && cells[j][1] == cells[j-1][1]+1 {
			j++
		}
		path.Move(at(cells[i]))
		path.Line(at(cells[j-1]))
		i = j
	}
	return path
}
