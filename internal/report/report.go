// Package report writes what a run found as one page that a person would want to read.
package report

import "github.com/grapevine-gossip/grapevine/internal/chart"

// Page is a report.
type Page struct {
	Title    string
	Question string // what was asked
	Answer   string // one sentence
	Sections []Section
	Settings [][2]string
	Replay   string      // the command that makes it again
	Host     [][2]string // wall time, machine: what differs from run to run
}

// Section is a part of a page.
type Section struct {
	Heading, Text string // an empty line in the text begins a new paragraph
	Tables        []Table
	Charts        []chart.Chart
}

// Table is rows under a head. Columns of numbers are aligned on the right.
type Table struct {
	Caption string
	Head    []string
	Rows    [][]string
}
