package board

import (
	"math"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func open(gate <-chan struct{}) bool {
	select {
	case <-gate:
		return true
	default:
		return false
	}
}

var three = []int{0, 1, 2}

// full returns a board of three members that list all.
func full() *Board {
	b := New(3)
	b.Expect(true, three, three)
	b.Place(0, three...)
	b.Watch(true, three...)
	for _, at := range three {
		for _, whom := range three {
			b.Up(at, whom)
		}
	}
	return b
}

func TestExactOpensWithTheLastNews(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(3)
		b.Expect(true, three, three)
		b.Watch(true, three...)
		begin := time.Now()
		gate := b.Exact()
		for _, news := range [][2]int{{0, 1}, {0, 2}, {1, 0}, {1, 2}, {2, 0}, {2, 0}} {
			time.Sleep(time.Second)
			b.Up(news[0], news[1])
			if open(gate) {
				t.Fatalf("open after %v", news)
			}
		}
		b.Up(2, 1)
		if !open(gate) || b.ExactAt().Sub(begin) != 6*time.Second {
			t.Errorf("open: %v, at %v", open(gate), b.ExactAt().Sub(begin))
		}
		if got := b.Right(begin, three); !slices.Equal(got, []float64{2, 4, 6}) {
			t.Errorf("right at %v", got)
		}
		b.Down(0, 1)
		if open(b.Exact()) || !b.ExactAt().IsZero() {
			t.Error("still exact after a removal")
		}
		if got := b.Right(begin, []int{0}); !math.IsInf(got[0], 1) {
			t.Errorf("one that is wrong is right at %v", got)
		}
	})
}

// A crash: the victim is expected no longer and does not count itself.
func TestOnlyRemovalsOfTheLivingAreFalse(t *testing.T) {
	b := full()
	b.Reset()
	b.End(2)
	b.Expect(false, []int{0, 1}, []int{2})
	gate := b.Exact()
	b.Down(0, 2)
	b.Down(2, 0) // nobody's news
	if open(gate) {
		t.Error("exact although one still lists the victim")
	}
	b.Down(1, 2)
	if !open(gate) {
		t.Error("not exact")
	}
	if members, times := b.False(); members != 0 || times != 0 {
		t.Errorf("%d members falsely removed, %d times", members, times)
	}
	b.Down(0, 1)
	b.Down(0, 1) // no news
	b.Up(0, 1)
	b.Down(0, 1)
	if members, times := b.False(); members != 1 || times != 2 {
		t.Errorf("%d members falsely removed, %d times", members, times)
	}
}

func TestRemovingTheOtherSideIsRight(t *testing.T) {
	b := full()
	b.Reset()
	b.Place(1, 2)
	b.Down(0, 2)
	if members, _ := b.False(); members != 0 {
		t.Error("one that is out of reach was removed, and that is false")
	}
}

func TestShares(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := full()
		b.Reset()
		time.Sleep(3 * time.Second)
		b.Down(0, 1)
		time.Sleep(time.Second)
		b.Down(1, 2)
		time.Sleep(time.Second)
		b.Up(0, 1)
		b.Up(1, 2)
		time.Sleep(5 * time.Second)
		if exact, stale := b.Shares(); exact != 8*time.Second || stale != 3 {
			t.Errorf("exact for %v, %v entries times seconds wrong", exact, stale)
		}
	})
}

func TestUpdates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const first = 7
		b := New(4)
		begin := time.Now()
		u := b.Follow(first, 100, []int{1, 2})
		for id := range 100 {
			b.Got(0, first+id) // not asked
			b.Got(1, first+id)
			b.Got(1, first+id) // twice
		}
		time.Sleep(time.Second)
		for id := range 98 {
			b.Got(2, first+id)
		}
		b.Got(2, first-1)
		b.Got(2, first+100)
		if arrived, total := u.Arrived(); arrived != 198 || total != 200 {
			t.Errorf("%d of %d", arrived, total)
		}
		if u.Most(begin) != 1 || open(u.Done()) {
			t.Errorf("99 %% at %v", u.Most(begin))
		}
		if got := u.Times(begin); got[0] != 0 || !math.IsInf(got[1], 1) {
			t.Errorf("times %v", got)
		}
		b.Got(2, first+98)
		b.Got(2, first+99)
		if !open(u.Done()) || !slices.Equal(u.Times(begin), []float64{0, 1}) {
			t.Errorf("times %v", u.Times(begin))
		}
	})
}

func TestStableCountsEachOnce(t *testing.T) {
	b := New(3)
	b.Stable(0, 3) // nobody asked
	gate := b.AwaitStable(3, 2)
	b.Stable(0, 2)
	b.Stable(0, 3)
	b.Stable(0, 3)
	if open(gate) {
		t.Error("open after one of two")
	}
	b.Stable(1, 3)
	b.Stable(2, 3)
	if !open(gate) || b.StableAt().IsZero() {
		t.Error("not open after both")
	}
}
