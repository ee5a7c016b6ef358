package gossip

import (
	"slices"
	"testing"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/publish"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// removedBy stops n until the others have removed it, and lets it go on.
func (w *world) removedBy(n *node, others []*node) {
	w.t.Helper()
	w.stop(n, 4*time.Second)
	w.until("its removal", 4*time.Second, func() bool { return agreed(others) })
	w.run(n.stopped - w.now)
}

func TestWhoFailsOftenWaits(t *testing.T) {
	w := newWorld(t, 11)
	nodes := w.startMany(8)
	w.until("stable", 10*time.Second, func() bool { return stable(nodes) })
	w.run(8 * time.Second)
	n, others := nodes[5], slices.Delete(slices.Clone(nodes), 5, 6)
	for i, wait := range []time.Duration{0, 0, time.Minute, 4 * time.Minute} {
		w.removedBy(n, others)
		if wait > 0 {
			w.until("it waits", 3*time.Second, func() bool { return n.snap.Standing == publish.StandingWaiting })
			if n.snap.RetryIn > wait || n.snap.RetryIn < wait-8*time.Second || n.snap.Reason == "" {
				t.Errorf("return %d: it waits for %v, %q", i+1, n.snap.RetryIn, n.snap.Reason)
			}
			for _, o := range others {
				m, _ := o.snap.Members.Get(n.name)
				if left := o.snap.KeptOut(w.now, m); left <= wait-8*time.Second || left > wait {
					t.Errorf("return %d: %s would let it in after %v", i+1, o.name, left)
				}
			}
			w.run(wait - 8*time.Second)
			if agreed(nodes) {
				t.Fatalf("return %d: it is in again too soon", i+1)
			}
		}
		took := w.until("its return", 16*time.Second, func() bool { return agreed(nodes) })
		if limit := 3 * time.Second; wait == 0 && took > limit {
			t.Errorf("return %d took %v", i+1, took)
		}
		w.run(2 * time.Second)
	}
	for _, o := range others {
		if got := o.count(publish.EventFailed, ""); got != 4 {
			t.Errorf("%s saw %d failures", o.name, got)
		}
	}
}

// failedTwice gives a world of eight in which n has failed twice and come back: once more, and it has to wait.
func failedTwice(t *testing.T, seed uint64) (w *world, n *node, others []*node) {
	w = newWorld(t, seed)
	nodes := w.startMany(8)
	w.until("stable", 10*time.Second, func() bool { return stable(nodes) })
	w.run(8 * time.Second)
	n, others = nodes[5], slices.Delete(slices.Clone(nodes), 5, 6)
	for range 2 {
		w.removedBy(n, others)
		w.until("its return", 3*time.Second, func() bool { return agreed(nodes) })
	}
	return w, n, others
}

func TestANewProcessDoesNotWait(t *testing.T) {
	w, n, others := failedTwice(t, 12)
	w.removedBy(n, others)
	w.until("it waits", 3*time.Second, func() bool { return n.snap.Standing == publish.StandingWaiting })
	w.crash(n)
	again := w.start(n.name, n.addr, Config{}, others[0].addr)
	w.until("the new process is in", 3*time.Second, func() bool { return agreed(append(others, again)) })
}

// The door need not know how often a process failed: its would-be watchers do.
func TestANewcomerAtTheDoorKeepsTheWait(t *testing.T) {
	w, n, others := failedTwice(t, 13)
	w.stop(n, 8*time.Second)
	w.until("its removal", 4*time.Second, func() bool { return agreed(others) })
	newcomer := w.start("newcomer", addrOf(90), Config{}, others[0].addr)
	w.until("it is in", 3*time.Second, func() bool { return agreed(append(others, newcomer)) })
	w.cut = func(from, to *node) bool { // only the newcomer is within reach
		return (from == n || to == n) && !isDoor(from, to, newcomer, n)
	}
	w.until("it is alone", 16*time.Second, func() bool { return n.snap.Size == 1 })
	w.do(n, Join{Addrs: newcomer.addrs()})
	w.until("it waits", 8*time.Second, func() bool { return n.snap.Standing == publish.StandingWaiting })
	if i := slices.IndexFunc(n.events, func(e publish.Event) bool { return e.Kind == publish.EventRefused }); i < 0 ||
		n.events[i].Refusal.Reason != wire.RefusedOften || n.events[i].Refusal.By != newcomer.addr {
		t.Errorf("refused by %+v", n.events)
	}
}

func isDoor(from, to, door, n *node) bool { return from == door && to == n || from == n && to == door }

func TestPartitionsAreNotDamped(t *testing.T) {
	w := newWorld(t, 14)
	nodes := w.startMany(12)
	w.until("stable", 10*time.Second, func() bool { return stable(nodes) })
	w.run(8 * time.Second)
	for i := range 6 {
		side := map[*node]bool{}
		for _, n := range nodes[:5] {
			side[n] = true
		}
		w.cut = func(from, to *node) bool { return side[from] != side[to] }
		w.run(8 * time.Second)
		if !agreed(nodes[:5]) || !agreed(nodes[5:]) {
			t.Fatalf("partition %d: the sides are not exact", i+1)
		}
		w.cut = nil
		took := w.until("one view", 4*time.Second, func() bool { return agreed(nodes) })
		t.Logf("heal %d: %v", i+1, took)
	}
}

// Who loses most of what it is sent gets an answer now and then: enough for a newcomer, not for one that failed.
func TestAGreyMemberStaysOut(t *testing.T) {
	for _, seed := range []uint64{15, 16, 17} {
		w := newWorld(t, seed)
		nodes := w.startMany(20)
		w.until("stable", 10*time.Second, func() bool { return stable(nodes) })
		w.run(5 * time.Second)
		n, others := nodes[5], slices.Delete(slices.Clone(nodes), 5, 6)
		w.cut = func(_, to *node) bool { return to == n && w.rng.Float64() < 0.8 }
		w.until("its removal", 10*time.Second, func() bool { return agreed(others) })
		w.run(5 * time.Minute)
		for _, o := range others {
			if of, all := o.count(publish.EventFailed, n.name), o.count(publish.EventFailed, ""); of > 2 || of != all {
				t.Errorf("seed %d: %s saw it fail %d times, %d failures in all", seed, o.name, of, all)
			}
		}
		w.cut = nil
		w.until("its return", 90*time.Second, func() bool { return agreed(nodes) })
	}
}
