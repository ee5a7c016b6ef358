package chart

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"image"
	"image/color"
	"math"
	"strconv"

	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
)

// paint is a colour by name: the style sheet says how it looks, since a page may be light or dark.
type paint struct {
	class   string
	opacity float64
}

// RGBA makes it a color.Color, which the plot hands through to the canvas. Nobody else looks at it.
func (p paint) RGBA() (r, g, b, a uint32) {
	return 0, 0, 0, uint32(float64(p.opacity) * math.MaxUint16)
}

// canvas writes what is drawn as SVG, with y counted from above.
type canvas struct {
	body   bytes.Buffer
	height vg.Length
	pen
	saved []pen
}

type pen struct {
	width  vg.Length
	dashes []vg.Length
	paint  paint
	matrix matrix
}

var _ vg.Canvas = (*canvas)(nil)

func newCanvas(height vg.Length) *canvas {
	return &canvas{height: height, pen: pen{width: 1, paint: ink, matrix: identity}}
}

// document wraps what was drawn.
func (c *canvas) document(width vg.Length, label string) []byte {
	var out bytes.Buffer
	w, h := number(width), number(c.height)
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" class="gv" role="img" aria-label="%s" viewBox="0 0 %s %s" width="%s" height="%s"`,
		escaped(label), w, h, w, h)
	fmt.Fprintf(&out, ` font-family="%s" stroke-linejoin="round" stroke-linecap="round">`, fontFamily)
	fmt.Fprintf(&out, "\n<style>%s</style>\n", styleSheet)
	out.Write(c.body.Bytes())
	out.WriteString("</svg>\n")
	return out.Bytes()
}

func escaped(s string) string {
	var b bytes.Buffer
	if err := xml.EscapeText(&b, []byte(s)); err != nil {
		panic(err) // a buffer takes everything
	}
	return b.String()
}

// number has one decimal: a tenth of a pixel is not seen.
func number(v vg.Length) string {
	tenths := math.Round(float64(v) * 10)
	if tenths == 0 {
		return "0"
	}
	return strconv.FormatFloat(tenths/10, 'f', -1, 64)
}

func (c *canvas) SetLineWidth(w vg.Length)               { c.width = w }
func (c *canvas) SetLineDash(d []vg.Length, _ vg.Length) { c.dashes = d }

func (c *canvas) SetColor(col color.Color) {
	if p, ok := col.(paint); ok {
		c.paint = p
	} else {
		c.paint = ink
	}
}

func (c *canvas) Push() { c.saved = append(c.saved, c.pen) }

func (c *canvas) Pop() {
	last := len(c.saved) - 1
	c.pen, c.saved = c.saved[last], c.saved[:last]
}

func (c *canvas) Rotate(rad float64) {
	sin, cos := math.Sincos(rad)
	c.matrix = c.matrix.before(matrix{cos, sin, -sin, cos, 0, 0})
}

func (c *canvas) Translate(p vg.Point) {
	c.matrix = c.matrix.before(matrix{1, 0, 0, 1, float64(p.X), float64(p.Y)})
}

func (c *canvas) Scale(x, y float64) { c.matrix = c.matrix.before(matrix{x, 0, 0, y, 0, 0}) }

func (c *canvas) Stroke(path vg.Path) {
	if c.width <= 0 {
		return
	}
	fmt.Fprintf(&c.body, `<path class="%s" fill="none" stroke="currentColor" stroke-width="%s"`, c.paint.class, number(c.width))
	for i, d := range c.dashes {
		if i == 0 {
			c.body.WriteString(` stroke-dasharray="`)
		} else {
			c.body.WriteByte(' ')
		}
		c.body.WriteString(number(d))
	}
	if len(c.dashes) > 0 {
		c.body.WriteByte('"')
	}
	c.finish("stroke-opacity", path)
}

func (c *canvas) Fill(path vg.Path) {
	fmt.Fprintf(&c.body, `<path class="%s" fill="currentColor"`, c.paint.class)
	c.finish("fill-opacity", path)
}

