// Package scenario asks a simulated cluster questions: what happens when a tenth of it crashes, what does an idle member
// send, how long does a partition take to heal. A scenario is a question, the world it is asked in, and what is measured.
package scenario

import (
	"fmt"
	"slices"
	"strings"
)

// Scenario is one question.
type Scenario struct {
	Name      string
	Question  string
	Explain   string   // what happens and what is measured
	Options   []string // settings "scenario.…" that it reads
	Defaults  Params
	NeedsFile bool     // what happens is in a file
	Kinds     []string // values of scenario.kind

	play   func(*play)
	answer func(*Outcome) string // one sentence, out of the figures
}

// List gives all scenarios, in the order in which a newcomer should read them.
func List() []*Scenario {
	return []*Scenario{
		bootstrap, update, burst, idle, crash, crashMany, loss, grey, slow, churn, overload, partition, stability, faults,
	}
}

// Find gives the scenario of a name.
func Find(name string) (*Scenario, error) {
	for _, s := range List() {
		if s.Name == name {
			return s, nil
		}
	}
	names := make([]string, 0, len(List()))
	for _, s := range List() {
		names = append(names, s.Name)
	}
	return nil, fmt.Errorf("there is no scenario %q; there are %s", name, strings.Join(names, ", "))
}

// reads reports whether the scenario makes use of a setting.
func (s *Scenario) reads(name string) bool {
	return !strings.HasPrefix(name, "scenario.") || slices.Contains(s.Options, name)
}
