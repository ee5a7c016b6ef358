package report

import (
	"bytes"
	_ "embed" // the template and its style
	"errors"
	"fmt"
	"html/template"
	"regexp"
	"slices"
	"strings"

	"github.com/grapevine-gossip/grapevine/internal/chart"
)

//go:embed page.html
var pageText string

//go:embed page.css
var pageStyle string

var pageTemplate = template.Must(template.New("page").Parse(pageText))

// shown is a page as the template wants it.
type shown struct {
	Page
	Style    template.CSS
	Sections []shownSection
}

type shownSection struct {
	ID, Heading string
	Paragraphs  []string
	Pictures    []picture
	Tables      []shownTable
}

// picture is one chart, for screens and paper, and for telephones. A style sheet shows one of them.
type picture struct{ Wide, Narrow template.HTML }

type shownTable struct {
	Caption string
	Head    []cell
	Rows    [][]cell
}

type cell struct {
	Text    string
	Numeric bool
}

// file is one that makes a report.
type file struct {
	name    string
	content []byte
}

// files draws everything, before anything is written.
func (p *Page) files() ([]file, error) {
	if p.Title == "" {
		return nil, errors.New("the page has no title")
	}
	var charts []chart.Chart
	for _, s := range p.Sections {
		charts = append(charts, s.Charts...)
	}
	palette := chart.NewPalette(charts...)
	show := shown{Page: *p, Style: template.CSS(pageStyle)}
	var out []file
	for i, s := range p.Sections {
		section := shownSection{ID: fmt.Sprintf("s%d", i+1), Heading: s.Heading, Paragraphs: paragraphs(s.Text)}
		for j := range s.Charts {
			pic, svg, err := draw(palette, &s.Charts[j])
			if err != nil {
				return nil, fmt.Errorf("section %q: %w", s.Heading, err)
			}
			if slices.ContainsFunc(out, func(f file) bool { return strings.EqualFold(f.name, svg.name) }) {
				return nil, fmt.Errorf("section %q: two charts would be %s", s.Heading, svg.name)
			}
			section.Pictures = append(section.Pictures, pic)
			out = append(out, svg)
		}
		for _, t := range s.Tables {
			table, err := t.show()
			if err != nil {
				return nil, fmt.Errorf("section %q: %w", s.Heading, err)
			}
			section.Tables = append(section.Tables, table)
		}
		show.Sections = append(show.Sections, section)
	}
	var html bytes.Buffer
	if err := pageTemplate.Execute(&html, show); err != nil {
		return nil, err
	}
	return append(out, file{"report.html", html.Bytes()}), nil
}

func draw(palette *chart.Palette, c *chart.Chart) (picture, file, error) {
	wide, err := palette.SVG(c, chart.Wide)
	if err != nil {
		return picture{}, file{}, err
	}
	narrow, err := palette.SVG(c, chart.Narrow)
	if err != nil {
		return picture{}, file{}, err
	}
	// Package chart escapes all text in them.
	return picture{template.HTML(wide), template.HTML(narrow)}, file{c.Name + ".svg", wide}, nil
}

func paragraphs(text string) []string {
	var out []string
	for _, p := range regexp.MustCompile(`\n\s*\n`).Split(text, -1) {
		if p = strings.TrimSpace(p); p != "" {
			out = append(out, p)
		}
	}
	return out
}

func (t *Table) show() (shownTable, error) {
	out := shownTable{Caption: t.Caption}
	for i, head := range t.Head {
		out.Head = append(out.Head, cell{head, t.numeric(i)})
	}
	for i, row := range t.Rows {
		if len(row) != len(t.Head) {
			return out, fmt.Errorf("table %q: row %d has %d cells under %d heads", t.Caption, i, len(row), len(t.Head))
		}
		cells := make([]cell, 0, len(row))
		for j, text := range row {
			cells = append(cells, cell{text, out.Head[j].Numeric})
		}
		out.Rows = append(out.Rows, cells)
	}
	return out, nil
}

// number has at most a sign before it and a unit after it, and may have a range in brackets.
var number = regexp.MustCompile(`^[-−+<>≤≥≈~×x±]?\s*\d[\d.,/: ]*(e[-+]?\d+)?\s?[^\s\d]{0,7}(\s?[\[(].*)?$`)

// numeric tells a column of numbers. Some cells may have none.
func (t *Table) numeric(column int) bool {
	found := false
	for _, row := range t.Rows {
		if column >= len(row) {
			continue
		}
		switch text := strings.TrimSpace(row[column]); {
		case number.MatchString(text):
			found = true
		case !slices.Contains([]string{"", "-", "–", "—", "n/a", "never", "none"}, text):
			return false
		}
	}
	return found
}
