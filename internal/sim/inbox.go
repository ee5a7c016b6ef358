package sim

import (
	"time"

	"github.com/grapevine-gossip/grapevine/internal/gossip"
)

// itemKind says what waits for a process.
type itemKind uint8

const (
	itemPacket itemKind = iota + 1
	itemStream
	itemCommand
)

type item struct {
	what itemKind
	at   time.Duration // when it came
	src  uint32
	data []byte
	in   *streamItem
	do   gossip.Command
}

// inbox is what waits for a process, in order of arrival: a ring that grows.
type inbox struct {
	ring    []item
	first   int
	n       int
	packets int
}

func (b *inbox) push(it item) {
	if b.n == len(b.ring) {
		ring := make([]item, max(8, 2*b.n))
		for i := range b.n {
			ring[i] = b.ring[(b.first+i)%len(b.ring)]
		}
		b.ring, b.first = ring, 0
	}
	b.ring[(b.first+b.n)%len(b.ring)] = it
	b.n++
	if it.what == itemPacket {
		b.packets++
	}
}

func (b *inbox) pop() item {
	it := b.ring[b.first]
	b.ring[b.first] = item{}
	b.first = (b.first + 1) % len(b.ring)
	b.n--
	if it.what == itemPacket {
		b.packets--
	}
	return it
}

func (b *inbox) clear() {
	clear(b.ring)
	b.first, b.n, b.packets = 0, 0, 0
}
