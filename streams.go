package grapevine

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"

	"github.com/grapevine-gossip/grapevine/internal/gossip"
	"github.com/grapevine-gossip/grapevine/transport"
)

// streamTable holds the open streams. Only the loop touches it; each stream has goroutines that dial, read and write, and
// report by events.
type streamTable struct {
	node   *Node
	events chan streamEvent
	open   map[uint64]*openStream
	nextIn uint64
}

type openStream struct {
	stream  transport.Stream // nil while dialling
	cancel  context.CancelFunc
	write   chan []byte // at most one frame under way
	writing bool
	ended   bool // nothing more to write
	eof     bool // nothing more to read
}

// streamEvent is what the goroutines of a stream tell the loop: it is up, a frame came, a frame was written, it is down.
type streamEvent struct {
	id      uint64
	up      transport.Stream
	in      bool // accepted
	frame   []byte
	written bool
	down    bool
	err     error
}

const streamEvents = 16 // that wait for the loop; who has more waits

func newStreamTable(n *Node) *streamTable {
	return &streamTable{node: n, events: make(chan streamEvent, streamEvents), open: map[uint64]*openStream{}, nextIn: 1}
}

// tell hands an event to the loop, and reports false when the node is closing. A reader that is ahead of the loop waits
// here: that is the back-pressure.
func (t *streamTable) tell(e streamEvent) bool {
	select {
	case t.events <- e:
		return true
	case <-t.node.quit:
		return false
	}
}

// carryOut opens and closes what the machine asks for.
func (t *streamTable) carryOut(calls []gossip.StreamCall) {
	for _, c := range calls {
		if c.Close {
			t.drop(c.ID)
			continue
		}
		ctx, cancel := context.WithTimeout(context.Background(), c.Deadline-t.node.now())
		t.open[c.ID] = &openStream{cancel: cancel}
		t.node.wg.Go(func() { t.dial(ctx, c) })
	}
}

func (t *streamTable) dial(ctx context.Context, c gossip.StreamCall) {
	s, err := t.node.tr.Dial(ctx, c.To)
	if err != nil {
		t.tell(streamEvent{id: c.ID, down: true, err: err})
		return
	}
	if deadline, ok := ctx.Deadline(); ok {
		_ = s.SetDeadline(deadline) // the transport has a deadline of its own
	}
	if !t.tell(streamEvent{id: c.ID, up: s}) {
		_ = s.Close()
	}
}

// accept carries incoming streams to the loop.
func (l *loop) accept() {
	for {
		s, err := l.node.tr.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue // counted and paced by the transport
		}
		if !l.streams.tell(streamEvent{up: s, in: true}) {
			_ = s.Close()
		}
	}
}

// handle runs on the loop.
func (t *streamTable) handle(e streamEvent) {
	n := t.node
	if e.in {
		e.id = t.nextIn
		t.nextIn += 2
		t.open[e.id] = &openStream{cancel: func() {}}
	}
	s := t.open[e.id]
	switch {
	case s == nil:
		if e.up != nil {
			_ = e.up.Close() // given up meanwhile
		}
	case e.up != nil:
		t.begin(e.id, s, e.up)
	case e.frame != nil:
		n.machine.StreamFrame(n.now(), e.id, e.frame)
	case e.written:
		s.writing = false
		t.maybeDone(e.id, s)
	case e.down && errors.Is(e.err, io.EOF):
		s.eof = true
		t.maybeDone(e.id, s)
	case e.down:
		t.end(e.id, e.err)
	}
}

func (t *streamTable) begin(id uint64, s *openStream, stream transport.Stream) {
	s.stream = stream
	s.write = make(chan []byte, 1)
	t.node.wg.Go(func() { t.readFrom(id, stream) })
	t.node.wg.Go(func() { t.writeTo(id, stream, s.write) })
	addr := netip.AddrPortFrom(stream.RemoteAddr().Addr().Unmap(), stream.RemoteAddr().Port())
	t.node.machine.StreamUp(t.node.now(), id, addr)
}

func (t *streamTable) readFrom(id uint64, stream transport.Stream) {
	for {
		frame, err := stream.ReadFrame(nil)
		if err != nil {
			t.tell(streamEvent{id: id, down: true, err: err})
			return
		}
		if !t.tell(streamEvent{id: id, frame: frame}) {
			return
		}
	}
}

func (t *streamTable) writeTo(id uint64, stream transport.Stream, frames <-chan []byte) {
	for frame := range frames {
		if err := stream.WriteFrame(frame); err != nil {
			t.tell(streamEvent{id: id, down: true, err: err})
			return
		}
		if !t.tell(streamEvent{id: id, written: true}) {
			return
		}
	}
}

// fill gives each stream whose writer is free its next frame.
func (t *streamTable) fill() {
	for id, s := range t.open {
		if s.stream == nil || s.writing || s.ended {
			continue
		}
		frame, more := t.node.machine.Fill(id, nil)
		if frame != nil {
			s.writing = true
			s.write <- frame
		}
		s.ended = !more
		t.maybeDone(id, s)
	}
}

// maybeDone ends the writing side once all is written, and the stream once both sides have ended.
func (t *streamTable) maybeDone(id uint64, s *openStream) {
	if !s.ended || s.writing {
		return
	}
	if s.write != nil {
		close(s.write)
		s.write = nil
		_ = s.stream.CloseWrite() // if it is broken, the reader says so
	}
	if s.eof {
		t.end(id, nil)
	}
}

func (t *streamTable) end(id uint64, err error) {
	t.drop(id)
	t.node.machine.StreamDown(t.node.now(), id, err)
}

func (t *streamTable) drop(id uint64) {
	s := t.open[id]
	if s == nil {
		return
	}
	delete(t.open, id)
	s.cancel()
	if s.write != nil {
		close(s.write)
	}
	if s.stream != nil {
		_ = s.stream.Close()
	}
}

func (t *streamTable) closeAll() {
	for id := range t.open {
		t.drop(id)
	}
}
