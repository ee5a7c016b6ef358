package detector

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/view"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// settle is how long a run goes before a fault: a round of all watchers.
const settle = 8 * time.Second

// seeds lists the seeds of a test, fewer with -short (and so for runs under the race detector, seven times slower).
func seeds(n uint64) []uint64 {
	if testing.Short() {
		n = 1
	}
	out := make([]uint64, n)
	for i := range out {
		out[i] = uint64(i)
	}
	return out
}

func TestEveryCrashIsFoundByAll(t *testing.T) {
	sizes := []int{101}
	for n := 2; n <= 64; n++ {
		sizes = append(sizes, n)
	}
	var worst time.Duration
	for _, n := range sizes {
		for _, seed := range seeds(3) {
			w := newNet(t, n, seed)
			w.run(settle + w.upTo(time.Second))
			w.nodes[w.rng.IntN(n)].down = true
			live := w.live()
			took := w.until(6*time.Second, fmt.Sprintf("crash at n=%d seed %d", n, seed), func() bool { return w.exact(live) })
			worst = max(worst, took)
			if n <= 3 || n == 101 {
				t.Logf("n=%d seed %d: %v", n, seed, took)
			}
			w.run(3 * time.Second)
			if !w.exact(live) {
				t.Errorf("n=%d seed %d: %v removed", n, seed, w.removed())
			}
		}
	}
	t.Logf("worst %v", worst)
}

// All edges are new then, and their watchers have to find into their turns.
func TestACrashSoonAfterAChangeOfTheViewIsFoundAsSoon(t *testing.T) {
	for _, after := range []time.Duration{time.Second, 2 * time.Second, 3 * time.Second} {
		var worst, sum time.Duration
		for _, seed := range seeds(10) {
			w := newNet(t, 33, seed)
			w.run(after + w.upTo(time.Second))
			live := w.crash(1)
			took := w.until(6*time.Second, fmt.Sprintf("crash after %v, seed %d", after, seed), func() bool { return w.exact(live) })
			worst, sum = max(worst, took), sum+took
		}
		mean := sum / time.Duration(len(seeds(10)))
		t.Logf("%v after a change: mean %v, worst %v", after, mean, worst)
		if worst > 3*time.Second {
			t.Errorf("%v after a change it took %v", after, worst)
		}
	}
}

// One lost packet makes all watchers of a member probe it at once. None of them may skip its turn for that.
func TestACrashSoonAfterABurstIsFoundAsSoon(t *testing.T) {
	var worst time.Duration
	for _, seed := range seeds(10) {
		w := newNet(t, 33, seed)
		w.run(settle + w.upTo(time.Second))
		x := w.nodes[w.rng.IntN(33)]
		for _, m := range x.det.near {
			y := w.byID[m.ID]
			y.det.Receive(w.now, y.view.Find(y.det.near[0].ID), wire.Call{Subject: x.self.ID})
			y.turn()
		}
		w.run(100*time.Millisecond + w.upTo(time.Second))
		x.down = true
		live := w.live()
		took := w.until(6*time.Second, fmt.Sprintf("crash, seed %d", seed), func() bool { return w.exact(live) })
		worst = max(worst, took)
	}
	t.Logf("worst %v", worst)
	if worst > 2500*time.Millisecond {
		t.Errorf("it took %v", worst)
	}
}

// crash takes n random live members down.
func (w *net) crash(n int) []*node {
	for _, i := range w.rng.Perm(len(w.nodes))[:n] {
		w.nodes[i].down = true
	}
	return w.live()
}

// lossy makes every link lose that share of packets in each direction.
func (w *net) lossy(loss float64) {
	w.drop = func(_, _ *node) float64 { return loss }
}

func TestMassCrashIsSettledInOneStep(t *testing.T) {
	for _, share := range []int{10, 30, 50, 70} {
		for _, seed := range seeds(3) {
			w := newNet(t, 101, seed)
			w.run(settle + w.upTo(time.Second))
			live := w.crash(share)
			before := w.sent
			took := w.until(6*time.Second, fmt.Sprintf("%d of 101, seed %d", share, seed), func() bool { return w.exact(live) })
			t.Logf("%d of 101, seed %d: %v, %d packets a survivor", share, seed, took, (w.sent-before)/len(live))
			w.run(3 * time.Second)
			if !w.exact(live) {
				t.Errorf("%d of 101, seed %d: others removed", share, seed)
			}
			if n := w.steps(live); n > 3 {
				t.Errorf("%d of 101, seed %d: somebody saw %d views", share, seed, n)
			}
		}
	}
}

