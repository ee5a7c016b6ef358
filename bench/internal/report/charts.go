package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/grapevine-gossip/grapevine/bench/internal/play"
	"github.com/grapevine-gossip/grapevine/internal/chart"
)

// plotted is a chart: rows that are measured in the same unit.
type plotted struct {
	name, heading, text string
	label               string // of the axis of values
	log                 bool
	rows                [][2]string // scenario and metric
	finding             func(r Report, rows []named) string
	answer              bool // it belongs into the first sentence
}

// named is a row with the name that it has on an axis.
type named struct {
	Row
	name string
}

var plots = []plotted{
	{
		name: "times", answer: true, heading: "How long it takes", label: "time until all are right, s", log: true, finding: least("was the quickest"),
		text: "The time until the last member has it right: after a start, a change, a crash, a part of the network that falls away.",
		rows: [][2]string{
			{"bootstrap", "all"}, {"metadata", "all"}, {"broadcast", "all"}, {"sustained", "most"}, {"burst", "all"},
			{"crash", "all"}, {"crash10", "all"}, {"loss5", "all"}, {"loss15", "all"}, {"loss30", "all"},
			{"partition", "split"}, {"partition", "heal"}, {"churn", "settle"},
		},
	},
	{
		name: "removed", answer: true, heading: "Who is removed though alive", label: "members", finding: worst,
		text: "A quick detector is worth little if it removes members that live.",
		rows: [][2]string{
			{"bootstrap", "false"}, {"crash", "false"}, {"crash10", "false"}, {"loss5", "false"}, {"loss15", "false"},
			{"loss30", "false"}, {"partition", "false"}, {"churn", "false"},
		},
	},
	{
		name: "detection", heading: "How a crash becomes known", label: "time since the crash, s", log: true, finding: least("was the quickest"),
		text: "From the crash until the first survivor, half of them and all of them have removed who crashed.",
		rows: [][2]string{{"crash", "first"}, {"crash", "half"}, {"crash", "all"}, {"crash10", "first"}, {"crash10", "half"}, {"crash10", "all"}},
	},
	{
		name: "traffic", answer: true, heading: "What a member sends when nothing happens", label: "bytes a second and member", finding: least("sent the fewest bytes at rest"),
		text: "Payload, without the headers of packets.",
		rows: [][2]string{{"idle", "bytes"}, {"loss5", "bytes"}, {"loss15", "bytes"}, {"loss30", "bytes"}},
	},
	{
		name: "packets", heading: "In how many packets", label: "packets a second and member", finding: least("sent the fewest packets"),
		rows: [][2]string{{"idle", "packets"}, {"loss5", "packets"}, {"loss15", "packets"}, {"loss30", "packets"}},
	},
	{
		name: "events", heading: "What it costs when something happens", label: "bytes sent by all together", log: true, finding: least("sent the fewest bytes"),
		rows: [][2]string{{"bootstrap", "bytes"}, {"metadata", "bytes"}, {"broadcast", "bytes"}, {"sustained", "bytes"}, {"burst", "bytes"}, {"churn", "bytes"}},
	},
	{
		name: "processor", heading: "Processor time", label: "ms a second and member", finding: least("took the least processor time"),
		rows: [][2]string{{"idle", "processor"}},
	},
	{
		name: "memory", heading: "Memory", label: "bytes a member", finding: least("took the least memory"),
		rows: [][2]string{{"idle", "heap"}, {"idle", "stack"}},
	},
}

// section is a plot of what was run, and what it shows.
type section struct {
	plotted
	found  string
	charts []chart.Chart // none if all is zero: the words say so
}

func (r Report) sections() []section {
	var out []section
	for _, p := range plots {
		rows := r.named(p.rows)
		if len(rows) == 0 {
			continue
		}
		s := section{plotted: p, found: p.finding(r, rows)}
		if s.found == "" {
			s.found = p.heading
		}
		c := chart.Chart{
			Name: p.name, Title: sentence(s.found), Y: chart.Axis{Label: p.label, Log: p.log},
		}
		var own []Row
		for _, row := range rows {
			own, c.X.Names = append(own, row.Row), append(c.X.Names, row.name)
		}
		c.X.Label = fmt.Sprintf("%d members; %s", r.N, ofRuns("median, best and worst", own))
		seen := false
		for _, column := range r.Columns {
			l := bars(column.Name, rows, p.log)
			seen = seen || slices.ContainsFunc(l.Ranges, func(r chart.Range) bool { return r.High > 0 })
			c.Lines = append(c.Lines, l)
		}
		if seen {
			s.charts = append(s.charts, c)
		}
		out = append(out, s)
	}
	return out
}

