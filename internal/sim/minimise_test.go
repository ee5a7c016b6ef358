package sim

import (
	"encoding/json"
	"reflect"
	"slices"
	"testing"
	"time"
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
	if got := numbersOf(minimise(wrong, 1000, func(Plan) {}, run).Plan); !slices.Equal(got, []int{3, 7, 20}) {
		t.Errorf("it leaves %v", got)
	}
	runs = 0
	if minimise(wrong, 4, func(Plan) {}, run); runs != 4 {
		t.Errorf("%d runs of at most 4", runs)
	}
}

// An accident that needs luck is not given up because it does not happen in the smaller world at once.
func TestMinimiseTriesOtherChance(t *testing.T) {
	p := Plan{Size: 1}
	for i := range 8 {
		p.Faults = append(p.Faults, Fault{Number: i})
	}
	run := func(p Plan) Report {
		r := Report{Plan: p}
		if slices.Contains(numbersOf(p), 5) && (len(p.Faults) == 8 || p.Chance%3 == 1) {
			r.Violations = []Violation{{Check: "this"}}
		}
		return r
	}
	if got := minimise(run(p), 1000, func(Plan) {}, run); !slices.Equal(numbersOf(got.Plan), []int{5}) || len(run(got.Plan).Violations) == 0 {
		t.Errorf("it leaves %v with chance %d", numbersOf(got.Plan), got.Plan.Chance)
	}
}

func TestMinimiseMakesTheWorldSmaller(t *testing.T) {
	p := Draw(9)
	run := func(p Plan) Report {
		r := Report{Plan: p}
		if p.Size >= 3 && len(p.Faults) > 0 && p.Faults[0].At > 0 {
			r.Violations = []Violation{{Check: "this"}}
		}
		return r
	}
	p.Size = 41
	got := minimise(run(p), 5000, func(Plan) {}, run).Plan
	f := got.Faults[0]
	if got.Size != 3 || len(got.Faults) != 1 || len(f.Who) > 1 || f.For > time.Millisecond || got.Config.Host != (Host{}) || got.Config.Link.Loss > 0 {
		t.Errorf("it leaves %+v", got)
	}
}

func TestPlanIsReadAsItWasWritten(t *testing.T) {
	for seed := range uint64(50) {
		p := Draw(seed)
		p.Chance = seed
		text, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		var read Plan
		if err := json.Unmarshal(text, &read); err != nil || !reflect.DeepEqual(read, p) {
			t.Fatalf("%v\n%+v\n%+v\n%s", err, p, read, text)
		}
	}
	for _, wrong := range []string{
		`{`, `{}`, `{"Size": "many"}`, `{"Size": 1, "Layout": "a heap"}`, `{"Size": 1, "Spread": 5}`, `{"Size": 1, "Noodles": 5}`,
		`{"Size": 1, "Faults": [{"Deed": 3}]}`, `{"Size": 1, "Faults": {}}`, `[]`,
	} {
		if err := json.Unmarshal([]byte(wrong), new(Plan)); err == nil {
			t.Errorf("%s is read", wrong)
		}
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
