package sim

import (
	"reflect"
	"slices"
	"time"
)

// Only leaves of a plan the faults with these numbers.
func (p Plan) Only(numbers []int) Plan {
	return p.without(func(f Fault) bool { return !slices.Contains(numbers, f.Number) })
}

func (p Plan) without(drop func(Fault) bool) Plan {
	p.Faults = slices.DeleteFunc(slices.Clone(p.Faults), drop)
	return p
}

// Minimise makes a plan whose world is wrong smaller while it stays wrong in the same way: fewer faults, fewer members, a
// plainer network. It runs at most so many worlds, and none after Config.GoOn has ended one.
//
// In a smaller world all chance falls otherwise from the first difference on, so an accident that takes some luck does
// not happen there though it could. So what the same chance does not show is tried with other chance. Found is called
// with each smaller plan.
func Minimise(wrong Report, worlds int, found func(Plan)) Report {
	return minimise(wrong, worlds, found, Plan.Run)
}

func minimise(wrong Report, worlds int, found func(Plan), run func(Plan) Report) Report {
	m := minimiser{best: wrong, check: wrong.Violations[0].Check, left: worlds, found: found, run: run}
	for _, m.tries = range [...]int{1, moreTries} {
		for {
			before := m.best.Plan
			m.dropDeeds()
			m.dropFaults()
			m.dropMembers()
			m.simplify()
			if m.left == 0 || reflect.DeepEqual(before.Faults, m.best.Plan.Faults) && before.Size == m.best.Plan.Size {
				break
			}
		}
	}
	return m.best
}

// moreTries is how often a smaller plan is run before it is given up: once with the same chance.
const moreTries = 4

type minimiser struct {
	best   Report
	check  string
	left   int // worlds that may still be run
	tries  int // for each plan
	chance uint64
	found  func(Plan)
	run    func(Plan) Report
}

// still runs a plan and takes it over if it is wrong.
func (m *minimiser) still(p Plan) bool {
	for i := 0; i < m.tries && m.left > 0; i++ {
		m.left--
		if i > 0 {
			m.chance++
			p.Chance = m.chance
		}
		r := m.run(p)
		if r.Stopped {
			m.left = 0
			return false
		}
		if len(r.Violations) > 0 && r.Violations[0].Check == m.check {
			m.best = r
			m.found(r.Plan)
			return true
		}
	}
	return false
}

// dropDeeds drops all faults of one kind at a time.
func (m *minimiser) dropDeeds() {
	for d := Write; d <= lastDeed; d++ {
		p := m.best.Plan.without(func(f Fault) bool { return f.Deed == d })
		if n := len(p.Faults); n < len(m.best.Plan.Faults) {
			m.still(p)
		}
	}
}

// dropFaults drops first halves, then quarters, in the end one fault at a time.
func (m *minimiser) dropFaults() {
	for size := (len(m.best.Plan.Faults) + 1) / 2; size > 0; size = next(size) {
		for from := 0; from < len(m.best.Plan.Faults) && m.left > 0; {
			p := m.best.Plan
			p.Faults = slices.Delete(slices.Clone(p.Faults), from, min(from+size, len(p.Faults)))
			if !m.still(p) {
				from += size
			}
		}
	}
}

func next(size int) int {
	if size == 1 {
		return 0
	}
	return (size + 1) / 2
}

// dropMembers makes the world smaller. What was to befall members that are not there befalls nobody.
func (m *minimiser) dropMembers() {
	for by := m.best.Plan.Size / 2; by > 0; by /= 2 {
		p := m.best.Plan
		for p.Size > by {
			p.Size -= by
			if !m.still(p) {
				break
			}
			p = m.best.Plan
		}
	}
}

// simplify tries what makes a plan easier to think about.
func (m *minimiser) simplify() {
	m.change(func(p *Plan) { p.round() })
	for _, simpler := range plainer {
		m.change(simpler)
	}
	for i := range m.best.Plan.Faults {
		for _, smaller := range lesser {
			m.change(func(p *Plan) { smaller(&p.Faults[i]) })
		}
	}
}

// change tries a plan that is changed, if that changes it.
func (m *minimiser) change(by func(*Plan)) {
	p := m.best.Plan
	p.Faults = slices.Clone(p.Faults)
	by(&p)
	if m.left > 0 && !reflect.DeepEqual(p.bare(), m.best.Plan.bare()) {
		m.still(p)
	}
}

// bare is the plan without its function, which can't be compared.
func (p Plan) bare() Plan {
	p.Config.GoOn = nil
	return p
}

var plainer = []func(*Plan){
	func(p *Plan) { p.Config.Host = Host{} },
	func(p *Plan) { p.Config.Host.Buffer, p.Config.Host.Bandwidth = 0, 0 },
	func(p *Plan) { p.Config.Settings = Settings{} },
	func(p *Plan) { p.Config.Link = Link{Latency: p.Config.Link.Latency} },
	func(p *Plan) { p.Config.Link.Burst = Burst{} },
	func(p *Plan) { p.Config.Link.Loss = 0 },
	func(p *Plan) { p.Config.Link.Duplicate = 0 },
	func(p *Plan) { p.Config.Link.Reorder, p.Config.Link.HeldUp = 0, 0 },
	func(p *Plan) {
		p.Config.Link.Latency = Latency{Shape: Uniform, Least: time.Millisecond, Most: 5 * time.Millisecond}
	},
	func(p *Plan) { p.Layout = Star },
	func(p *Plan) { p.Spread = 0 },
}

var lesser = []func(*Fault){
	func(f *Fault) { f.Who = f.Who[:(len(f.Who)+1)/2] },
	func(f *Fault) { f.Who = f.Who[len(f.Who)/2:] },
	func(f *Fault) { f.Count = (f.Count + 1) / 2 },
	func(f *Fault) { f.For = (f.For / 2).Round(time.Millisecond) },
	func(f *Fault) { f.Delay = (f.Delay / 2).Round(time.Millisecond) },
	func(f *Fault) { f.Kept, f.Moved, f.OneWay = false, false, false },
}

// round makes all times short to write.
func (p *Plan) round() {
	ms := func(d *time.Duration) { *d = d.Round(time.Millisecond) }
	ms(&p.Spread)
	l, h := &p.Config.Link, &p.Config.Host
	for _, d := range []*time.Duration{&l.HeldUp, &l.Burst.Good, &l.Burst.Bad, &l.Latency.Median, &p.Config.Settings.Interval} {
		ms(d)
	}
	for _, d := range []*time.Duration{&l.Latency.Least, &l.Latency.Most, &l.Latency.Jitter, &h.PerPacket, &h.PerKB, &h.PerSend} {
		*d = d.Round(10 * time.Microsecond)
	}
	for i := range p.Faults {
		f := &p.Faults[i]
		ms(&f.At)
		ms(&f.For)
		ms(&f.Delay)
	}
}
