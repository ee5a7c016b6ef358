package chart

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"pgregory.net/rapid"
)

// element is one of a picture.
type element struct {
	name string
	attr map[string]string
	text string
}

func (e element) number(t interface{ Fatal(...any) }, attr string) vg.Length {
	v, err := strconv.ParseFloat(e.attr[attr], 64)
	if err != nil {
		t.Fatal(err)
	}
	return vg.Length(v)
}

// parsed reads a picture, which has to be XML.
func parsed(t interface{ Fatal(...any) }, svg []byte) []element {
	var out []element
	for d := xml.NewDecoder(bytes.NewReader(svg)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			e := element{name: token.Name.Local, attr: map[string]string{}}
			for _, a := range token.Attr {
				e.attr[a.Name.Local] = a.Value
			}
			out = append(out, e)
		case xml.CharData:
			if n := len(out); n > 0 {
				out[n-1].text += string(token)
			}
		}
	}
}

func drawn(t *testing.T, c Chart, w Width) []element {
	t.Helper()
	svg, err := NewPalette(c).SVG(&c, w)
	if err != nil {
		t.Fatal(err)
	}
	return parsed(t, svg)
}

func each(t *testing.T, test func(t *testing.T, c Chart, drawn []element)) {
	for _, c := range samples() {
		for _, w := range []Width{Wide, Narrow} {
			t.Run(c.Name+"/"+strconv.Itoa(int(w)), func(t *testing.T) { test(t, c, drawn(t, c, w)) })
		}
	}
}

func TestAllTextIsThere(t *testing.T) {
	each(t, func(t *testing.T, c Chart, all []element) {
		var text []string
		for _, e := range all {
			if e.name == "text" {
				text = append(text, e.text)
			}
		}
		got := strings.Join(strings.Fields(strings.Join(text, " ")), " ")
		want := append([]string{c.Title, c.X.Label, c.Y.Label}, c.X.Names...)
		for _, l := range c.Lines {
			want = append(want, l.Name)
			want = append(want, l.Labels...)
			for _, g := range l.Gaps {
				want = append(want, g.Text)
			}
		}
		for _, w := range want {
			if !strings.Contains(got, w) {
				t.Errorf("%q is not in %q", w, got)
			}
		}
		if all[0].attr["aria-label"] != c.Title {
			t.Errorf("it is called %q", all[0].attr["aria-label"])
		}
	})
}

// Texts may touch neither each other nor the edge, and so neither does the legend the plot: that begins under its label.
func TestTextsDoNotOverlap(t *testing.T) {
	each(t, func(t *testing.T, c Chart, all []element) {
		var boxes []vg.Rectangle
		var texts []string
		for _, e := range all {
			if e.name != "text" {
				continue
			}
			f := font.Font{Typeface: "Liberation", Variant: "Sans", Size: e.number(t, "font-size")}
			if e.attr["font-weight"] != "" {
				f.Weight = bold
			}
			x, y := e.number(t, "x"), e.number(t, "y")
			box := vg.Rectangle{Min: vg.Point{X: x, Y: y - 0.7*f.Size}, Max: vg.Point{X: x + measure(f, e.text), Y: y + 0.1*f.Size}}
			if box.Min.X < 0 || box.Max.X > all[0].number(t, "width") || box.Min.Y < 0 || box.Max.Y > all[0].number(t, "height") {
				t.Errorf("%q is beyond the edge: %v", e.text, box)
			}
			for i, b := range boxes {
				if b.Min.X < box.Max.X && box.Min.X < b.Max.X && b.Min.Y < box.Max.Y && box.Min.Y < b.Max.Y {
					t.Errorf("%q is over %q", e.text, texts[i])
				}
			}
			boxes, texts = append(boxes, box), append(texts, e.text)
		}
	})
}

var numbers = regexp.MustCompile(`-?[0-9.]+`)

// inside checks that nothing is drawn beyond the edge: what the axes leave out is cut off.
func inside(t interface {
	Fatal(...any)
	Errorf(string, ...any)
}, all []element) {
	w, h := all[0].number(t, "width"), all[0].number(t, "height")
	for _, e := range all {
		if e.name != "path" || strings.Contains(e.attr["d"], "A") {
			continue
		}
		coordinates := numbers.FindAllString(e.attr["d"], -1)
		if len(coordinates)%2 != 0 || len(coordinates) == 0 {
			t.Errorf("a path of %d numbers: %.60s", len(coordinates), e.attr["d"])
		}
		for i, s := range coordinates {
			v, err := strconv.ParseFloat(s, 64)
			if limit := []vg.Length{w, h}[i%2]; err != nil || v < 0 || vg.Length(v) > limit {
				t.Errorf("%s in %.80s, and the picture is %v by %v", s, e.attr["d"], w, h)
				break
			}
		}
	}
}

func TestNothingIsBeyondTheEdge(t *testing.T) {
	each(t, func(t *testing.T, _ Chart, all []element) { inside(t, all) })
}

func TestSameChartSameBytes(t *testing.T) {
	for i, c := range samples() {
		a, err := c.SVG()
		again := samples()[i]
		b, err2 := again.SVG()
		if err != nil || err2 != nil || !bytes.Equal(a, b) {
			t.Errorf("%s: %v, %v", c.Name, err, err2)
		}
		if bytes.Contains(a, []byte("NaN")) || bytes.Contains(a, []byte("Inf")) {
			t.Errorf("%s has what is no number", c.Name)
		}
	}
}

