package stability

import (
	"slices"
	"testing"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/view"
)

// join lets one member join a stable cluster; the news floods over the overlay, as lives do. It returns when the last
// member held the view and when the last one reported it, both since the join, and the messages and packets of all.
func join(t *testing.T, seed uint64, n int, net network) (held, stable time.Duration, messages, packets int) {
	all := names(n)
	w := newWorld(seed, net, all)
	before, after := viewOf(all[:n-1]...), viewOf(all...)
	for _, a := range w.actors[:n-1] {
		w.at(w.now+w.upTo(5*time.Millisecond), a, func(a *actor) { a.hold(before) })
	}
	w.run(w.now + 5*time.Second)
	for _, a := range w.actors[:n-1] {
		if !a.tree.Stable() {
			t.Fatalf("%d members, seed %d: %s is not stable before the join", n, seed, a.m.Name)
		}
	}
	start := w.now
	w.messages, w.packets = 0, 0
	flood(w, start, w.actors[w.rng.IntN(n)], after, func() { held = w.now - start })
	w.run(start + 5*time.Second)
	for _, a := range w.actors {
		if !a.tree.Stable() || a.v != after {
			t.Fatalf("%d members, seed %d: %s is not stable after the join", n, seed, a.m.Name)
		}
		stable = max(stable, a.reportedAt-start)
	}
	return held, stable, w.messages, w.packets
}

func flood(w *world, at time.Duration, first *actor, v *view.View, arrived func()) {
	var pass func(a *actor)
	pass = func(a *actor) {
		if a.holds(v) {
			return
		}
		a.hold(v)
		arrived()
		for _, m := range v.Neighbors(a.m.ID) {
			w.at(w.now+w.delay(), w.byID[m.ID], pass)
		}
	}
	w.at(at, first, pass)
}

func TestAJoinIsStableWithinAFewTensOfMilliseconds(t *testing.T) {
	for _, row := range []struct {
		n     int
		loss  float64
		runs  int
		bound time.Duration // measured: 15, 51, 20, 60 ms
	}{
		{101, 0, 40, 25 * time.Millisecond},
		{101, 0.05, 40, 100 * time.Millisecond},
		{1000, 0, 5, 40 * time.Millisecond},
		{1000, 0.05, 3, 120 * time.Millisecond},
	} {
		net := lan
		net.loss = row.loss
		var helds, stables []time.Duration
		messages, packets := 0, 0
		for seed := range uint64(row.runs) {
			held, stable, m, p := join(t, seed, row.n, net)
			helds, stables = append(helds, held), append(stables, stable)
			messages += m
			packets += p
		}
		slices.Sort(helds)
		slices.Sort(stables)
		per := float64(row.runs * row.n)
		t.Logf("N=%d, loss %v: held by all after %v, stable at all after %v (median; slowest %v); %.1f messages, %.1f packets per member",
			row.n, row.loss, helds[row.runs/2], stables[row.runs/2], stables[row.runs-1], float64(messages)/per, float64(packets)/per)
		if worst := stables[row.runs-1]; worst > row.bound {
			t.Errorf("N=%d, loss %v: stable after %v, want %v", row.n, row.loss, worst, row.bound)
		}
	}
}

// A member that leaves the view for another one and returns makes all agree anew, also those that never left.
func TestAReturnIsStableAgain(t *testing.T) {
	for _, n := range []int{2, 14, 101, 1000} {
		all := names(n + 1)
		w := newWorld(uint64(n), lan, all)
		v, other := viewOf(all[:n]...), viewOf(all...)
		for _, a := range w.actors[:n] {
			w.at(w.now+w.upTo(5*time.Millisecond), a, func(a *actor) { a.hold(v) })
		}
		w.run(w.now + time.Second)
		w.messages = 0
		who := w.actors[w.rng.IntN(n)]
		back := w.now + 100*time.Millisecond
		w.at(w.now+50*time.Millisecond, who, func(a *actor) { a.hold(other) })
		w.at(back, who, func(a *actor) { a.hold(v) })
		w.run(back + time.Second)
		last := time.Duration(0)
		for _, a := range w.actors[:n] {
			if !a.tree.Stable() || a.reports != 2 {
				t.Fatalf("%d members: %s reported %d times, stable %v", n, a.m.Name, a.reports, a.tree.Stable())
			}
			last = max(last, a.reportedAt-back)
		}
		t.Logf("N=%d: stable again at all %v after the return; %.1f messages per member", n, last, float64(w.messages)/float64(n))
		if last > 50*time.Millisecond {
			t.Errorf("%d members: %v", n, last)
		}
	}
}
