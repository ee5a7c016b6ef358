package scenario

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/grapevine-gossip/grapevine/internal/chart"
	"github.com/grapevine-gossip/grapevine/internal/report"
)

// Head is the first row of Rows: what a figure is, and a column for each variation.
func Head(outcomes []Outcome) []string {
	if len(outcomes) == 1 {
		return []string{"FIGURE", "VALUE"}
	}
	head := []string{"FIGURE"}
	for i := range outcomes {
		head = append(head, outcomes[i].Label)
	}
	return head
}

// Rows shows the figures of all variations beside each other.
func Rows(outcomes []Outcome) [][]string {
	var rows [][]string
	for _, f := range allFigures(outcomes) {
		label := f.Label
		if f.Kind == Times {
			label += " (half / 99 % / all)"
		}
		row := []string{label}
		for i := range outcomes {
			cell := "-"
			if own := outcomes[i].Figures.Find(f.Name); own != nil {
				cell = own.Text()
			}
			row = append(row, cell)
		}
		rows = append(rows, row)
	}
	worlds := []string{"worlds"}
	worst := []string{"slowest seed"}
	for i := range outcomes {
		worlds = append(worlds, fmt.Sprint(len(outcomes[i].Results)))
		worst = append(worst, outcomes[i].slowest())
	}
	rows = append(rows, worlds)
	if len(outcomes) > 0 && len(outcomes[0].Results) > 1 {
		rows = append(rows, worst)
	}
	return rows
}

// slowest names the seed with the largest value of the first figure of times.
func (o *Outcome) slowest() string {
	for _, f := range o.Figures {
		if f.Kind == Times && len(f.Samples) > 0 {
			seed, v := o.Worst(f.Name)
			return fmt.Sprintf("%d (%s)", seed, spoken(v))
		}
	}
	return "-"
}

// allFigures lists each figure that any variation has, once.
func allFigures(outcomes []Outcome) Figures {
	var out Figures
	for i := range outcomes {
		for _, f := range outcomes[i].Figures {
			if out.Find(f.Name) == nil {
				out = append(out, f)
			}
		}
	}
	return out
}

// Answer is what was found, in a sentence; for several variations, one for the first and one for the last.
func Answer(outcomes []Outcome) string {
	switch len(outcomes) {
	case 0:
		return ""
	case 1:
		return outcomes[0].Answer()
	}
	first, last := &outcomes[0], &outcomes[len(outcomes)-1]
	return fmt.Sprintf("%s: %s %s: %s", first.Label, first.Answer(), last.Label, last.Answer())
}

// Page makes the report of a run.
func Page(s *Scenario, outcomes []Outcome, replay string, host [][2]string) report.Page {
	p := report.Page{
		Title:    "Grapevine: " + s.Name,
		Question: s.Question,
		Answer:   Answer(outcomes),
		Replay:   replay,
		Host:     host,
	}
	p.Sections = append(p.Sections, report.Section{
		Heading: "Figures",
		Text:    flowing(s.Explain),
		Tables:  []report.Table{{Caption: "Virtual time; all worlds of a variation together.", Head: Head(outcomes), Rows: Rows(outcomes)}},
	})
	if c := against(outcomes); len(c) > 0 {
		p.Sections = append(p.Sections, report.Section{Heading: "Against " + outcomes[0].Varied, Charts: c})
	}
	if c := overTime(outcomes); len(c) > 0 {
		p.Sections = append(p.Sections, report.Section{
			Heading: "In the course of one world", Text: fmt.Sprintf("The world of the first seed, %d.", firstSeed(outcomes)), Charts: c,
		})
	}
	if c := spreads(outcomes); len(c) > 0 {
		p.Sections = append(p.Sections, report.Section{Heading: "How the times spread", Charts: c})
	}
	if len(outcomes) > 0 {
		p.Settings = s.Shown(&outcomes[0].Params)
		if len(outcomes) > 1 {
			p.Settings = common(s, outcomes)
		}
	}
	return p
}