// sentence begins with a capital.
func sentence(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// named finds the rows of a plot that were run.
func (r Report) named(wanted [][2]string) []named {
	var out []named
	for _, w := range wanted {
		for _, s := range r.Scenarios {
			for _, row := range s.Rows {
				if s.Name == w[0] && row.Name == w[1] && row.wasRun() {
					out = append(out, named{row, s.Title + ": " + row.Label})
				}
			}
		}
	}
	return out
}

func (row Row) wasRun() bool {
	for _, f := range row.Figures {
		if f.Runs > 0 {
			return true
		}
	}
	return false
}

// bars are the figures of one library.
func bars(column string, rows []named, log bool) chart.Line {
	l := chart.Line{Name: column, Shape: chart.Bars}
	for i, row := range rows {
		f, ok := row.Figures[column]
		x := float64(i)
		switch {
		case !ok:
			l.Gaps = append(l.Gaps, chart.Gap{X: x, Text: "n/a"})
		case f.Median == nil:
			text, _, _ := strings.Cut(cell(f, row.Unit), " (")
			l.Gaps = append(l.Gaps, chart.Gap{X: x, Text: text})
		case log && *f.Median <= 0: // the axis has no zero
			l.Gaps = append(l.Gaps, chart.Gap{X: x, Text: amount(*f.Median, row.Unit)})
		default:
			low, high, label := spread(f, row.Unit, log)
			l.Points = append(l.Points, chart.Point{X: x, Y: *f.Median})
			l.Ranges = append(l.Ranges, chart.Range{Low: low, High: high})
			l.Labels = append(l.Labels, label)
		}
	}
	return l
}

// spread is from the best run to the worst. What an axis can't show stands in the label.
func spread(f Figure, unit play.Unit, log bool) (low, high float64, label string) {
	low, high, label = *f.Best, *f.Median, amount(*f.Median, unit)
	if log && low <= 0 {
		low = *f.Median
		label += ", best " + amount(*f.Best, unit)
	}
	if f.Worst == nil {
		return low, high, label + fmt.Sprintf(", not complete in %d of %d", f.Cut, f.Runs-f.Failed)
	}
	return low, *f.Worst, label
}

// least tells who had the least in how many rows. A median that is missing is more than any other.
func least(did string) func(Report, []named) string {
	return func(r Report, rows []named) string {
		if len(r.Columns) < 2 {
			return ""
		}
		leads := map[string]int{}
		for _, row := range rows {
			leads[row.leader()]++
		}
		var columns []string
		for _, c := range r.Columns {
			if leads[c.Name] > 0 {
				columns = append(columns, c.Name)
			}
		}
		slices.SortStableFunc(columns, func(a, b string) int { return leads[b] - leads[a] })
		if len(columns) == 0 {
			return "nobody " + did
		}
		var parts []string
		for i, c := range columns {
			switch {
			case len(rows) == 1:
				parts = append(parts, fmt.Sprintf("%s %s", c, did))
			case i == 0:
				parts = append(parts, fmt.Sprintf("%s %s in %d of %d", c, did, leads[c], len(rows)))
			default:
				parts = append(parts, fmt.Sprintf("%s in %d", c, leads[c]))
			}
		}
		return strings.Join(parts, ", ")
	}
}

// leader has the smallest median; nobody if two have.
func (row Row) leader() string {
	leader, smallest := "", math.Inf(1)
	for column, f := range row.Figures {
		switch {
		case f.Median == nil || *f.Median > smallest:
		case *f.Median == smallest:
			leader = ""
		default:
			leader, smallest = column, *f.Median
		}
	}
	return leader
}

// worst tells the largest figure that each had.
func worst(r Report, rows []named) string {
	var parts []string
	for _, c := range r.Columns {
		most, sure := 0.0, true
		for _, row := range rows {
			if f, ok := row.Figures[c.Name]; ok && f.Worst != nil {
				most = max(most, *f.Worst)
			} else if ok {
				sure = false
			}
		}
		part := c.Name + " " + amount(most, play.Count)
		if !sure {
			part += " or more"
		}
		parts = append(parts, part)
	}
	return "living members removed in the worst run: " + strings.Join(parts, ", ")
}
