package transport

import (
	"container/heap"
	"net/netip"
	"slices"
	"sync"
	"time"
)

const (
	// memoryQueue is how many datagrams may have arrived and wait for ReadFrom; one more is lost. That is what a kernel
	// buffer of 4 MiB holds of full datagrams, roughly.
	memoryQueue = 2048

	// memoryFlight is how many may be on their way to one address; one more is lost.
	memoryFlight = 1 << 16
)

type datagram struct {
	at   time.Time // when it arrives
	seq  uint64    // orders those that arrive at the same time
	from netip.AddrPort
	data []byte
}

// flight is a heap of what is on its way, by arrival.
type flight []*datagram

func (f flight) Len() int { return len(f) }
func (f flight) Less(i, j int) bool {
	if !f[i].at.Equal(f[j].at) {
		return f[i].at.Before(f[j].at)
	}
	return f[i].seq < f[j].seq
}
func (f flight) Swap(i, j int) { f[i], f[j] = f[j], f[i] }
func (f *flight) Push(x any)   { *f = append(*f, x.(*datagram)) }
func (f *flight) Pop() any {
	last := len(*f) - 1
	d := (*f)[last]
	(*f)[last] = nil
	*f = (*f)[:last]
	return d
}

// inbox holds the datagrams to one address: those on their way, then those that have arrived.
type inbox struct {
	wake chan struct{} // holds one token when there is something new for take to look at

	mu      sync.Mutex
	flight  flight
	seq     uint64
	arrived []*datagram
}

func newInbox() *inbox { return &inbox{wake: make(chan struct{}, 1)} }

// put keeps a copy of b.
func (q *inbox) put(b []byte, from netip.AddrPort, now time.Time, took time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.land(now)
	if len(q.flight) >= memoryFlight {
		return
	}
	q.seq++
	heap.Push(&q.flight, &datagram{at: now.Add(took), seq: q.seq, from: from, data: slices.Clone(b)})
	q.land(now)
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// take returns the first datagram that has arrived, or when to look again and what tells of an earlier time.
func (q *inbox) take(now time.Time) (d *datagram, next time.Time, wake <-chan struct{}) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.land(now)
	if len(q.arrived) > 0 {
		d, q.arrived = q.arrived[0], q.arrived[1:]
		return d, time.Time{}, nil
	}
	if len(q.flight) > 0 {
		next = q.flight[0].at
	}
	return nil, next, q.wake
}

// land lets arrive what has arrived by now. Nobody reads between two calls, so it does not matter that those which find
// the queue full are dropped later than they arrived.
func (q *inbox) land(now time.Time) {
	for len(q.flight) > 0 && !q.flight[0].at.After(now) {
		d := heap.Pop(&q.flight).(*datagram)
		if len(q.arrived) < memoryQueue {
			q.arrived = append(q.arrived, d)
		}
	}
}