// common lists the settings that are the same in all variations.
func common(s *Scenario, outcomes []Outcome) [][2]string {
	var out [][2]string
	for _, one := range s.Shown(&outcomes[0].Params) {
		same := true
		for i := range outcomes {
			found := false
			for _, other := range s.Shown(&outcomes[i].Params) {
				found = found || other == one
			}
			same = same && found
		}
		if same {
			out = append(out, one)
		}
	}
	return out
}

func firstSeed(outcomes []Outcome) uint64 {
	for i := range outcomes {
		if len(outcomes[i].Results) > 0 {
			return outcomes[i].Results[0].Seed
		}
	}
	return 0
}

// flowing undoes the line breaks of a text that is broken for a terminal.
func flowing(text string) string { return strings.ReplaceAll(text, "\n", " ") }

// lineName is what a line is called in a legend.
func (o *Outcome) lineName(otherwise string) string {
	if o.Label != "" {
		return o.Label
	}
	return otherwise
}

// overTime draws the series of the first world of each variation.
func overTime(outcomes []Outcome) []chart.Chart {
	var charts []chart.Chart
	at := map[string]int{}
	for i := range outcomes {
		if len(outcomes[i].Results) == 0 {
			continue
		}
		for _, s := range outcomes[i].Results[0].Series {
			if len(s.Line.Points) == 0 {
				continue
			}
			k, ok := at[s.Name]
			if !ok {
				k = len(charts)
				at[s.Name] = k
				charts = append(charts, chart.Chart{
					Name: s.Name, X: chart.Axis{Label: s.X}, Y: axisOf(s.Y),
				})
			}
			line := s.Line
			line.Name = outcomes[i].lineName(fmt.Sprintf("%d members", outcomes[i].Params.Nodes))
			charts[k].Lines = append(charts[k].Lines, line)
			if charts[k].Title == "" {
				charts[k].Title = s.finding()
			}
		}
	}
	for k := range charts {
		if c := &charts[k]; len(c.Lines) > 1 && c.Y.Max == 0 {
			c.Title = between(c.Lines)
		}
	}
	return charts
}

// between says which of several lines stays lowest, and which goes highest.
func between(lines []chart.Line) string {
	top := func(l chart.Line) float64 {
		most := math.Inf(-1)
		for _, p := range l.Points {
			most = max(most, p.Y)
		}
		return most
	}
	byTop := func(a, b chart.Line) int { return cmp.Compare(top(a), top(b)) }
	least, most := slices.MinFunc(lines, byTop), slices.MaxFunc(lines, byTop)
	return fmt.Sprintf("At most %s with %s, %s with %s", short(top(least)), least.Name, short(top(most)), most.Name)
}

func axisOf(label string) chart.Axis {
	a := chart.Axis{Label: label}
	if strings.HasSuffix(label, "%") {
		a.Max = 100
	}
	return a
}

// finding says in a few words what a series shows.
func (s *Series) finding() string {
	first, last := s.Line.Points[0], s.Line.Points[len(s.Line.Points)-1]
	least, most := first, first
	for _, p := range s.Line.Points {
		if p.Y < least.Y {
			least = p
		}
		if p.Y > most.Y {
			most = p
		}
	}
	switch {
	case strings.HasPrefix(s.Name, "convergence"):
		return fmt.Sprintf("The last member gets there after %s", spoken(last.X))
	case strings.HasSuffix(s.Y, "%"):
		return fmt.Sprintf("Agreement is at its lowest, %s %%, after %s s, and %s %% at the end", short(least.Y), short(least.X), short(last.Y))
	default:
		return fmt.Sprintf("It is at most %s, after %s s, and %s at the end", short(most.Y), short(most.X), short(last.Y))
	}
}

