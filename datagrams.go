package grapevine

import (
	"net/netip"
	"sync"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/wire"
)

type datagram struct {
	from netip.AddrPort
	at   time.Time // when it was read
	n    int
	b    [wire.MaxDatagram + 64]byte // longer ones are cut, and rejected by their checksum
}

var datagrams = sync.Pool{New: func() any { return new(datagram) }}

// packetQueue holds datagrams until the loop takes them: many, if it is behind, and next to no memory while it isn't.
type packetQueue struct {
	ready chan struct{} // holds a token when there may be some

	mu      sync.Mutex
	waiting []*datagram
}

const (
	maxPackets  = 4096
	keepPackets = 64 // room for more is given back once it isn't needed
)

func newPacketQueue() *packetQueue { return &packetQueue{ready: make(chan struct{}, 1)} }

// push reports false when the queue is full.
func (q *packetQueue) push(p *datagram) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting) == maxPackets {
		return false
	}
	q.waiting = append(q.waiting, p)
	q.signal()
	return true
}

// take moves up to most of those that wait to into.
func (q *packetQueue) take(into []*datagram, most int) []*datagram {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := min(len(q.waiting), most)
	into = append(into, q.waiting[:n]...)
	left := copy(q.waiting, q.waiting[n:])
	clear(q.waiting[left:])
	q.waiting = q.waiting[:left]
	if left > 0 {
		q.signal()
		return into
	}
	select {
	case <-q.ready: // it would cost a turn for nothing
	default:
	}
	if cap(q.waiting) > keepPackets {
		q.waiting = nil
	}
	return into
}

func (q *packetQueue) signal() {
	select {
	case q.ready <- struct{}{}:
	default:
	}
}
