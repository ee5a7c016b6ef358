package detector

import (
	"testing"
	"time"
)

func TestGreyMemberIsRemoved(t *testing.T) {
	for _, in := range []bool{true, false} {
		var worst, sum time.Duration
		for _, seed := range seeds(greySeeds) {
			w := newNet(t, 101, seed)
			w.run(settle + w.upTo(time.Second))
			grey := w.nodes[w.rng.IntN(101)]
			w.drop = func(from, to *node) float64 {
				if in && to == grey || !in && from == grey {
					return 0.8
				}
				return 0
			}
			took := w.until(15*time.Second, "grey", func() bool {
				for _, x := range w.nodes {
					if x != grey && x.view.Find(grey.self.ID) != nil {
						return false
					}
				}
				return true
			})
			worst, sum = max(worst, took), sum+took
			w.run(5 * time.Second)
			for _, x := range w.nodes {
				if x != grey && x.view.Len() != 100 {
					t.Fatalf("removed %v", w.removed())
				}
			}
		}
		n := time.Duration(len(seeds(greySeeds)))
		t.Logf("80 %% lost, towards it %v: mean %v, worst %v of %d", in, sum/n, worst, n)
		if mean := sum / n; mean > 5*time.Second {
			t.Errorf("found after %v in the mean", mean)
		}
	}
}

func TestWhoLosesHalfIsLetBe(t *testing.T) {
	mistaken := uint64(0)
	for _, in := range []bool{true, false} {
		for _, seed := range seeds(3) {
			w := newNet(t, 33, seed)
			w.run(settle)
			lame := w.nodes[w.rng.IntN(33)]
			w.drop = func(from, to *node) float64 {
				if in && to == lame || !in && from == lame {
					return 0.5
				}
				return 0
			}
			w.run(3 * time.Minute)
			_, accused, _, _ := w.counts()
			if r := w.removed(); len(r) > 0 {
				t.Errorf("removed %v", r)
			}
			mistaken += accused
		}
	}
	t.Logf("%d accusations", mistaken)
	if mistaken > 20 {
		t.Errorf("%d accusations", mistaken)
	}
}

const greySeeds = 10

// Where little was tried, a loss may be taken for a grey member's that all have.
func TestLossIsTakenAtItsUpperBound(t *testing.T) {
	d, s := alone(8)
	pass(d, s, time.Second, 8*time.Second, all)
	e := d.edges[0]
	if loss := d.lossAtMost(8*time.Second, e, 8*time.Second); loss < maxLoss {
		t.Errorf("%v where nothing was tried", loss)
	}
	few, many := d.lossAtMost(8*time.Second, e, 5*time.Second), d.lossAtMost(8*time.Second, e, 2*time.Second)
	if few <= many || many > 0.3 {
		t.Errorf("%v after three seconds of answers, %v after six", few, many)
	}
}
