package antientropy

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// differing makes two members that differ in d of the namespaces of n others, about half of them newer on either side,
// and that have seen so many changes since that those of late explain nothing.
func differing(t *testing.T, n, d int, method Method) (a, b *side) {
	a, b = pair(t, n)
	for _, s := range []*side{a, b} {
		s.x.method = method
	}
	rng := rand.New(rand.NewPCG(uint64(n), uint64(d)))
	for m := range n - 2 {
		a.write(time.Second, m+2, 0, 1)
		b.write(time.Second, m+2, 0, 1)
	}
	for _, m := range rng.Perm(n - 2)[:d] {
		ahead, behind := a, b
		if rng.IntN(2) == 0 {
			ahead, behind = b, a
		}
		ahead.write(time.Second, m+2, 1, 3+rng.Uint64N(300))
		if rng.IntN(2) == 0 {
			behind.write(time.Second, m+2, 1, 2)
		}
	}
	for range 70 {
		for _, s := range []*side{a, b} {
			m := s.st.FindName(record(2).Name).Space.Max()
			s.write(2*time.Second, 2, m, m+1)
		}
	}
	return a, b
}

// toldRight checks that each was offered exactly what it lacks.
func toldRight(t *testing.T, a, b *side) {
	t.Helper()
	for _, m := range a.st.View().All() {
		mine, theirs := a.st.Find(m.ID).Space.Max(), b.st.Find(m.ID).Space.Max()
		var wantA, wantB uint64
		if mine < theirs {
			wantA = theirs
		} else if theirs < mine {
			wantB = mine
		}
		if a.offered[m.ID] != wantA || b.offered[m.ID] != wantB {
			t.Fatalf("%s, %d here and %d there: offered %d and %d", m.Name, mine, theirs, a.offered[m.ID], b.offered[m.ID])
		}
	}
}

func TestEachMethodFindsAllDifferences(t *testing.T) {
	for _, method := range []Method{Cheapest, ByID, ByPlace, BySketch} {
		for n, ds := range map[int][]int{3: {0, 1}, 60: {0, 1, 10, 58}, 300: {1, 10, 100, 298}, 3000: {5, 500}} {
			for _, d := range ds {
				t.Run(fmt.Sprintf("%s/n=%d/d=%d", method, n, d), func(t *testing.T) {
					a, b := differing(t, n, d, method)
					a.contact()
					toldRight(t, a, b)
					for _, s := range []*side{a, b} {
						if got := s.sent[wire.KindDigest] > 0; got && method != ByID {
							t.Errorf("a digest by id was sent: %v", s.sent)
						}
					}
				})
			}
		}
	}
}

// What is found in few bytes by each size of view and of difference.
func TestTheCheapestMethodIsTaken(t *testing.T) {
	for _, c := range []struct {
		n, d int
		kind wire.Kind
	}{
		{60, 3, wire.KindVersions}, {3000, 3, wire.KindSketch}, {3000, 50, wire.KindSketch}, {3000, 2000, wire.KindVersions},
	} {
		sent := map[Method]int{}
		for _, method := range []Method{Cheapest, ByID, ByPlace, BySketch} {
			a, b := differing(t, c.n, c.d, method)
			a.contact()
			sent[method] = a.bytes + b.bytes
			if method == Cheapest && a.sent[c.kind]+b.sent[c.kind] == 0 {
				t.Errorf("%d of %d: %v and %v", c.d, c.n, a.sent, b.sent)
			}
		}
		t.Logf("%d of %d differ: bytes %v", c.d, c.n, sent)
		if least := min(sent[ByID], sent[ByPlace], sent[BySketch]); 2*sent[Cheapest] > 3*least {
			t.Errorf("%d of %d: %d bytes, where %d would do", c.d, c.n, sent[Cheapest], least)
		}
	}
}

// A page of cells that gets lost ends the comparison; the next one, a second later, finds what there is.
func TestLostCellsAreFoundOutNextTime(t *testing.T) {
	for lost := range 4 {
		a, b := differing(t, 3000, 100, BySketch)
		a.lose = wire.KindSketch
		a.loseAt = lost
		b.lose, b.loseAt = a.lose, a.loseAt
		a.contact()
		*a.now += pageEvery
		a.lose, b.lose = 0, 0
		a.contact()
		toldRight(t, a, b)
	}
}

// The cells that are asked for later are of the same moment as the first, whatever was written meanwhile.
func TestASketchIsOfOneMoment(t *testing.T) {
	a, b := differing(t, 3000, 60, Cheapest)
	a.x.begin(*a.now, a.st.View().Find(b.st.Self.ID))
	a.hand()
	for m := 10; m < 20; m++ {
		v := b.st.FindName(record(m).Name).Space.Max()
		b.write(*b.now, m, v, v+5)
	}
	b.deliver()
	if a.sent[wire.KindSketch] == 0 || a.sent[wire.KindVersions]+b.sent[wire.KindVersions] > 0 || len(a.offered) < 20 {
		t.Errorf("sent %v and %v, offered %d", a.sent, b.sent, len(a.offered))
	}
}

// Whatever a member of the view says, it is answered by a bounded number of messages.
func TestNonsenseIsHarmless(t *testing.T) {
	a, b := differing(t, 400, 20, Cheapest)
	member := a.st.View().Find(b.st.Self.ID)
	a.x.Hashes(*a.now, member, b.st.ViewHash(), b.st.StateHash())
	views := []uint64{a.st.ViewHash(), a.st.ViewHash() + 1}
	rapid.Check(t, func(t *rapid.T) {
		a.out = nil
		a.x.given.to = member.ID
		number := rapid.Uint32Range(0, 1000)
		view := rapid.SampledFrom(views).Draw(t, "view")
		switch rapid.IntRange(0, 1).Draw(t, "kind") {
		case 0:
			n := rapid.SampledFrom([]int{0, 1, 24, 104, 128, 488, 512, 900}).Draw(t, "cells")
			s := wire.Sketch{View: view, State: rapid.Uint64Range(0, 1).Draw(t, "state"), First: number.Draw(t, "first")}
			if rapid.Bool().Draw(t, "at a run") {
				s.First = uint32(rapid.SampledFrom([]int{0, 24, 128, 512}).Draw(t, "run"))
			}
			s.Cells = make([]uint64, n)
			for i := range s.Cells {
				s.Cells[i] = rapid.Uint64().Draw(t, "cell")
			}
			a.x.Receive(*a.now, member, s)
		case 1:
			v := wire.Versions{View: view, First: number.Draw(t, "first"), Reply: rapid.Bool().Draw(t, "reply")}
			v.Versions = rapid.SliceOfN(rapid.Uint64Range(0, wire.MaxCounter-1), 0, 500).Draw(t, "versions")
			a.x.Receive(*a.now, member, v)
		}
		if len(a.out) > 20 || len(a.x.taken.cells) > lastRun {
			t.Fatalf("%d messages, %d cells kept", len(a.out), len(a.x.taken.cells))
		}
	})
}
