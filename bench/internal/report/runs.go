package report

import (
	"fmt"
	"strings"

	"github.com/grapevine-gossip/grapevine/bench/internal/cluster"
)

// legend says what is in a cell of the tables.
func (r Report) legend() string {
	return ofRuns("median [best .. worst]", r.rows()) + ", x times " + cluster.Baseline
}

// ofRuns says of how many runs figures are, such as a median.
func ofRuns(figures string, rows []Row) string {
	least, most := runs(rows)
	switch {
	case most <= 1:
		return "one run of each"
	case least == most:
		return fmt.Sprintf("%s of %d runs", figures, most)
	}
	return fmt.Sprintf("%s of %d to %d runs", figures, least, most)
}

// counts says how many runs a scenario had, for each column if they differ; nothing where all scenarios had as many.
func (r Report) counts(s Scenario) string {
	if least, most := runs(r.rows()); least == most {
		return ""
	}
	if least, most := runs(s.Rows); least == most {
		return fmt.Sprintf(" (runs: %d)", most)
	}
	var parts []string
	for _, c := range r.Columns {
		n := 0
		for _, row := range s.Rows {
			n = max(n, row.Figures[c.Name].Runs)
		}
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%s %d", c.Name, n))
		}
	}
	return " (runs: " + strings.Join(parts, ", ") + ")"
}

func (r Report) rows() []Row {
	var out []Row
	for _, s := range r.Scenarios {
		out = append(out, s.Rows...)
	}
	return out
}

// runs is the least and the most that there were of what was run.
func runs(rows []Row) (least, most int) {
	for _, row := range rows {
		for _, f := range row.Figures {
			if f.Runs > 0 && (least == 0 || f.Runs < least) {
				least = f.Runs
			}
			most = max(most, f.Runs)
		}
	}
	return least, most
}