// steps is the largest number of views that a member's application sees, when changes are held until 50 ms passed
// without one, at most 200 ms (DESIGN section 5).
func (w *net) steps(live []*node) int {
	most := 0
	for _, x := range live {
		n := 0
		var first, last time.Duration
		for _, at := range slices.Sorted(maps.Values(x.gone)) {
			if n == 0 || at > min(last+50*time.Millisecond, first+200*time.Millisecond) {
				n++
				first = at
			}
			last = at
		}
		most = max(most, n)
	}
	return most
}

func TestEveryNumberOfCrashes(t *testing.T) {
	var worst time.Duration
	for n := 2; n <= 12; n++ {
		for k := 1; k < n; k++ {
			for _, seed := range seeds(2) {
				w := newNet(t, n, seed)
				w.run(settle + w.upTo(time.Second))
				live := w.crash(k)
				took := w.until(8*time.Second, fmt.Sprintf("%d of %d, seed %d", k, n, seed), func() bool { return w.exact(live) })
				worst = max(worst, took)
			}
		}
	}
	t.Logf("worst %v", worst)
}

func TestLossRemovesNobody(t *testing.T) {
	for _, loss := range []float64{0.01, 0.05, 0.15, 0.30} {
		for _, seed := range seeds(2) {
			w := newNet(t, 101, seed)
			w.run(settle)
			w.lossy(loss)
			before := w.sent
			w.run(2 * time.Minute)
			_, accused, _, _ := w.counts()
			t.Logf("loss %v seed %d: %.1f packets/s, %d accusations", loss, seed, float64(w.sent-before)/101/120, accused)
			if len(w.removed()) > 0 {
				t.Fatalf("loss %v seed %d: removed %v", loss, seed, w.removed())
			}
			live := w.crash(1)
			took := w.until(6*time.Second, "crash under loss", func() bool { return w.exact(live) })
			t.Logf("loss %v seed %d: crash found in %v", loss, seed, took)
		}
	}
}

// counts sums up the detectors' own counters.
func (w *net) counts() (probes, accusations, vouches, convictions uint64) {
	for _, x := range w.nodes {
		p, a, v, c := x.det.Counts()
		probes, accusations, vouches, convictions = probes+p, accusations+a, vouches+v, convictions+c
	}
	return
}

func TestCutPairRemovesNobody(t *testing.T) {
	for _, seed := range seeds(3) {
		for _, n := range []int{3, 7, 12, 101} {
			w := newNet(t, n, seed)
			w.run(settle)
			a := w.nodes[w.rng.IntN(n)]
			near := a.det.near
			b := w.byID[near[w.rng.IntN(len(near))].ID]
			w.drop = func(from, to *node) float64 {
				if from == a && to == b || from == b && to == a {
					return 1
				}
				return 0
			}
			before := w.sent
			w.run(2 * time.Minute)
			_, accused, _, _ := w.counts()
			t.Logf("n=%d seed %d: %.1f packets/s, %d accusations", n, seed, float64(w.sent-before)/float64(n)/120, accused)
			if len(w.removed()) > 0 {
				t.Errorf("n=%d seed %d: removed %v", n, seed, w.removed())
			}
		}
	}
}

func TestPausedMemberIsRemovedAndAccusesNobody(t *testing.T) {
	for _, seed := range seeds(3) {
		w := newNet(t, 101, seed)
		w.run(settle + w.upTo(time.Second))
		x := w.nodes[w.rng.IntN(101)]
		w.pause(x, 8*time.Second)
		w.run(20 * time.Second)
		if x.noticed == 0 || len(x.gone) > 0 || x.det.counts.accusations > 0 || x.det.WokeAt() == 0 {
			t.Errorf("seed %d: noticed %v, removed %d, accused %d", seed, x.noticed, len(x.gone), x.det.counts.accusations)
		}
		if r := w.removed(); len(r) != 1 || r[x.i] != 100 {
			t.Errorf("seed %d: removed %v", seed, r)
		}
	}
}

