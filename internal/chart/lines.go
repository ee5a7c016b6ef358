package chart

import (
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// frame is the place between the axes.
type frame struct {
	dc  draw.Canvas
	plt *plot.Plot
}

type plotter func(frame)

// Plot implements plot.Plotter.
func (p plotter) Plot(dc draw.Canvas, plt *plot.Plot) { p(frame{dc, plt}) }

// farOff is as far as a point can be drawn: what is cut off at the frame is exact only for points not too far outside.
const farOff = 1e6

// at is where a point lies.
func (d *drawing) at(f frame, p Point) vg.Point {
	x, y := p.X, p.Y
	if d.sideways {
		x, y = y, x
	}
	return vg.Point{
		X: min(max(f.dc.X(f.plt.X.Norm(x)), -farOff), farOff), Y: min(max(f.dc.Y(f.plt.Y.Norm(y)), -farOff), farOff),
	}
}

func (d *drawing) grid(f frame) {
	for _, tick := range f.plt.X.Tick.Marker.Ticks(f.plt.X.Min, f.plt.X.Max) {
		if named := len(d.chart.X.Names) > 0 && !d.sideways; !named {
			x := f.dc.X(f.plt.X.Norm(tick.Value))
			d.line(gridLine(tick), []vg.Point{{X: x, Y: f.dc.Min.Y}, {X: x, Y: f.dc.Max.Y}})
		}
	}
	for _, tick := range f.plt.Y.Tick.Marker.Ticks(f.plt.Y.Min, f.plt.Y.Max) {
		if !d.sideways {
			y := f.dc.Y(f.plt.Y.Norm(tick.Value))
			d.line(gridLine(tick), []vg.Point{{X: f.dc.Min.X, Y: y}, {X: f.dc.Max.X, Y: y}})
		}
	}
}

func gridLine(t plot.Tick) draw.LineStyle {
	if t.IsMinor() {
		return draw.LineStyle{Color: gridMinor, Width: 1}
	}
	return draw.LineStyle{Color: gridMajor, Width: 1}
}

// base is the line on which the plot stands.
func (d *drawing) base(f frame) {
	end := vg.Point{X: f.dc.Max.X, Y: f.dc.Min.Y}
	if d.sideways {
		end = vg.Point{X: f.dc.Min.X, Y: f.dc.Max.Y}
	}
	d.line(draw.LineStyle{Color: muted, Width: 1.2}, []vg.Point{f.dc.Min, end})
}

func (d *drawing) drawLine(f frame, l *Line) {
	s := d.palette.style(l.Name)
	points := make([]vg.Point, 0, len(l.Points))
	for _, p := range l.Points {
		points = append(points, d.at(f, p))
	}
	if l.Shape == Points {
		d.whiskers(f, l, s)
		d.scatter(f, s, points)
		return
	}
	d.band(f, l, s)
	path := points
	if l.Shape == Step {
		path = d.steps(f, points)
	}
	for _, part := range f.dc.ClipLinesXY(thin(path)) {
		d.stroke(s, part)
	}
	d.marks(s, within(f, seldom(f, s, points)))
}

// steps gives the corners of a line whose values hold until the next one, the last to the end of the axis.
func (d *drawing) steps(f frame, points []vg.Point) []vg.Point {
	var out []vg.Point
	for i, p := range points {
		if i > 0 {
			out = append(out, vg.Point{X: p.X, Y: points[i-1].Y})
		}
		out = append(out, p)
	}
	if last := points[len(points)-1]; last.X < f.dc.Max.X {
		out = append(out, vg.Point{X: f.dc.Max.X, Y: last.Y})
	}
	return out
}

// scatter draws points by themselves; so many that the marks would cover each other become a cloud.
func (d *drawing) scatter(f frame, s style, points []vg.Point) {
	const crowd, dot = 1200, 2.6
	points = within(f, points)
	cells := cells(points)
	if len(cells) <= crowd {
		d.marks(s, thinned(points))
		return
	}
	d.canvas.SetColor(s.paint)
	d.canvas.SetLineDash(nil, 0)
	d.canvas.SetLineWidth(dot)
	d.canvas.Stroke(cloud(cells))
}

// thinned leaves out points that lie within a tenth of a pixel of another.
func thinned(points []vg.Point) []vg.Point {
	seen := map[[2]float64]bool{}
	var out []vg.Point
	for _, p := range points {
		key := [2]float64{math.Round(float64(p.X) * 2), math.Round(float64(p.Y) * 2)}
		if !seen[key] {
			seen[key] = true
			out = append(out, p)
		}
	}
	return out
}

func within(f frame, points []vg.Point) []vg.Point {
	const slack = 0.01
	var out []vg.Point
	for _, p := range points {
		inX := p.X >= f.dc.Min.X-slack && p.X <= f.dc.Max.X+slack
		if inX && p.Y >= f.dc.Min.Y-slack && p.Y <= f.dc.Max.Y+slack {
			out = append(out, p)
		}
	}
	return out
}

// seldom gives the points of a line that get a mark: all of few, otherwise some here and there, at other places for each
// style so that they don't hide each other.
func seldom(f frame, s style, points []vg.Point) []vg.Point {
	const few, marks = 24, 7
	if len(points) <= few {
		return points
	}
	length := f.dc.Max.X - f.dc.Min.X
	step := length / marks
	next := f.dc.Min.X + step*vg.Length(0.2+0.6*math.Mod(float64(s.index)*0.382, 1))
	var out []vg.Point
	for _, p := range points {
		if p.X >= next {
			out = append(out, p)
			for next <= p.X {
				next += step
			}
		}
	}
	return out
}

// band shades where a line may lie.
func (d *drawing) band(f frame, l *Line, s style) {
	if len(l.Ranges) == 0 {
		return
	}
	var low, high []vg.Point
	for i, r := range l.Ranges {
		low = append(low, d.at(f, Point{l.Points[i].X, r.Low}))
		high = append(high, d.at(f, Point{l.Points[i].X, r.High}))
	}
	if l.Shape == Step {
		low, high = d.steps(f, low), d.steps(f, high)
	}
	low, high = thin(low), thin(high)
	for i := range high {
		low = append(low, high[len(high)-1-i])
	}
	clipped := f.dc.ClipPolygonXY(low)
	if len(clipped) == 0 {
		return
	}
	var path vg.Path
	path.Move(clipped[0])
	for _, p := range clipped[1:] {
		path.Line(p)
	}
	path.Close()
	d.fill(paint{class: s.paint.class, opacity: 0.16}, path)
}

// whiskers draws the ranges of points.
func (d *drawing) whiskers(f frame, l *Line, s style) {
	for i, r := range l.Ranges {
		d.whisker(f, draw.LineStyle{Color: s.paint, Width: 1.4}, l.Points[i].X, 0, r)
	}
}

// whisker draws a range at x, moved aside by so much.
func (d *drawing) whisker(f frame, s draw.LineStyle, x float64, aside vg.Length, r Range) {
	if r.Low == r.High {
		return
	}
	const tip = 3.5
	a, b := d.at(f, Point{x, r.Low}), d.at(f, Point{x, r.High})
	across := vg.Point{X: tip}
	move := vg.Point{X: aside}
	if d.sideways {
		across, move = vg.Point{Y: tip}, vg.Point{Y: -aside}
	}
	a, b = a.Add(move), b.Add(move)
	for _, line := range [][]vg.Point{{a, b}, {a.Sub(across), a.Add(across)}, {b.Sub(across), b.Add(across)}} {
		for _, part := range f.dc.ClipLinesXY(line) {
			d.line(s, part)
		}
	}
}
