package report

import (
	"fmt"
	"path/filepath"
	"strings"

	page "github.com/grapevine-gossip/grapevine/internal/report"
)

// Page writes plots, and the tables they are made of, to a directory: report.html and a picture of each plot.
func (r Report) Page(dir string) (path string, err error) {
	p := page.Page{
		Title:    r.title(),
		Question: "What does each need for the same things, on one machine, over UDP and TCP on loopback?",
		Replay:   r.Command,
	}
	for _, c := range r.Columns {
		p.Settings = append(p.Settings, [2]string{c.Name, fmt.Sprintf("%s %s, %s", c.Module, c.Version, c.Setting)})
	}
	var answers []string
	for _, s := range r.sections() {
		if s.answer {
			answers = append(answers, s.found)
		}
		text := s.text
		if len(s.charts) == 0 {
			text += "\n\n" + sentence(s.found) + "."
		}
		p.Sections = append(p.Sections, page.Section{Heading: s.heading, Text: text, Charts: s.charts})
	}
	if len(p.Sections) == 0 {
		return "", fmt.Errorf("%s: there are no results to plot", dir)
	}
	if len(answers) > 0 {
		p.Answer = sentence(strings.Join(answers, "; ")) + "."
	}
	p.Sections = append(p.Sections, r.tables())
	p.Host = r.host()
	return filepath.Join(dir, "report.html"), page.Write(dir, p)
}

func (r Report) title() string {
	names := r.columnNames()
	out := names[0]
	if last := len(names) - 1; last == 1 {
		out += " beside " + names[1]
	} else if last > 1 {
		out += " beside " + strings.Join(names[1:last], ", ") + " and " + names[last]
	}
	return sentence(fmt.Sprintf("%s: %d members", out, r.N))
}

func (r Report) columnNames() []string {
	var out []string
	for _, c := range r.Columns {
		out = append(out, c.Name)
	}
	return out
}

// tables has all figures, also those that no plot shows.
func (r Report) tables() page.Section {
	out := page.Section{Heading: "All figures", Text: sentence(r.legend()) + "."}
	for _, s := range r.Scenarios {
		t := page.Table{Caption: s.Title + r.counts(s), Head: append([]string{""}, r.columnNames()...)}
		for _, row := range s.Rows {
			if row.wasRun() {
				t.Rows = append(t.Rows, append([]string{row.Label}, r.cells(row)...))
			}
		}
		if len(t.Rows) > 0 {
			out.Tables = append(out.Tables, t)
		}
	}
	return out
}

func (r Report) host() [][2]string {
	var out [][2]string
	if m := r.Machine; m.System != "" {
		out = append(out, [][2]string{
			{"date", m.Date}, {"machine", fmt.Sprintf("%s, %d processors (%s)", m.System, m.Processors, m.Processor)}, {"Go", m.Go},
		}...)
	}
	if r.OthersMedian >= 0 {
		out = append(out, [2]string{"other processes", fmt.Sprintf("%.0f %% of the processors in the median run, %.0f %% in the worst", 100*r.OthersMedian, 100*r.OthersMost)})
	}
	return out
}
