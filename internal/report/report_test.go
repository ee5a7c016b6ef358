package report

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/grapevine-gossip/grapevine/internal/chart"
)

const nasty = `<script>alert("1")</script> & </style>`

func line(name string) chart.Line {
	return chart.Line{Name: name, Points: []chart.Point{{X: 0, Y: 1}, {X: 1, Y: 2}}}
}

func plot(name string, lines ...chart.Line) chart.Chart {
	return chart.Chart{Name: name, Title: "title of " + name, X: chart.Axis{Label: "x, s"}, Y: chart.Axis{Label: "y, B"}, Lines: lines}
}

func sound() Page {
	return Page{
		Title: "A crash", Question: "How long does it take?", Answer: "Two seconds.",
		Sections: []Section{
			{
				Heading: "First", Text: "One.\n\nTwo.", Charts: []chart.Chart{plot("a", line("one"), line("two"))},
				Tables: []Table{{Caption: "Times", Head: []string{"loss", "p99", "remark"}, Rows: [][]string{{"5 %", "2.3 s", "good"}, {"15 %", "n/a", "5 were cut"}}}},
			},
			{Heading: "Second", Charts: []chart.Chart{plot("b", line("two"))}},
			{Heading: "Third", Text: nasty},
		},
		Settings: [][2]string{{"members", "1000"}}, Replay: "grapevine sim crash --seed 7", Host: [][2]string{{"wall time", "3 s"}},
	}
}

func written(t *testing.T, p Page) (dir, html string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "made", "here")
	if err := Write(dir, p); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "report.html"))
	if err != nil {
		t.Fatal(err)
	}
	return dir, string(text)
}

