package stability

import (
	"slices"
	"testing"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/view"
)

// deadAt lists whom to kill: the root, a member of each level below, down to the last level.
func deadAt(v *view.View) []*view.Member {
	m := v.At(0)
	for p := v.Parent(m.ID); p != nil; p = v.Parent(m.ID) {
		m = p
	}
	out := []*view.Member{m}
	for below := v.Children(m.ID); len(below) > 0; below = v.Children(below[0].ID) {
		out = append(out, below[0])
	}
	return out
}

func TestEveryMemberNamesTheDeadOne(t *testing.T) {
	for _, n := range []int{2, 9, 14, 101, 1000} {
		for _, loss := range []float64{0, 0.05} {
			v := viewOf(names(n)...)
			slowest := time.Duration(0)
			for i, dead := range deadAt(v) {
				slowest = max(slowest, namedAfter(t, uint64(i), v, dead, loss))
			}
			t.Logf("N=%d, loss %v: every member names the dead one after %v at most", n, loss, slowest)
			if bound := 2500 * time.Millisecond; loss == 0 && slowest > bound {
				t.Errorf("N=%d: %v, want %v", n, slowest, bound)
			}
		}
	}
}

// namedAfter is how long it takes until each other member names the dead one and goes on to do so. Without loss it must
// name nobody else; with it, a parent that was not heard for a while may be named too.
func namedAfter(t *testing.T, seed uint64, v *view.View, dead *view.Member, loss float64) time.Duration {
	net := lan
	net.loss = loss
	w := newWorld(seed, net, v.All())
	for _, a := range w.actors {
		if a.m != dead {
			w.at(w.now+w.upTo(5*time.Millisecond), a, func(a *actor) { a.hold(v) })
		} else {
			a.die()
		}
	}
	start := w.now
	right := func(a *actor) bool {
		waiting := a.tree.WaitingFor()
		return a.dead || slices.Contains(waiting, dead.ID) && (loss > 0 || len(waiting) == 1)
	}
	since := time.Duration(0)
	for w.now < start+6*time.Second {
		w.run(w.now + 50*time.Millisecond)
		all := !slices.ContainsFunc(w.actors, func(a *actor) bool { return !right(a) })
		if !all {
			since = 0
		} else if since == 0 {
			since = w.now
		}
	}
	if since == 0 && loss == 0 {
		t.Fatalf("%d members, %s dead: not named by all", v.Len(), dead.Name)
	}
	if since == 0 {
		return w.now - start
	}
	return since - start
}

func TestDeadMembersCostLittle(t *testing.T) {
	v := viewOf(names(101)...)
	w := newWorld(1, lan, v.All())
	dead := deadAt(v)[1]
	for _, a := range w.actors {
		if a.m == dead {
			a.die()
		}
		w.at(w.now, a, func(a *actor) { a.hold(v) })
	}
	w.run(w.now + 5*time.Second)
	w.messages = 0
	w.run(w.now + 10*time.Second)
	per := float64(w.messages) / 101 / 10
	t.Logf("one dead of 101: %.1f messages per member and second", per)
	if per > 8 {
		t.Errorf("%.1f messages per member and second while waiting", per)
	}
}
