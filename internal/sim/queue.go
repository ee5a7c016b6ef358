package sim

import "time"

// kind says what an event does.
type kind uint8

const (
	atPacket kind = iota + 1 // a datagram reaches an address
	atTurn                   // a process may have something to do
	atStream                 // something happens to one end of a stream
	atCall                   // a function of the one who plays with the world
)

// event is one entry of the queue. Events are reused: hold none after it was handled.
type event struct {
	kind  kind
	lives uint32 // atTurn, atStream: of the process meant; another one ignores it
	to    *Node
	data  []byte // atPacket
	src   uint32 // atPacket: the address it came from, which its sender may have left
	addr  uint32 // atPacket: where to
	item  *streamItem
	call  func()
}

// slot keeps what the heap compares beside each other.
type slot struct {
	at  time.Duration
	seq uint64
	e   *event
}

// queue is a heap of events, the earliest first. Those of the same instant come in the order in which they were put
// there. With four children a node it is half as deep as a binary heap, and the children share cache lines.
type queue struct {
	slots []slot
	seq   uint64
	free  []*event
}

const heapArity = 4

func (s *slot) before(o *slot) bool { return s.at < o.at || s.at == o.at && s.seq < o.seq }

// add puts an event into the queue and returns it to be filled in.
func (q *queue) add(at time.Duration, k kind) *event {
	var e *event
	if n := len(q.free); n > 0 {
		e, q.free = q.free[n-1], q.free[:n-1]
		*e = event{kind: k}
	} else {
		e = &event{kind: k}
	}
	q.seq++
	q.slots = append(q.slots, slot{at, q.seq, e})
	q.up(len(q.slots) - 1)
	return e
}

// take removes the earliest event. The caller gives it back by release.
func (q *queue) take() (time.Duration, *event) {
	first := q.slots[0]
	last := len(q.slots) - 1
	q.slots[0] = q.slots[last]
	q.slots[last] = slot{}
	q.slots = q.slots[:last]
	if last > 1 {
		q.down(0)
	}
	return first.at, first.e
}

func (q *queue) release(e *event) {
	if len(q.free) < keepFree {
		q.free = append(q.free, e)
	}
}

func (q *queue) len() int { return len(q.slots) }

// next is when the earliest event happens.
func (q *queue) next() time.Duration { return q.slots[0].at }

func (q *queue) up(i int) {
	s := q.slots[i]
	for i > 0 {
		p := (i - 1) / heapArity
		if !s.before(&q.slots[p]) {
			break
		}
		q.slots[i] = q.slots[p]
		i = p
	}
	q.slots[i] = s
}

func (q *queue) down(i int) {
	s := q.slots[i]
	n := len(q.slots)
	for {
		first := i*heapArity + 1
		if first >= n {
			break
		}
		least := first
		for c := first + 1; c < min(first+heapArity, n); c++ {
			if q.slots[c].before(&q.slots[least]) {
				least = c
			}
		}
		if !q.slots[least].before(&s) {
			break
		}
		q.slots[i] = q.slots[least]
		i = least
	}
	q.slots[i] = s
}
