package detector

import (
	"fmt"
	"testing"
	"time"
)

// settle is how long a run goes before a fault: a round of all watchers.
const settle = 8 * time.Second

func TestEveryCrashIsFoundByAll(t *testing.T) {
	sizes := []int{101}
	for n := 2; n <= 64; n++ {
		sizes = append(sizes, n)
	}
	var worst time.Duration
	for _, n := range sizes {
		for seed := range uint64(3) {
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
		for seed := range uint64(3) {
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
		}
	}
}

func TestEveryNumberOfCrashes(t *testing.T) {
	var worst time.Duration
	for n := 2; n <= 12; n++ {
		for k := 1; k < n; k++ {
			for seed := range uint64(2) {
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
		for seed := range uint64(2) {
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
			took := w.until(8*time.Second, "crash under loss", func() bool { return w.exact(live) })
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

func TestGreyMemberIsRemoved(t *testing.T) {
	for _, in := range []bool{true, false} {
		for seed := range uint64(5) {
			w := newNet(t, 101, seed)
			w.run(settle + w.upTo(time.Second))
			grey := w.nodes[w.rng.IntN(101)]
			w.drop = func(from, to *node) float64 {
				if in && to == grey || !in && from == grey {
					return 0.8
				}
				return 0
			}
			took := w.until(30*time.Second, "grey", func() bool {
				for _, x := range w.nodes {
					if x != grey && x.view.Find(grey.self.ID) != nil {
						return false
					}
				}
				return true
			})
			_, accused, vouches, _ := w.counts()
			t.Logf("80 %% in=%v seed %d: %v, %d accusations, %d vouches", in, seed, took, accused, vouches)
			w.run(5 * time.Second)
			for _, x := range w.nodes {
				if x != grey && x.view.Len() != 100 {
					t.Fatalf("removed %v", w.removed())
				}
			}
		}
	}
}

func TestCutPairRemovesNobody(t *testing.T) {
	for seed := range uint64(3) {
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
	for seed := range uint64(3) {
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
	for seed := range uint64(3) {
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
