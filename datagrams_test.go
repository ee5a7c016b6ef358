package grapevine

import "testing"

// Whoever waits for the token and then takes must get all that was put there, in order, though the token is given back
// when nothing is left.
func TestPacketQueueWakesForEverything(t *testing.T) {
	const count = 20_000
	q := newPacketQueue()
	go func() {
		for i := 0; i < count; {
			if q.push(&datagram{n: i}) {
				i++
			}
		}
	}()
	var batch []*datagram
	for next := 0; next < count; {
		<-q.ready
		batch = q.take(batch[:0], 3)
		for _, p := range batch {
			if p.n != next {
				t.Fatalf("got %d, want %d", p.n, next)
			}
			next++
		}
	}
	select {
	case <-q.ready:
		t.Error("a token, though nothing is left")
	default:
	}
}

func TestPacketQueueIsBounded(t *testing.T) {
	q := newPacketQueue()
	for range maxPackets {
		if !q.push(&datagram{}) {
			t.Fatal("full too early")
		}
	}
	if q.push(&datagram{}) {
		t.Error("never full")
	}
	if got := len(q.take(nil, 2*maxPackets)); got != maxPackets {
		t.Errorf("took %d", got)
	}
	if cap(q.waiting) > keepPackets {
		t.Errorf("keeps room for %d", cap(q.waiting))
	}
}
