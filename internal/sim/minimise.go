package sim

import "slices"

// Only leaves of a plan the faults with these numbers.
func (p Plan) Only(numbers []int) Plan {
	p.Faults = slices.DeleteFunc(slices.Clone(p.Faults), func(f Fault) bool { return !slices.Contains(numbers, f.Number) })
	return p
}

// Minimise drops faults from a plan whose world is wrong while it stays wrong in the same way: first halves, then
// quarters, in the end one by one. It runs at most so many worlds, and none after Config.GoOn has ended one.
func Minimise(wrong Report, worlds int) Report { return minimise(wrong, worlds, Plan.Run) }

func minimise(wrong Report, worlds int, run func(Plan) Report) Report {
	best := wrong
	p := wrong.Plan
	check := wrong.Violations[0].Check
	for size := (len(p.Faults) + 1) / 2; size > 0; size = next(size) {
		for from := 0; from < len(p.Faults); {
			if worlds--; worlds < 0 {
				return best
			}
			try := p
			try.Faults = slices.Delete(slices.Clone(p.Faults), from, min(from+size, len(p.Faults)))
			r := run(try)
			if r.Stopped {
				return best
			}
			if len(r.Violations) > 0 && r.Violations[0].Check == check {
				p, best = try, r
			} else {
				from += size
			}
		}
	}
	return best
}

func next(size int) int {
	if size == 1 {
		return 0
	}
	return (size + 1) / 2
}
