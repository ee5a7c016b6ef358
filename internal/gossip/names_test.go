package gossip

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/publish"
)

// A process that comes back at another address takes its name over once its former address is silent: a pod has moved.
func TestMovedProcessTakesItsNameOver(t *testing.T) {
	w := newWorld(t, 30)
	nodes := w.startMany(6)
	w.until("stable", 10*time.Second, func() bool { return stable(nodes) })
	w.run(2 * time.Second)
	w.crash(nodes[3])
	w.run(300 * time.Millisecond)
	moved := w.start("n3", addrOf(70), Config{}, nodes[0].addr)
	all := append(slices.Clone(w.nodes[:5]), moved)
	took := w.until("one view", 6*time.Second, func() bool { return agreed(all) })
	m, _ := nodes[1].snap.Members.Get("n3")
	if m.Life.Generation != 2 || m.Addr != addrOf(70) {
		t.Errorf("it is known as %+v", m)
	}
	t.Logf("after %v", took)
}

// Two processes of one name that never met, in clusters that are joined: one of them keeps it, the other is told and goes
// silent, and everybody else agrees.
func TestNamesakesMeet(t *testing.T) {
	for seed := range uint64(8) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			w := newWorld(t, 400+seed)
			a := w.startMany(5)
			b := []*node{w.start("m0", addrOf(101), Config{})}
			b = append(b, w.start("n2", addrOf(102), Config{}, b[0].addr), w.start("m2", addrOf(103), Config{}, b[0].addr))
			w.until("two clusters", 10*time.Second, func() bool { return stable(a) && stable(b) })
			w.do(b[0], Join{Addrs: a[1].addrs()})
			first, second := a[2], b[1]
			gone := func(n *node) bool { return n.snap.Standing == publish.StandingSuperseded }
			w.until("one of the two gives way", 10*time.Second, func() bool { return gone(first) != gone(second) })
			loser := first
			if gone(second) {
				loser = second
			}
			if loser.count(publish.EventNameConflict, "") != 1 {
				t.Error("it was not told")
			}
			rest := slices.DeleteFunc(slices.Concat(a, b), func(n *node) bool { return n == loser })
			w.until("the others agree", 15*time.Second, func() bool { return agreed(rest) })
			w.run(10 * time.Second)
			if !agreed(rest) || gone(first) == gone(second) {
				t.Error("it did not last")
			}
		})
	}
}
