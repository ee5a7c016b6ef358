package sim

import (
	"slices"
	"testing"
)

func numbersOf(p Plan) []int {
	var out []int
	for _, f := range p.Faults {
		out = append(out, f.Number)
	}
	return out
}

func TestMinimiseLeavesWhatMatters(t *testing.T) {
	var p Plan
	for i := range 23 {
		p.Faults = append(p.Faults, Fault{Number: i})
	}
	runs := 0
	run := func(p Plan) Report {
		runs++
		r := Report{Plan: p}
		switch has := numbersOf(p); {
		case !slices.Contains(has, 3):
			r.Violations = []Violation{{Check: "another"}}
		case slices.Contains(has, 7) && slices.Contains(has, 20):
			r.Violations = []Violation{{Check: "this"}}
		}
		return r
	}
	wrong := run(p)
	if got := numbersOf(minimise(wrong, 1000, run).Plan); !slices.Equal(got, []int{3, 7, 20}) {
		t.Errorf("it leaves %v", got)
	}
	runs = 0
	if minimise(wrong, 4, run); runs != 4 {
		t.Errorf("%d runs of at most 4", runs)
	}
}

func TestFewerFaultsDoNotChangeTheOthers(t *testing.T) {
	p := Draw(9)
	some := p.Only([]int{p.Faults[1].Number, p.Faults[4].Number})
	if len(some.Faults) != 2 || some.Faults[0].String() != p.Faults[1].String() || some.Faults[1].Seed != p.Faults[4].Seed || some.Drawn != p.Drawn {
		t.Errorf("%v", some.Faults)
	}
}

func TestStoppedWorldSaysNothing(t *testing.T) {
	p := Draw(8)
	p.Config.GoOn = func() bool { return false }
	if r := p.Run(); !r.Stopped || len(r.Violations) > 0 {
		t.Errorf("stopped: %v, %v", r.Stopped, r.Violations)
	}
}
