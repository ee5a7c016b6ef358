package report

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/grapevine-gossip/grapevine/bench/internal/play"
)

// Text prints the report as a table for a terminal.
func (r Report) Text(out io.Writer) error {
	m := r.Machine
	fmt.Fprintf(out, "%s, %s, %d processors (%s), %s, %d members in one process, loopback\n",
		m.Date, m.System, m.Processors, m.Processor, m.Go, r.N)
	for _, c := range r.Columns {
		fmt.Fprintf(out, "  %-11s %s %s, %s\n", c.Name, c.Module, c.Version, c.Setting)
	}
	if r.OthersMedian >= 0 {
		fmt.Fprintf(out, "other processes used %.0f %% of the processors in the median run and %.0f %% in the worst\n",
			100*r.OthersMedian, 100*r.OthersMost)
	}
	fmt.Fprintln(out, r.legend())
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, s := range r.Scenarios {
		fmt.Fprintf(w, "\n%s: %s%s\n", s.Name, s.Title, r.counts(s))
		cells := make([]string, 0, 1+len(r.Columns))
		for _, c := range r.Columns {
			cells = append(cells, c.Name)
		}
		fmt.Fprintf(w, "  \t%s\n", strings.Join(cells, "\t"))
		for _, row := range s.Rows {
			fmt.Fprintf(w, "  %s\t%s\n", row.Label, strings.Join(r.cells(row), "\t"))
		}
	}
	return w.Flush()
}

// Markdown prints the rows for a document.
func (r Report) Markdown(out io.Writer) error {
	var b strings.Builder
	b.WriteString("|  |")
	for _, c := range r.Columns {
		b.WriteString(" " + c.Name + " |")
	}
	b.WriteString("\n|---" + strings.Repeat("|---", len(r.Columns)) + "|\n")
	for _, s := range r.Scenarios {
		fmt.Fprintf(&b, "| **%s**%s |%s\n", s.Title, r.counts(s), strings.Repeat(" |", len(r.Columns)))
		for _, row := range s.Rows {
			fmt.Fprintf(&b, "| %s | %s |\n", row.Label, strings.Join(r.cells(row), " | "))
		}
	}
	_, err := io.WriteString(out, b.String())
	return err
}

func (r Report) cells(row Row) []string {
	var out []string
	for _, c := range r.Columns {
		f, ok := row.Figures[c.Name]
		if !ok {
			out = append(out, "n/a")
			continue
		}
		out = append(out, cell(f, row.Unit))
	}
	return out
}

// cell is one figure in words.
func cell(f Figure, unit play.Unit) string {
	done := f.Runs - f.Failed
	switch {
	case f.Runs == 0:
		return "not run"
	case done == 0:
		return fmt.Sprintf("failed (%d of %d)", f.Failed, f.Runs)
	case f.Median == nil:
		return fmt.Sprintf("not complete in %d of %d (%s)", f.Cut, done, f.Reached[0])
	}
	s := amount(*f.Median, unit)
	switch {
	case f.Cut > 0:
		s += fmt.Sprintf(" [%s .. not complete in %d of %d: %s]", amount(*f.Best, unit), f.Cut, done, f.Reached[0])
	case done > 1 && *f.Best != *f.Worst:
		s += fmt.Sprintf(" [%s .. %s]", amount(*f.Best, unit), amount(*f.Worst, unit))
	}
	if f.Ratio != nil {
		s += " x" + digits(*f.Ratio)
	}
	if f.Failed > 0 {
		s += fmt.Sprintf(" (%d failed)", f.Failed)
	}
	return s
}

// amount prints a value so that three digits are left.
func amount(v float64, unit play.Unit) string {
	switch unit {
	case play.Seconds:
		if v < 1 {
			return digits(v*1000) + " ms"
		}
		return digits(v) + " s"
	case play.Bytes:
		switch {
		case v >= 1e6:
			return digits(v/1e6) + " MB"
		case v >= 1e3:
			return digits(v/1e3) + " kB"
		}
		return digits(v) + " B"
	case play.Share:
		return digits(100*v) + " %"
	case play.Count:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case play.Milli:
		return digits(v) + " ms/s"
	}
	return digits(v)
}

func digits(v float64) string {
	switch {
	case v == 0:
		return "0"
	case v >= 100:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case v >= 10:
		return strconv.FormatFloat(v, 'f', 1, 64)
	case v >= 0.1:
		return strconv.FormatFloat(v, 'f', 2, 64)
	}
	return strconv.FormatFloat(v, 'g', 2, 64)
}
