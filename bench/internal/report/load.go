package report

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/grapevine-gossip/grapevine/bench/internal/play"
)

// Results reads the lines of a file that was kept for resuming, those of one size and kind.
func Results(text []byte, n int, quick bool) ([]play.Result, error) {
	var out []play.Result
	for line := range bytes.Lines(text) {
		var r play.Result
		if err := json.Unmarshal(line, &r); err != nil {
			return nil, err
		}
		if r.N == n && r.Quick == quick {
			out = append(out, r)
		}
	}
	return out, nil
}

// Stored reads a report that was printed as JSON. It is none if it has no columns.
func Stored(text []byte) (Report, error) {
	var r Report
	if err := json.Unmarshal(text, &r); err != nil {
		return r, err
	}
	if len(r.Columns) == 0 || len(r.Scenarios) == 0 {
		return r, fmt.Errorf("it is no report")
	}
	return r, nil
}
