package sim

import (
	"slices"
	"time"
)

// Sighting is when each member first saw something.
type Sighting struct {
	cond  func(*Node) bool
	At    map[*Node]time.Duration // on the world's clock; whoever is missing has not seen it
	since time.Duration
}

// Watch looks at every member that runs, now and whenever it publishes something new, until cond holds there.
func (w *World) Watch(cond func(*Node) bool) *Sighting {
	s := &Sighting{cond: cond, At: map[*Node]time.Duration{}, since: w.now}
	w.sightings = append(w.sightings, s)
	for _, n := range w.nodes {
		if n.up {
			w.lookFor(s, n)
		}
	}
	return s
}

// Stop ends a Watch.
func (w *World) Stop(s *Sighting) {
	w.sightings = slices.DeleteFunc(w.sightings, func(o *Sighting) bool { return o == s })
}

// Delays lists how long after the Watch began each member saw it, in rising order.
func (s *Sighting) Delays() []time.Duration {
	out := make([]time.Duration, 0, len(s.At))
	for _, at := range s.At {
		out = append(out, at-s.since)
	}
	slices.Sort(out)
	return out
}

func (w *World) look(n *Node) {
	for _, s := range w.sightings {
		w.lookFor(s, n)
	}
}

func (w *World) lookFor(s *Sighting, n *Node) {
	if _, seen := s.At[n]; !seen && s.cond(n) {
		s.At[n] = w.now
	}
}

// Agreed reports whether these members have all published exactly the view of themselves.
func Agreed(nodes []*Node) bool {
	for _, n := range nodes {
		if n.snap.Size != len(nodes) || n.snap.View != nodes[0].snap.View {
			return false
		}
	}
	return true
}

// Stable reports whether these members have published exactly the view of themselves, and that it is stable.
func Stable(nodes []*Node) bool {
	return Agreed(nodes) && !slices.ContainsFunc(nodes, func(n *Node) bool { return !n.snap.Stable })
}

// ActiveNodes lists the members that take part.
func (w *World) ActiveNodes() []*Node {
	var out []*Node
	for _, n := range w.nodes {
		if n.Active() {
			out = append(out, n)
		}
	}
	return out
}
