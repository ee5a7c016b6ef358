package chart

import (
	"math"
	"slices"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// barsShare is how much of the room of a category its bars take, and thickest the most that one of them may.
const (
	barsShare = 0.8
	thickest  = vg.Length(46)
)

// each is the room of one bar of a category.
func (d *drawing) each(slot vg.Length) vg.Length {
	return min(thickest, slot*barsShare/vg.Length(max(1, len(d.bars))))
}

// barNames are those of the lines that are bars, in the order in which they stand side by side.
func (c *Chart) barNames() []string {
	var out []string
	for _, l := range c.Lines {
		if l.Shape == Bars && !slices.Contains(out, l.Name) {
			out = append(out, l.Name)
		}
	}
	return out
}

// slot is the least distance between two categories of bars; on a logarithmic axis their least ratio.
func (c *Chart) slot(log bool) float64 {
	var at []float64
	for _, l := range c.Lines {
		for _, p := range l.Points {
			if l.Shape == Bars {
				at = append(at, p.X)
			}
		}
	}
	slices.Sort(at)
	at = slices.Compact(at)
	least := math.Inf(1)
	for i := 1; i < len(at); i++ {
		gap := at[i] - at[i-1]
		if log {
			gap = at[i] / at[i-1]
		}
		least = min(least, gap)
	}
	switch {
	case !math.IsInf(least, 1):
		return least
	case len(at) == 0 && log: // no bars
		return 1
	case len(at) == 0:
		return 0
	case log:
		return 10
	}
	return 1
}

// bar tells how thick bars are, and how far from the middle of its category that of a name stands.
func (d *drawing) bar(f frame, name string) (thick, aside vg.Length) {
	from, to := Point{0, 1}, Point{d.chart.slot(false), 1}
	if d.chart.X.Log {
		from, to = Point{1, 1}, Point{d.chart.slot(true), 1}
	}
	if len(d.chart.X.Names) > 0 {
		to.X = 1
	}
	a, b := d.at(f, from), d.at(f, to)
	slot := vg.Length(math.Abs(float64(b.X - a.X)))
	if d.sideways {
		slot = vg.Length(math.Abs(float64(b.Y - a.Y)))
	}
	n := vg.Length(len(d.bars))
	each := d.each(slot)
	gap := min(2, each/8)
	return each - gap, each * (vg.Length(slices.Index(d.bars, name)) - (n-1)/2)
}

func (d *drawing) drawBars(f frame, l *Line) {
	s := d.palette.style(l.Name)
	thick, aside := d.bar(f, l.Name)
	ground := d.ground()
	for _, p := range l.Points {
		d.fill(s.paint, d.beam(f, p, ground, thick, aside).Path())
	}
	for i, r := range l.Ranges {
		d.whisker(f, draw.LineStyle{Color: background, Width: 4}, l.Points[i].X, aside, r)
		d.whisker(f, draw.LineStyle{Color: ink, Width: 1.3}, l.Points[i].X, aside, r)
	}
}

// ground is the value at which bars begin: zero, if it is on the axis.
func (d *drawing) ground() float64 {
	e := d.chart.vertical()
	return min(max(0, e.low), e.high)
}

// beam is the outline of a bar.
func (d *drawing) beam(f frame, p Point, ground float64, thick, aside vg.Length) vg.Rectangle {
	e := d.chart.vertical()
	a, b := d.at(f, Point{p.X, ground}), d.at(f, Point{p.X, min(max(p.Y, e.low), e.high)})
	half := vg.Point{X: thick / 2}
	move := vg.Point{X: aside}
	if d.sideways {
		half, move = vg.Point{Y: thick / 2}, vg.Point{Y: -aside}
	}
	a, b = a.Add(move), b.Add(move)
	low := vg.Point{X: min(a.X, b.X), Y: min(a.Y, b.Y)}
	high := vg.Point{X: max(a.X, b.X), Y: max(a.Y, b.Y)}
	low, high = low.Sub(half), high.Add(half)
	return vg.Rectangle{ // a bar at the end of a fixed axis is cut in half
		Min: vg.Point{X: max(low.X, f.dc.Min.X), Y: max(low.Y, f.dc.Min.Y)},
		Max: vg.Point{X: min(high.X, f.dc.Max.X), Y: min(high.Y, f.dc.Max.Y)},
	}
}

// drawLabels writes what stands at the ends of bars, over everything else.
func (d *drawing) drawLabels(f frame) {
	for i := range d.chart.Lines {
		l := &d.chart.Lines[i]
		_, aside := d.bar(f, l.Name)
		for j, text := range l.Labels {
			end := l.Points[j].Y
			if len(l.Ranges) > 0 {
				end = max(end, l.Ranges[j].High)
			}
			d.valueAt(f, Point{l.Points[j].X, end}, aside, ink, text)
		}
		for _, g := range l.Gaps {
			d.valueAt(f, Point{g.X, d.ground()}, aside, muted, g.Text)
		}
	}
}

func (d *drawing) valueAt(f frame, p Point, aside vg.Length, paint paint, text string) {
	e := d.chart.vertical()
	at := d.at(f, Point{p.X, min(p.Y, e.high)})
	w := measure(valueFont, text)
	if d.sideways {
		d.text(valueFont, paint, at.X+6, at.Y-aside-valueFont.Size*0.36, text)
		return
	}
	d.text(valueFont, paint, at.X+aside-w/2, at.Y+5, text)
}

// widestLabel is the room that labels need at the ends of bars. A gap has that of its bar.
func (d *drawing) widestLabel() vg.Length {
	out := vg.Length(0)
	for _, l := range d.chart.Lines {
		out = max(out, widest(l.Labels, valueFont))
		for _, g := range l.Gaps {
			if !d.sideways {
				out = max(out, measure(valueFont, g.Text))
			}
		}
	}
	if out > 0 {
		out += 8
	}
	return out
}