func TestPageHasEverything(t *testing.T) {
	dir, html := written(t, sound())
	for _, want := range []string{
		"<h1>A crash</h1>", "How long does it take?", "Two seconds.", `<a href="#s2">Second</a>`, `<section id="s2">`, "<p>One.</p>\n<p>Two.</p>",
		"Times", `<th scope="col" class="n">loss</th>`, `<td class="n">2.3 s</td>`, `<td class="n">n/a</td>`, "<td>5 were cut</td>",
		"grapevine sim crash --seed 7", "<dt>members</dt><dd>1000</dd>", "<dt>wall time</dt><dd>3 s</dd>", "title of a", "x, s", "y, B",
	} {
		if !strings.Contains(html, want) {
			t.Errorf("%q is missing", want)
		}
	}
	for _, name := range []string{"a.svg", "b.svg"} {
		svg, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || !strings.Contains(html, string(svg)) {
			t.Errorf("%s is not in the page: %v", name, err)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// What differs from run to run stands at the end, after what does not.
func TestHostStandsApart(t *testing.T) {
	_, html := written(t, sound())
	before, _, _ := strings.Cut(html, `<div class="host">`)
	if !strings.Contains(before, "1000") || !strings.Contains(before, "sim crash") || strings.Contains(before, "wall time") {
		t.Error("the host is not apart")
	}
}

func TestEverythingIsEscaped(t *testing.T) {
	p := sound()
	p.Title, p.Question, p.Answer, p.Replay = nasty, nasty, nasty, nasty
	p.Settings, p.Host = [][2]string{{nasty, nasty}}, [][2]string{{nasty, nasty}}
	p.Sections[0].Heading = nasty
	p.Sections[0].Tables[0] = Table{Caption: nasty, Head: []string{nasty}, Rows: [][]string{{nasty}}}
	c := &p.Sections[0].Charts[0]
	c.Title, c.X.Label, c.Y.Label, c.Lines[0].Name = nasty, nasty, nasty, nasty
	_, html := written(t, p)
	if strings.Contains(html, "<script") || strings.Contains(html, `alert("1")`) {
		t.Error("a tag came through")
	}
	if n := strings.Count(html, "&lt;script&gt;"); n < 15 {
		t.Errorf("only %d of them are there", n)
	}
}

// A page is whole: it asks no one for anything, and its tags are closed.
func TestPageStandsAlone(t *testing.T) {
	_, html := written(t, sound())
	plain := strings.ReplaceAll(html, `xmlns="http://www.w3.org/2000/svg"`, "")
	if found := regexp.MustCompile(`(?i)https?:|src=|url\(|@import|<script|<link`).FindString(plain); found != "" {
		t.Errorf("it has %q", found)
	}
	if !strings.Contains(html, "default-src 'none'") {
		t.Error("requests are not forbidden")
	}
	d := xml.NewDecoder(strings.NewReader(html))
	d.AutoClose, d.Entity, d.Strict = []string{"meta"}, xml.HTMLEntity, false
	var open []string
	for {
		token, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			if token.Name.Local != "meta" {
				open = append(open, token.Name.Local)
			}
		case xml.EndElement:
			last := len(open) - 1
			if last < 0 || open[last] != token.Name.Local {
				t.Fatalf("</%s> within %v", token.Name.Local, open)
			}
			open = open[:last]
		}
	}
	if len(open) > 0 {
		t.Errorf("not closed: %v", open)
	}
}

// The second line of the first chart is the first of the second: it has the same colour in both.
func TestColoursAreThoseOfNames(t *testing.T) {
	dir, _ := written(t, sound())
	svg, err := os.ReadFile(filepath.Join(dir, "b.svg"))
	if err != nil || !bytes.Contains(svg, []byte(`class="c1"`)) || bytes.Contains(svg, []byte(`class="c0"`)) {
		t.Errorf("%v\n%s", err, svg)
	}
}

func TestSamePageSameBytes(t *testing.T) {
	_, a := written(t, sound())
	_, b := written(t, sound())
	if a != b {
		t.Error("they differ")
	}
}

func TestErrorsNameWhatIsWrong(t *testing.T) {
	for _, tc := range []struct {
		spoil func(*Page)
		want  []string
	}{
		{func(p *Page) { p.Title = "" }, []string{"no title"}},
		{func(p *Page) { p.Sections[1].Charts[0].Title = "" }, []string{`section "Second"`, `chart "b"`, "no title"}},
		{func(p *Page) { p.Sections[1].Charts[0].Name = "A" }, []string{`section "Second"`, "two charts would be A.svg"}},
		{func(p *Page) { p.Sections[0].Tables[0].Rows[1] = []string{"1"} }, []string{`section "First"`, `table "Times"`, "row 1 has 1 cells under 3 heads"}},
	} {
		p := sound()
		tc.spoil(&p)
		dir := filepath.Join(t.TempDir(), "out")
		err := Write(dir, p)
		for _, want := range append(tc.want, dir) {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%v does not say %q", err, want)
			}
		}
		if _, err := os.Stat(dir); err == nil {
			t.Error("something was written")
		}
	}
}

// An earlier report is replaced and other files stay; a file that has the name of one of ours is not taken for ours.
func TestDirectoryThatIsInUse(t *testing.T) {
	dir, _ := written(t, sound())
	notes := filepath.Join(dir, "notes.txt")
	if err := os.WriteFile(notes, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := sound()
	p.Title = "Once more"
	if err := Write(dir, p); err != nil {
		t.Fatal(err)
	}
	html, _ := os.ReadFile(filepath.Join(dir, "report.html"))
	if text, err := os.ReadFile(notes); err != nil || string(text) != "mine" || !bytes.Contains(html, []byte("Once more")) {
		t.Errorf("%s, %v", text, err)
	}
	for _, name := range []string{"report.html", "b.svg"} {
		dir := t.TempDir()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte("<html>mine</html>"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := Write(dir, sound()); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%v, want it to name %s", err, path)
		}
		entries, err := os.ReadDir(dir)
		if text, _ := os.ReadFile(path); err != nil || len(entries) != 1 || string(text) != "<html>mine</html>" {
			t.Errorf("%v, %v", entries, err)
		}
	}
	if err := Write(notes, sound()); err == nil || !strings.Contains(err.Error(), notes) {
		t.Errorf("a file as a directory: %v", err)
	}
	if err := os.Mkdir(filepath.Join(dir, "c.svg"), 0o755); err != nil {
		t.Fatal(err)
	}
	p.Sections[1].Charts[0].Name = "c"
	if err := Write(dir, p); err == nil || !strings.Contains(err.Error(), "c.svg") {
		t.Errorf("a directory as a file: %v", err)
	}
}

func TestColumnsOfNumbers(t *testing.T) {
	for _, tc := range []struct {
		cells []string
		want  bool
	}{
		{[]string{"1", "−2.5", "+3", "1,234", "1e-9", "10/20"}, true},
		{[]string{"2.00 s", "12.3 ms", "61 kB/s", "5 %", "x0.20", "< 5"}, true},
		{[]string{"2.00 s [1.00 s .. 3.00 s]", "n/a", "3 (1 failed)", "", "–", "never"}, true},
		{[]string{"3 members crash", "1"}, false},
		{[]string{"crash", "1"}, false},
		{[]string{"", "–"}, false},
		{nil, false},
	} {
		table := Table{Head: []string{"a"}}
		for _, c := range tc.cells {
			table.Rows = append(table.Rows, []string{c})
		}
		if table.numeric(0) != tc.want {
			t.Errorf("%q: %v", tc.cells, !tc.want)
		}
	}
}

func TestParagraphs(t *testing.T) {
	got := paragraphs("\none\ntwo\n\n \n\nthree\n")
	if !slices.Equal(got, []string{"one\ntwo", "three"}) {
		t.Errorf("%q", got)
	}
}