// spreads draws the distribution of each figure of times.
func spreads(outcomes []Outcome) []chart.Chart {
	var charts []chart.Chart
	for _, f := range allFigures(outcomes) {
		if f.Kind != Times {
			continue
		}
		c := chart.Chart{Name: "cdf_" + f.Name, X: chart.Axis{Label: f.Label}, Y: chart.Axis{Label: "share of the cases, %", Max: 100}}
		for i := range outcomes {
			own := outcomes[i].Figures.Find(f.Name)
			if own == nil || len(own.Samples) < 2 {
				continue
			}
			line := chart.CDF(outcomes[i].lineName(fmt.Sprintf("%d members", outcomes[i].Params.Nodes)), own.Samples)
			for k := range line.Points {
				line.Points[k].Y *= 100
			}
			c.Lines = append(c.Lines, line)
			q := own.Quantiles()
			c.Title = fmt.Sprintf("%s: half within %s, all within %s", capital(f.bare()), spoken(q.P50), spoken(q.Max))
			if outcomes[i].Label != "" {
				c.Title += " with " + outcomes[i].Label
			}
		}
		if len(c.Lines) > 0 {
			charts = append(charts, c)
		}
	}
	return charts
}

// against draws each figure against the setting that was varied, if it is one, a number, and has three values or more.
func against(outcomes []Outcome) []chart.Chart {
	if len(outcomes) < 3 {
		return nil
	}
	least, most := math.Inf(1), math.Inf(-1)
	for i := range outcomes {
		if !outcomes[i].Number || len(outcomes[i].Results) == 0 {
			return nil
		}
		least, most = min(least, outcomes[i].X), max(most, outcomes[i].X)
	}
	x := chart.Axis{Label: outcomes[0].axis(), Log: least > 0 && most >= 30*least}
	var charts []chart.Chart
	for _, f := range allFigures(outcomes) {
		c := chart.Chart{Name: "against_" + strings.ReplaceAll(f.Name, ".", "_"), X: x, Y: chart.Axis{Label: f.Label}}
		if f.Kind == Times {
			c.Lines = quantileLines(outcomes, f.Name)
		} else {
			c.Lines = []chart.Line{levelLine(outcomes, f.Name)}
		}
		last := c.Lines[len(c.Lines)-1].Points
		if len(last) < 2 || flat0(last) {
			continue
		}
		c.Title = fmt.Sprintf("%s: %s with %s, %s with %s", capital(f.bare()), f.spoken(last[0].Y), outcomes[0].Label,
			f.spoken(last[len(last)-1].Y), outcomes[len(outcomes)-1].Label)
		charts = append(charts, c)
	}
	return charts
}

// flat0 reports whether a line shows that nothing was there.
func flat0(points []chart.Point) bool {
	for _, p := range points {
		if p.Y != 0 {
			return false
		}
	}
	return true
}

// bare is the label without its unit, and spoken a value with it.
func (f *Figure) bare() string {
	label, _ := strings.CutSuffix(f.Label, ", ms")
	label, _, _ = strings.Cut(label, ", less")
	return label
}

func (f *Figure) spoken(v float64) string {
	if f.Kind == Times {
		return spoken(v)
	}
	return short(v)
}

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// axis names the varied setting with its unit.
func (o *Outcome) axis() string {
	switch o.Varied {
	case "latency":
		return "latency of a packet, one way, ms"
	case "loss":
		return "packets lost, %"
	case "nodes":
		return "members"
	}
	return o.Varied
}

func quantileLines(outcomes []Outcome, name string) []chart.Line {
	lines := []chart.Line{{Name: "half"}, {Name: "99 %"}, {Name: "all"}}
	for i := range outcomes {
		f := outcomes[i].Figures.Find(name)
		if f == nil || len(f.Samples) == 0 {
			continue
		}
		q := f.Quantiles()
		for k, y := range []float64{q.P50, q.P99, q.Max} {
			lines[k].Points = append(lines[k].Points, chart.Point{X: outcomes[i].X, Y: y})
		}
	}
	return lines
}

func levelLine(outcomes []Outcome, name string) chart.Line {
	line := chart.Line{Name: "value"}
	for i := range outcomes {
		if f := outcomes[i].Figures.Find(name); f != nil {
			line.Points = append(line.Points, chart.Point{X: outcomes[i].X, Y: f.Value})
		}
	}
	return line
}
