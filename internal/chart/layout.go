package chart

import (
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Width is that of a picture.
type Width int

// The widths: of a page, and of a telephone.
const (
	Wide   Width = 760
	Narrow Width = 400
)

// fontFamily names fonts of the same widths: the layout measures with the first.
const fontFamily = "'Liberation Sans', Arimo, Arial, Helvetica, sans-serif"

var (
	titleFont  = font.Font{Typeface: "Liberation", Variant: "Sans", Size: 16.5, Weight: bold}
	legendFont = font.Font{Typeface: "Liberation", Variant: "Sans", Size: 13}
	labelFont  = font.Font{Typeface: "Liberation", Variant: "Sans", Size: 12.5}
	tickFont   = font.Font{Typeface: "Liberation", Variant: "Sans", Size: 12.5}
	valueFont  = font.Font{Typeface: "Liberation", Variant: "Sans", Size: 11.5}
)

const (
	bold    = 3 // as golang.org/x/image/font counts
	margin  = vg.Length(14)
	leading = 1.3 // height of a line of text, in its size
)

// SVG draws the chart. The same chart gives the same bytes.
func (c *Chart) SVG() ([]byte, error) { return NewPalette(*c).SVG(c, Wide) }

// SVG draws a chart in the palette's colours.
func (p *Palette) SVG(c *Chart, width Width) ([]byte, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	d := &drawing{chart: c, palette: p, width: vg.Length(width)}
	d.bars = c.barNames()
	d.sideways = d.tooTight()
	heading := d.heading()
	top := vg.Length(0)
	for _, t := range heading {
		top = max(top, t.below)
	}
	d.canvas = newCanvas(top + d.plotHeight())
	d.whole = draw.NewCanvas(d.canvas, d.width, d.canvas.height)
	d.fill(background, d.whole.Path())
	for _, t := range heading {
		t.draw()
	}
	d.drawPlot(draw.Crop(d.whole, margin, -margin, margin+d.footHeight(), -top))
	return d.canvas.document(d.width, c.Title), nil
}

// drawing is one picture in the making.
type drawing struct {
	chart    *Chart
	palette  *Palette
	width    vg.Length
	bars     []string // names of the lines that are bars
	sideways bool     // the x axis points down
	canvas   *canvas
	whole    draw.Canvas
}

// heading is what stands above the plot, in lines from the top: each piece ends at below.
type piece struct {
	below vg.Length
	draw  func()
}

func (d *drawing) heading() []piece {
	y := margin - 2
	var out []piece
	text := func(f font.Font, p paint, s string) {
		for _, line := range wrap(s, f, d.width-2*margin) {
			y += f.Size * leading
			base := y - f.Size*(leading-1)
			out = append(out, piece{y, func() { d.text(f, p, margin, d.canvas.height-base, line) }})
		}
	}
	text(titleFont, ink, d.chart.Title)
	y += 5
	for _, row := range d.legend() {
		y += legendFont.Size * leading
		base := y - legendFont.Size*(leading-1)
		out = append(out, piece{y, func() { d.legendRow(row, d.canvas.height-base) }})
		y += 2
	}
	y += 7
	upright := d.chart.Y.Label
	if d.sideways {
		upright = d.chart.X.Label
	}
	text(labelFont, muted, upright)
	out = append(out, piece{y + 9, func() {}})
	return out
}

// legend gives each name once, in rows that fit.
func (d *drawing) legend() [][]Line {
	var rows [][]Line
	var seen []string
	room := vg.Length(0)
	for _, l := range d.chart.Lines {
		if slices.Contains(seen, l.Name) {
			continue
		}
		seen = append(seen, l.Name)
		need := d.legendWidth(l)
		if need > room {
			rows = append(rows, nil)
			room = d.width - 2*margin
		}
		room -= need
		rows[len(rows)-1] = append(rows[len(rows)-1], l)
	}
	return rows
}

const swatch, swatchGap, legendGap = vg.Length(30), vg.Length(7), vg.Length(20)

func (d *drawing) legendWidth(l Line) vg.Length {
	return swatchWidth(l) + swatchGap + measure(legendFont, l.Name) + legendGap
}

func swatchWidth(l Line) vg.Length {
	if l.Shape == Curve || l.Shape == Step {
		return swatch
	}
	return 11
}

func (d *drawing) legendRow(row []Line, base vg.Length) {
	x := margin
	for _, l := range row {
		w, s := swatchWidth(l), d.palette.style(l.Name)
		middle := base + legendFont.Size*0.34
		switch l.Shape {
		case Bars:
			d.fill(s.paint, vg.Rectangle{Min: vg.Point{X: x, Y: middle - w/2}, Max: vg.Point{X: x + w, Y: middle + w/2}}.Path())
		case Points:
			d.marks(s, []vg.Point{{X: x + w/2, Y: middle}})
		default:
			d.stroke(s, []vg.Point{{X: x, Y: middle}, {X: x + w, Y: middle}})
			d.marks(s, []vg.Point{{X: x + w/2, Y: middle}})
		}
		d.text(legendFont, ink, x+w+swatchGap, base, l.Name)
		x += d.legendWidth(l)
	}
}

// foot is what the axis below says, and how high that is.
func (d *drawing) foot() []string {
	label := d.chart.X.Label
	if d.sideways {
		label = d.chart.Y.Label
	}
	return wrap(label, labelFont, d.width-2*margin)
}

func (d *drawing) footHeight() vg.Length { return labelFont.Size*leading*vg.Length(len(d.foot())) + 4 }

// drawFoot centres the label on the plot, but keeps it on the page.
func (d *drawing) drawFoot(f frame) {
	base := margin + labelFont.Size*(leading-1)
	lines := d.foot()
	for i, line := range lines {
		half := measure(labelFont, line) / 2
		x := max(margin, min(f.dc.Center().X, d.width-margin-half)-half)
		d.text(labelFont, muted, x, base+vg.Length(len(lines)-1-i)*labelFont.Size*leading, line)
	}
}

// plotHeight is what the plot needs, with its axis and its label.
func (d *drawing) plotHeight() vg.Length {
	below := tickFont.Size*leading + 6 + d.footHeight() + margin
	if d.sideways {
		return vg.Length(len(d.chart.X.Names))*d.slotHeight() + below
	}
	height := vg.Length(300)
	if d.width < vg.Length(Wide) {
		height = 240
	}
	return height + below
}

// slotHeight is the room of a category on its side, for its bars and for its name.
func (d *drawing) slotHeight() vg.Length {
	const bar, gap, least = 17, 14, 30
	out := max(least, bar*vg.Length(len(d.bars))+gap)
	for _, tick := range d.names() {
		out = max(out, tickFont.Size*vg.Length(1+strings.Count(tick.Label, "\n"))+gap)
	}
	return out
}

// tooTight tells that names or labels don't fit side by side.
func (d *drawing) tooTight() bool {
	if len(d.chart.X.Names) == 0 {
		return false
	}
	slot := (d.width - 2*margin - 40) / vg.Length(len(d.chart.X.Names))
	for _, name := range d.chart.X.Names {
		if lines := wrap(name, tickFont, slot-8); len(lines) > 3 || widest(lines, tickFont) > slot-8 {
			return true
		}
	}
	return d.widestLabel() > d.each(slot)
}

// drawPlot draws the axes and what is between them.
func (d *drawing) drawPlot(dc draw.Canvas) {
	plt := plot.New()
	plt.BackgroundColor = nil
	x, y := d.axis(&d.chart.X, d.chart.horizontal()), d.axis(&d.chart.Y, d.chart.vertical())
	if d.sideways {
		x, y = y, x
		y.Scale = plot.InvertedScale{Normalizer: plot.LinearScale{}}
		dc = draw.Crop(dc, 0, -d.widestLabel(), 0, 0)
	}
	y.Tick.Label.XAlign, y.Tick.Label.YAlign = draw.XRight, draw.YCenter
	y.Tick.Length = 0
	y.Padding = 4
	if d.sideways {
		x.Tick.Color = background // only their length is wanted: there is no line on which they would stand
	}
	plt.X, plt.Y = x, y
	plt.Add(plotter(d.grid))
	for i := range d.chart.Lines {
		if l := &d.chart.Lines[i]; l.Shape == Bars {
			plt.Add(plotter(func(f frame) { d.drawBars(f, l) }))
		}
	}
	plt.Add(plotter(d.base))
	for i := range d.chart.Lines {
		if l := &d.chart.Lines[i]; l.Shape != Bars {
			plt.Add(plotter(func(f frame) { d.drawLine(f, l) }))
		}
	}
	plt.Add(plotter(d.drawLabels), plotter(d.drawFoot))
	plt.Draw(dc)
}

func (d *drawing) axis(a *Axis, e extent) plot.Axis {
	out := plot.New().X
	out.Min, out.Max = e.low, e.high
	out.Padding = 0
	out.LineStyle = draw.LineStyle{Color: muted, Width: 0}
	out.Tick.LineStyle = draw.LineStyle{Color: muted, Width: 1}
	out.Tick.Length = 5
	out.Tick.Label.Font, out.Tick.Label.Color = tickFont, muted
	labels := 5
	if a == &d.chart.X && !d.sideways || a == &d.chart.Y && d.sideways {
		labels = int(d.width / 95)
	}
	out.Tick.Marker = ticker{log: a.Log, n: labels}
	if a.Log {
		out.Scale = plot.LogScale{}
	}
	if len(a.Names) > 0 {
		out.Tick.Color = background
		out.Tick.Marker = d.names()
	}
	return out
}

func (d *drawing) names() plot.ConstantTicks {
	room := (d.width-2*margin-40)/vg.Length(len(d.chart.X.Names)) - 8
	if d.sideways {
		room = d.width * 0.3
	}
	var out plot.ConstantTicks
	for i, name := range d.chart.X.Names {
		out = append(out, plot.Tick{Value: float64(i), Label: strings.Join(balanced(name, tickFont, room), "\n")})
	}
	return out
}

// wrap breaks a text into lines. A word that is longer than a line stays whole.
func wrap(s string, f font.Font, width vg.Length) []string {
	var lines []string
	for _, word := range strings.Fields(s) {
		if n := len(lines); n > 0 && measure(f, lines[n-1]+" "+word) <= width {
			lines[n-1] += " " + word
			continue
		}
		lines = append(lines, word)
	}
	return lines
}

// balanced breaks a text into as few lines as wrap, of about the same length.
func balanced(s string, f font.Font, width vg.Length) []string {
	out := wrap(s, f, width)
	for width > 0 {
		width -= 5
		narrower := wrap(s, f, width)
		if len(narrower) > len(out) {
			break
		}
		out = narrower
	}
	return out
}

func widest(lines []string, f font.Font) vg.Length {
	out := vg.Length(0)
	for _, line := range lines {
		out = max(out, measure(f, line))
	}
	return out
}

func measure(f font.Font, s string) vg.Length {
	at := face(f)
	return at.Width(s)
}

func face(f font.Font) font.Face { return plot.DefaultTextHandler.Cache().Lookup(f, f.Size) }

func (d *drawing) text(f font.Font, p paint, x, base vg.Length, s string) {
	d.canvas.SetColor(p)
	d.canvas.FillString(face(f), vg.Point{X: x, Y: base}, s)
}

func (d *drawing) fill(p paint, path vg.Path) {
	d.canvas.SetColor(p)
	d.canvas.Fill(path)
}

// stroke draws the line of a style.
func (d *drawing) stroke(s style, points []vg.Point) {
	const width = 2.2
	d.line(draw.LineStyle{Color: s.paint, Width: width, Dashes: s.dashes}, points)
}

func (d *drawing) line(s draw.LineStyle, points []vg.Point) {
	d.whole.StrokeLines(s, points)
}

func (d *drawing) marks(s style, at []vg.Point) {
	if len(at) == 0 {
		return
	}
	const radius = 3.6
	var path vg.Path
	for _, p := range at {
		s.marker.add(&path, p, radius)
	}
	d.fill(s.paint, path)
}