func TestShortPauseIsForgiven(t *testing.T) {
	for _, d := range []time.Duration{200 * time.Millisecond, 500 * time.Millisecond} {
		w := newNet(t, 101, 1)
		w.run(settle)
		for range 60 {
			w.pause(w.nodes[w.rng.IntN(101)], d)
			w.run(time.Second + w.upTo(time.Second))
		}
		if r := w.removed(); len(r) > 0 {
			t.Errorf("pauses of %v: removed %v", d, r)
		}
	}
}

func TestIdleCost(t *testing.T) {
	for _, n := range []int{2, 7, 101} {
		w := newNet(t, n, 1)
		w.run(settle)
		before := w.sent
		w.run(10 * time.Minute)
		_, accused, _, _ := w.counts()
		rate := float64(w.sent-before) / float64(n) / 600
		t.Logf("n=%d: %.2f packets/s, %d accusations", n, rate, accused)
		if rate > 4.5 || len(w.removed()) > 0 || accused > 0 {
			t.Errorf("n=%d: %.2f packets/s, removed %v", n, rate, w.removed())
		}
	}
}

func TestIsolatedMemberBecomesAnIsland(t *testing.T) {
	for _, seed := range seeds(3) {
		for _, n := range []int{2, 3, 8, 101} {
			w := newNet(t, n, seed)
			w.run(settle + w.upTo(time.Second))
			x := w.nodes[w.rng.IntN(n)]
			w.drop = func(from, to *node) float64 {
				if from == x || to == x {
					return 1
				}
				return 0
			}
			took := w.until(8*time.Second, "island", func() bool { return x.view.Len() == 1 })
			if took < 2*time.Second {
				t.Errorf("n=%d seed %d: an island after %v", n, seed, took)
			}
			w.run(8 * time.Second)
			for _, y := range w.nodes {
				if y != x && y.view.Len() != n-1 {
					t.Errorf("n=%d seed %d: n%d holds %d", n, seed, y.i, y.view.Len())
				}
			}
			t.Logf("n=%d seed %d: %v", n, seed, took)
		}
	}
}

func TestAllSidesOfASplitAreExact(t *testing.T) {
	for _, k := range []int{1, 10, 50} {
		for _, seed := range seeds(2) {
			w := newNet(t, 100, seed)
			w.run(settle + w.upTo(time.Second))
			side := map[*node]bool{}
			for _, i := range w.rng.Perm(100)[:k] {
				side[w.nodes[i]] = true
			}
			w.drop = func(from, to *node) float64 {
				if side[from] != side[to] {
					return 1
				}
				return 0
			}
			took := w.until(6*time.Second, "sides", func() bool {
				for _, x := range w.nodes {
					if side[x] && x.view.Len() != k || !side[x] && x.view.Len() != 100-k {
						return false
					}
				}
				return true
			})
			t.Logf("%d of 100 apart, seed %d: %v", k, seed, took)
		}
	}
}

func TestAFewDeafMembersRemoveNobodyHealthy(t *testing.T) {
	for _, seed := range seeds(4) {
		w := newNet(t, 100, seed)
		w.run(settle)
		deaf := map[*node]bool{}
		for _, i := range w.rng.Perm(100)[:5] {
			deaf[w.nodes[i]] = true
		}
		w.drop = func(_, to *node) float64 {
			if deaf[to] {
				return 1
			}
			return 0
		}
		w.run(15 * time.Second)
		for _, x := range w.nodes {
			if !deaf[x] && x.view.Len() != 95 {
				t.Errorf("seed %d: n%d holds %d", seed, x.i, x.view.Len())
			}
		}
	}
}

func TestAnOutageOfTheWholeNetworkRemovesNobody(t *testing.T) {
	for _, n := range []int{2, 3, 12, 101} {
		for _, d := range []time.Duration{500 * time.Millisecond, 2 * time.Second, 2500 * time.Millisecond} {
			w := newNet(t, n, 1)
			w.run(settle)
			w.lossy(1)
			w.run(d)
			w.drop = nil
			w.run(10 * time.Second)
			if r := w.removed(); len(r) > 0 {
				t.Errorf("n=%d, %v without packets: removed %v", n, d, r)
			}
		}
	}
}

