package chart

import (
	"math"

	"gonum.org/v1/plot/vg"
)

// marker is the outline of a mark of radius 1; none is a circle.
type marker []vg.Point

var markers = []marker{
	nil,
	{{X: -0.9, Y: -0.9}, {X: 0.9, Y: -0.9}, {X: 0.9, Y: 0.9}, {X: -0.9, Y: 0.9}},
	{{X: -1.15, Y: -0.85}, {X: 1.15, Y: -0.85}, {X: 0, Y: 1.25}},
	{{X: -1.3, Y: 0}, {X: 0, Y: -1.3}, {X: 1.3, Y: 0}, {X: 0, Y: 1.3}},
	{{X: -1.15, Y: 0.85}, {X: 1.15, Y: 0.85}, {X: 0, Y: -1.25}},
	plus(0),
	plus(math.Pi / 4),
	{{X: -1.4, Y: -0.5}, {X: 1.4, Y: -0.5}, {X: 1.4, Y: 0.5}, {X: -1.4, Y: 0.5}},
}

// plus is a cross with thick arms, turned.
func plus(turn float64) marker {
	const arm, half = 1.4, 0.45
	sin, cos := math.Sincos(turn)
	var out marker
	for _, p := range [][2]float64{
		{half, half}, {half, arm}, {-half, arm}, {-half, half}, {-arm, half}, {-arm, -half},
		{-half, -half}, {-half, -arm}, {half, -arm}, {half, -half}, {arm, -half}, {arm, half},
	} {
		x, y := p[0], p[1]
		out = append(out, vg.Point{X: vg.Length(float64(x*cos) - float64(y*sin)), Y: vg.Length(float64(x*sin) + float64(y*cos))})
	}
	return out
}

// add appends the mark to a path, so that all marks of a line are one element.
func (m marker) add(path *vg.Path, at vg.Point, radius vg.Length) {
	if len(m) == 0 {
		path.Move(at.Add(vg.Point{X: radius}))
		path.Arc(at, radius, 0, 2*math.Pi)
		path.Close()
		return
	}
	for i, p := range m {
		p = at.Add(vg.Point{X: p.X * radius, Y: p.Y * radius})
		if i == 0 {
			path.Move(p)
		} else {
			path.Line(p)
		}
	}
	path.Close()
}
