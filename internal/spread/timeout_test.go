package spread

import (
	"testing"
	"time"
)

// The first timeout is taken for a loss, so another member is asked as patiently; from the second on the time doubles.
func TestTimeoutAdaptsAndBacksOff(t *testing.T) {
	var e estimate
	for tries, want := range []time.Duration{50, 50, 100, 200, 400} {
		if got := e.timeout(tries); got != want*time.Millisecond {
			t.Errorf("after %d tries %v", tries, got)
		}
	}
	e.sample(time.Millisecond)
	if got := e.timeout(0); got != leastTimeout {
		t.Errorf("on a quick network %v", got)
	}
	for range 100 {
		e.sample(300 * time.Millisecond)
	}
	if got := e.timeout(0); got < 1100*time.Millisecond || got > 1200*time.Millisecond {
		t.Errorf("on a slow network %v", got)
	}
	if got := e.timeout(50); got != mostTimeout {
		t.Errorf("at most %v", got)
	}
}

func TestBucket(t *testing.T) {
	b := newBucket(1000) // 100 bytes deep
	b.refill(time.Second)
	b.spend(150)
	if b.open(0) {
		t.Error("open below zero")
	}
	at := b.openAt(0)
	if at < 1050*time.Millisecond || at > 1051*time.Millisecond {
		t.Errorf("open at %v", at)
	}
	b.refill(at)
	if !b.open(0) || b.open(streamReserve) {
		t.Error("packets may go, streams leave them half")
	}
	none := newBucket(-1)
	none.spend(1 << 40)
	if !none.open(streamReserve) {
		t.Error("no limit")
	}
}