func TestBrokenChartIsNotDrawn(t *testing.T) {
	c := sound()
	c.Title = ""
	if svg, err := c.SVG(); err == nil || svg != nil {
		t.Errorf("%s, %v", svg, err)
	}
}

// painted gives the paths in the colours of lines.
func painted(all []element) map[string][]element {
	out := map[string][]element{}
	for _, e := range all {
		if class := e.attr["class"]; e.name == "path" && regexp.MustCompile(`^c\d$`).MatchString(class) {
			out[class] = append(out[class], e)
		}
	}
	return out
}

func TestNameKeepsItsStyle(t *testing.T) {
	line := func(name string) Line { return Line{Name: name, Points: []Point{{0, 0}, {1, 1}}} }
	a, b := sound(), sound()
	a.Lines = []Line{line("one"), line("two")}
	b.Lines = []Line{line("three"), line("two")}
	p := NewPalette(a, b)
	svg, err := p.SVG(&b, Wide)
	if err != nil {
		t.Fatal(err)
	}
	paths := painted(parsed(t, svg))
	if len(paths["c0"]) != 0 || len(paths["c1"]) == 0 || len(paths["c2"]) == 0 {
		t.Errorf("%v", paths)
	}
	seen := map[string]bool{}
	for _, class := range []string{"c1", "c2"} {
		dash := paths[class][0].attr["stroke-dasharray"]
		if dash == "" || seen[dash] {
			t.Errorf("%s has dashes %q", class, dash)
		}
		seen[dash] = true
	}
	for i := range 40 { // more than there are colours
		first, again := p.style(strconv.Itoa(i)), p.style(strconv.Itoa(i))
		if first.index != again.index || first.paint != again.paint || !slices.Equal(first.dashes, again.dashes) {
			t.Errorf("%d: %v, %v", i, first, again)
		}
	}
}

// Bars are as long as their values say, begin at zero, and stand in the order of their lines.
func TestBarsAreToScale(t *testing.T) {
	c := sound()
	c.X.Names = []string{"n", "m"}
	c.Lines = []Line{
		{Name: "a", Shape: Bars, Points: []Point{{0, 4}, {1, 2}}},
		{Name: "b", Shape: Bars, Points: []Point{{0, 1}, {1, 4}}},
	}
	all := painted(drawn(t, c, Wide))
	type bar struct{ left, height float64 }
	var got []bar
	for _, class := range []string{"c0", "c1"} {
		for _, e := range all[class][1:] { // without that of the legend
			var v []float64
			for _, s := range numbers.FindAllString(e.attr["d"], -1) {
				f, _ := strconv.ParseFloat(s, 64)
				v = append(v, f)
			}
			got = append(got, bar{min(v[0], v[2], v[4]), max(v[1], v[3], v[5]) - min(v[1], v[3], v[5])})
		}
	}
	unit := got[2].height
	for i, want := range []float64{4, 2, 1, 4} {
		if d := got[i].height - want*unit; d > 0.5 || d < -0.5 {
			t.Errorf("bar %d is %v high, and one unit is %v", i, got[i].height, unit)
		}
	}
	if got[0].left >= got[2].left || got[2].left >= got[1].left || got[1].left >= got[3].left {
		t.Errorf("wrong order: %v", got)
	}
}

func TestLongNamesTurnTheChart(t *testing.T) {
	upright, sideways := samples()[4], samples()[5]
	wordy := grouped("wordy", []string{"one"}, []string{"a", "b"}) // much room, but bars are never so wide
	wordy.Lines[0].Labels[0] = "1.52 ms/s"
	for _, tc := range []struct {
		chart Chart
		want  bool
	}{{upright, false}, {sideways, true}, {wordy, true}} {
		d := &drawing{chart: &tc.chart, width: vg.Length(Wide), bars: tc.chart.barNames()}
		if d.tooTight() != tc.want {
			t.Errorf("%s: turned %v", tc.chart.Name, !tc.want)
		}
	}
}

// Whatever passes Check can be drawn.
func TestAnyChartIsDrawn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.OneOf(rapid.Float64Range(-1e99, 1e99), rapid.Float64Range(-1, 1), rapid.Float64Range(0.1, 1e4), rapid.Float64Range(1e17, 1e17+40))
		axis := func(name string) Axis {
			a := Axis{Label: name, Log: rapid.Bool().Draw(t, "log")}
			if rapid.IntRange(0, 3).Draw(t, "fixed") == 0 {
				a.Min, a.Max = value.Draw(t, "min"), value.Draw(t, "max")
			}
			return a
		}
		c := Chart{Name: "a", Title: "t", X: axis("x"), Y: axis("y")}
		for i := range rapid.IntRange(1, 3).Draw(t, "lines") {
			l := Line{Name: strconv.Itoa(i), Shape: Shape(rapid.IntRange(0, 3).Draw(t, "shape"))}
			for range rapid.IntRange(1, 40).Draw(t, "points") {
				l.Points = append(l.Points, Point{value.Draw(t, "x"), value.Draw(t, "y")})
			}
			c.Lines = append(c.Lines, l)
		}
		if c.Check() != nil {
			return
		}
		svg, err := c.SVG()
		if err != nil {
			t.Fatal(err)
		}
		inside(t, parsed(t, svg))
	})
}
