package chart

import (
	"fmt"
	"slices"
	"strings"

	"gonum.org/v1/plot/vg"
)

// Palette gives each name of a line its colour, dash and marker, the same in all charts.
type Palette struct{ names []string }

// NewPalette gives out styles in the order in which names appear in the charts.
func NewPalette(charts ...Chart) *Palette {
	p := &Palette{}
	for i := range charts {
		for j := range charts[i].Lines {
			if name := charts[i].Lines[j].Name; !slices.Contains(p.names, name) {
				p.names = append(p.names, name)
			}
		}
	}
	return p
}

// style is how the lines of one name look. Who can't tell two colours apart has the dash and the marker.
type style struct {
	index  int
	paint  paint
	dashes []vg.Length
	marker marker
}

func (p *Palette) style(name string) style {
	i := slices.Index(p.names, name)
	if i < 0 {
		i = len(p.names)
		p.names = append(p.names, name)
	}
	// Where the colours begin again, the dashes and markers don't: they are one off.
	turn := i + i/len(colours)
	return style{
		index: i, paint: paint{class: fmt.Sprintf("c%d", i%len(colours)), opacity: 1},
		dashes: dashes[turn%len(dashes)], marker: markers[turn%len(markers)],
	}
}

// dashes have round ends, which add to their length; of some only the ends are seen.
var dashes = [][]vg.Length{
	nil, {8, 6}, {0.1, 4.5}, {9, 5, 0.1, 5}, {4, 5}, {14, 6}, {7, 5, 0.1, 4.5, 0.1, 5}, {0.1, 7},
}

// shade is a colour on a light page and on a dark one.
type shade struct{ light, dark string }

// colours of lines: found by a search for those that are as far from each other as can be, also for eyes that lack one
// kind of cone, with the first four the farthest. Each has a contrast of at least 3 to its page.
var colours = []shade{
	{"#1D39E3", "#5F7BE2"}, {"#BF461D", "#EFB05F"}, {"#17A487", "#41CAE8"}, {"#920096", "#D86E8E"},
	{"#A99132", "#E3EA5D"}, {"#7A79BC", "#95F2F7"}, {"#6B5E72", "#BFB2A0"}, {"#88161F", "#E9343C"},
}

var page = shade{"#FFFFFF", "#15171C"}

// The paints that are not those of lines.
var (
	background = paint{class: "page", opacity: 1}
	ink        = paint{class: "ink", opacity: 1}
	muted      = paint{class: "muted", opacity: 1}
	gridMajor  = paint{class: "grid", opacity: 1}
	gridMinor  = paint{class: "grid", opacity: 0.45}
)

// styleSheet has all colours. What paints, paints in the current colour, so one rule for each class is enough.
var styleSheet = makeStyleSheet()

func makeStyleSheet() string {
	shades := map[string]shade{
		"page": page, "ink": {"#1C1E24", "#ECEDF1"}, "muted": {"#565B66", "#A9AEBB"}, "grid": {"#DDE0E6", "#343842"},
	}
	names := []string{"page", "ink", "muted", "grid"}
	for i, s := range colours {
		name := fmt.Sprintf("c%d", i)
		shades[name] = s
		names = append(names, name)
	}
	var light, dark strings.Builder
	for _, name := range names {
		fmt.Fprintf(&light, ".gv .%s{color:%s}", name, shades[name].light)
		fmt.Fprintf(&dark, ".gv .%s{color:%s}", name, shades[name].dark)
	}
	return light.String() + "@media screen and (prefers-color-scheme:dark){" + dark.String() + "}"
}