func TestAPauseOfAllRemovesNobody(t *testing.T) {
	for _, d := range []time.Duration{300 * time.Millisecond, 2 * time.Second, time.Minute} {
		w := newNet(t, 101, 1)
		w.run(settle)
		for _, x := range w.nodes {
			w.pause(x, d+w.upTo(20*time.Millisecond))
		}
		w.run(d + 10*time.Second)
		if r := w.removed(); len(r) > 0 {
			t.Errorf("all stood still for %v: removed %v", d, r)
		}
	}
}

// Local health: answers that come much later than learned are this member's own trouble.
func TestSlowAnswersAccuseNobody(t *testing.T) {
	for _, slow := range []time.Duration{50, 150, 400, 900} {
		w := newNet(t, 101, 1)
		w.run(settle)
		for range 4 {
			w.slow = slow * time.Millisecond / 2
			w.run(3 * time.Second)
			w.slow = 0
			w.run(2 * time.Second)
		}
		if _, accused, _, _ := w.counts(); accused > 0 || len(w.removed()) > 0 {
			t.Errorf("answers after %d ms: %d accusations, removed %v", slow, accused, w.removed())
		}
	}
}

// A newcomer is known to some before it is known to all, and its edges have no answers yet.
func TestNewcomersAreNotAccused(t *testing.T) {
	for _, seed := range seeds(3) {
		w := newNet(t, 10, seed)
		w.run(settle)
		for i := 10; i < 40; i++ {
			m := testMember(i)
			w.add(i, seed, w.nodes[0].view.With(m)).turn()
			for _, x := range w.nodes[:i] {
				w.at(w.upTo(300*time.Millisecond), func() {
					x.view = x.view.With(m)
					x.det.SetView(w.now, x.view)
					x.turn()
				})
			}
			w.run(400 * time.Millisecond)
		}
		w.run(10 * time.Second)
		if _, accused, _, _ := w.counts(); accused > 0 || len(w.removed()) > 0 {
			t.Errorf("seed %d: %d accusations, removed %v", seed, accused, w.removed())
		}
	}
}

// The watchers take turns, so that a crash meets a probe within about an interval.
func TestSlotsSpreadTheTurnsEvenly(t *testing.T) {
	for _, n := range []int{2, 5, 101} {
		w := newNet(t, n, 1)
		w.run(30 * time.Second)
		last := map[uint64]time.Duration{}
		var longest time.Duration
		w.watch = func(_ *node, to *view.Member, m wire.Message) {
			if _, ok := m.(wire.Ping); ok {
				if at, ok := last[to.ID]; ok {
					longest = max(longest, w.now-at)
				}
				last[to.ID] = w.now
			}
		}
		w.run(time.Minute)
		t.Logf("n=%d: longest time without a probe %v", n, longest)
		if longest > 1100*time.Millisecond {
			t.Errorf("n=%d: nobody probed a member for %v", n, longest)
		}
	}
}

func TestFlappingMemberIsRemoved(t *testing.T) {
	w := newNet(t, 101, 2)
	w.run(settle)
	x := w.nodes[50]
	deaf := false
	w.drop = func(_, to *node) float64 {
		if deaf && to == x {
			return 1
		}
		return 0
	}
	for range 3 {
		deaf = true
		w.run(20 * time.Second)
		deaf = false
		w.run(20 * time.Second)
	}
	if r := w.removed(); r[x.i] != 100 {
		t.Errorf("removed %v", r)
	}
	for _, y := range w.nodes {
		if y != x && y.view.Len() != 100 {
			t.Errorf("n%d holds %d", y.i, y.view.Len())
		}
	}
}

func TestSameSeedSameTrace(t *testing.T) {
	run := func() uint64 {
		w := newNet(t, 31, 5)
		w.lossy(0.1)
		w.run(5 * time.Second)
		w.crash(4)
		w.run(5 * time.Second)
		return w.trace
	}
	if a, b := run(), run(); a != b {
		t.Errorf("%x and %x", a, b)
	}
}
