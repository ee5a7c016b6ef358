package sim

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// The queue gives back what a stable sort would.
func TestQueueIsAStableSort(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for range 200 {
		var q queue
		type entry struct {
			at   time.Duration
			addr uint32
		}
		var want, got []entry
		for i := range 1 + rng.IntN(300) {
			e := entry{time.Duration(rng.IntN(20)), uint32(i)}
			q.add(e.at, atPacket).addr = e.addr
			want = append(want, e)
		}
		slices.SortStableFunc(want, func(a, b entry) int { return int(a.at - b.at) })
		for q.len() > 0 {
			at, e := q.take()
			got = append(got, entry{at, e.addr})
			q.release(e)
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%v, want %v", got, want)
		}
	}
}
