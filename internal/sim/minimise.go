package sim

import "slices"

// Only leaves of a plan the faults with these numbers.
func (p Plan) Only(numbers []int) Plan {
	p.Faults = slices.DeleteFunc(slices.Clone(p.Faults), func(f Fault) bool { return !slices.Contains(numbers, f.Number) })
	return p
}

// Minimise drops faults from a plan whose world is wrong while it stays wrong in the same way: first halves, then
// quarters, in the end one by one. It runs at most so many worlds; goOn is asked before each.
func Minimise(p Plan, worlds int, goOn func() bool) (Plan, Report) {
	best := p.Run()
	if len(best.Violations) == 0 {
		return p, best
	}
	check := best.Violations[0].Check
	for size := (len(p.Faults) + 1) / 2; size > 0; size = next(size) {
		for from := 0; from < len(p.Faults); {
			if worlds <= 0 || !goOn() {
				return p, best
			}
			worlds--
			try := p
			try.Faults = slices.Delete(slices.Clone(p.Faults), from, min(from+size, len(p.Faults)))
			if r := try.Run(); len(r.Violations) > 0 && r.Violations[0].Check == check {
				p, best = try, r
			} else {
				from += size
			}
		}
	}
	return p, best
}

func next(size int) int {
	if size == 1 {
		return 0
	}
	return (size + 1) / 2
}