// finish ends an element that was begun.
func (c *canvas) finish(opacity string, path vg.Path) {
	if c.paint.opacity < 1 {
		fmt.Fprintf(&c.body, ` %s="%s"`, opacity, strconv.FormatFloat(c.paint.opacity, 'f', -1, 64))
	}
	c.body.WriteString(` d="`)
	c.outline(path)
	c.body.WriteString("\"/>\n")
}

func (c *canvas) outline(path vg.Path) {
	var last vg.PathComp
	for _, part := range path {
		switch part.Type {
		case vg.MoveComp:
			c.body.WriteString("M" + c.at(part.Pos))
		case vg.LineComp:
			// What follows a point is a line if nothing else is said.
			if last.Type == vg.MoveComp || last.Type == vg.LineComp {
				c.body.WriteString(" " + c.at(part.Pos))
			} else {
				c.body.WriteString("L" + c.at(part.Pos))
			}
		case vg.ArcComp:
			c.arc(part)
		case vg.CurveComp:
			c.curve(part)
		case vg.CloseComp:
			c.body.WriteString("Z")
		}
		last = part
	}
}

// arc is drawn in two halves: a single one whose ends are the same point would not be seen.
func (c *canvas) arc(part vg.PathComp) {
	sweep := 0
	if part.Angle < 0 {
		sweep = 1
	}
	on := func(angle float64) string {
		sin, cos := math.Sincos(angle)
		return c.at(part.Pos.Add(vg.Point{X: vg.Length(cos) * part.Radius, Y: vg.Length(sin) * part.Radius}))
	}
	r := number(part.Radius)
	for _, share := range []float64{0.5, 1} {
		fmt.Fprintf(&c.body, "A%s %s 0 0 %d %s", r, r, sweep, on(part.Start+float64(share*part.Angle)))
	}
}

func (c *canvas) curve(part vg.PathComp) {
	c.body.WriteString(map[int]string{1: "Q", 2: "C"}[len(part.Control)])
	for _, p := range part.Control {
		c.body.WriteString(c.at(p) + " ")
	}
	c.body.WriteString(c.at(part.Pos))
}

func (c *canvas) at(p vg.Point) string {
	x, y := c.matrix.apply(float64(p.X), float64(p.Y))
	return number(vg.Length(x)) + " " + number(c.height-vg.Length(y))
}

func (c *canvas) FillString(f font.Face, p vg.Point, s string) {
	if f.Font.Size <= 0 || s == "" {
		return
	}
	x, y := c.matrix.apply(float64(p.X), float64(p.Y))
	px, py := number(vg.Length(x)), number(c.height-vg.Length(y))
	fmt.Fprintf(&c.body, `<text class="%s" fill="currentColor" x="%s" y="%s" font-size="%s"`, c.paint.class, px, py, number(f.Font.Size))
	if f.Font.Weight > 0 {
		c.body.WriteString(` font-weight="600"`)
	}
	if turn := c.matrix.turn(); turn != 0 {
		fmt.Fprintf(&c.body, ` transform="rotate(%s %s %s)"`, number(vg.Length(-turn)), px, py)
	}
	fmt.Fprintf(&c.body, ">%s</text>\n", escaped(s))
}

// DrawImage draws nothing: no chart has a picture.
func (c *canvas) DrawImage(vg.Rectangle, image.Image) {}

// matrix maps (x, y) to (a x + c y + e, b x + d y + f).
type matrix [6]float64

var identity = matrix{1, 0, 0, 1, 0, 0}

// before is the map that first does n, then m.
func (m matrix) before(n matrix) matrix {
	a, b := m.apply(n[0], n[1])
	c, d := m.apply(n[2], n[3])
	e, f := m.apply(n[4], n[5])
	return matrix{a - m[4], b - m[5], c - m[4], d - m[5], e, f}
}

func (m matrix) apply(x, y float64) (float64, float64) {
	return float64(m[0]*x) + float64(m[2]*y) + m[4], float64(m[1]*x) + float64(m[3]*y) + m[5]
}

// turn is the rotation in degrees, counterclockwise.
func (m matrix) turn() float64 { return math.Round(math.Atan2(m[1], m[0]) * 180 / math.Pi) }
