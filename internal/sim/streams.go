package sim

import (
	"errors"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/gossip"
)

// stream is one end of a pipe of frames, as the runtime has it over TCP. Both ends exist from the dial on.
type stream struct {
	id      uint64
	peer    *stream
	node    *Node
	lives   uint32 // the process that has it
	open    bool
	up      bool
	ended   bool          // nothing more to write
	eof     bool          // the other end writes nothing more
	flying  int           // frames that the other side has not handled
	order   time.Duration // when the latest of them arrives: TCP keeps the order
	stalled time.Duration // until when nothing is read here, because a segment before it is missing
	down    time.Duration // it breaks then, on the world's clock
}

// streamItem is what happens to one end of a stream.
type streamItem struct {
	s     *stream
	what  streamWhat
	frame []byte
	err   error
}

type streamWhat uint8

const (
	streamDial streamWhat = iota + 1
	streamUp
	streamFrame
	streamEOF
	streamDown
	streamRoom // the other side has handled a frame
)

const (
	window      = 4                      // frames of 64 KiB under way: what socket buffers hold
	retransmit  = 200 * time.Millisecond // what a lost segment costs, and how often a dead link is tried again
	streamIdle  = 30 * time.Second       // an end without a deadline of its own
	frameHeader = 40                     // bytes of IP and TCP in a segment
	segment     = 1400
)

var (
	errRefused = errors.New("connection refused")
	errReset   = errors.New("connection reset")
	errTimeout = errors.New("timed out")
)

// streamCall opens or closes a stream for a machine.
func (w *World) streamCall(n *Node, at time.Duration, c gossip.StreamCall) {
	if c.Close {
		for _, s := range n.streams {
			if s.id == c.ID {
				w.closeStream(s, errReset)
				return
			}
		}
		return
	}
	s := &stream{id: c.ID, node: n, lives: n.lives, open: true, down: c.Deadline - n.offset}
	n.streams = append(n.streams, s)
	w.later(max(s.down, at+1), n, s, streamDown, nil, errTimeout)
	to, ok := number(c.To)
	if !ok {
		return
	}
	s.peer = &stream{peer: s, open: true}
	w.dial(s, to, at)
}

// dial tries until the deadline; a link that loses everything is tried again.
func (w *World) dial(s *stream, to uint32, at time.Duration) {
	if !s.open || at >= s.down {
		return
	}
	d, ok := w.net.path(at, s.node.addr, to)
	back, okBack := w.net.path(at, to, s.node.addr)
	if !ok || !okBack {
		w.At(max(at+retransmit-w.now, 1), func() { w.dial(s, to, w.now) })
		return
	}
	e := w.queue.add(at+d+back, atCall)
	e.call = func() { w.accept(s, to, back) }
}

// accept is the other side of a dial.
func (w *World) accept(s *stream, to uint32, back time.Duration) {
	peer := w.net.holder(to)
	if !s.open {
		return
	}
	if peer == nil || !peer.up {
		w.later(w.now+back, s.node, s, streamDown, nil, errRefused)
		return
	}
	peer.nextIn += 2
	p := s.peer
	p.id, p.node, p.lives, p.down = peer.nextIn-1, peer, peer.lives, w.now+streamIdle
	peer.streams = append(peer.streams, p)
	w.later(w.now+1, peer, p, streamUp, nil, nil)
	w.later(w.now+max(back, 1), s.node, s, streamUp, nil, nil)
	w.later(p.down, peer, p, streamDown, nil, errTimeout)
}

// later has something happen to one end of a stream.
func (w *World) later(at time.Duration, n *Node, s *stream, what streamWhat, frame []byte, err error) {
	e := w.queue.add(max(at, w.now), atStream)
	e.to, e.lives = n, s.lives
	e.item = &streamItem{s, what, frame, err}
}

// streamArrives puts what happens to a stream into the inbox of its process. It is not lost there: the window bounds it.
func (n *Node) streamArrives(lives uint32, it *streamItem) {
	s := it.s
	if !n.up || n.lives != lives || !s.open {
		return
	}
	if it.what == streamFrame || it.what == streamEOF {
		if s.stalled <= n.w.now && !n.w.net.whole(s.peer.node.addr, n.addr) {
			s.stalled = n.w.now + retransmit
		}
		if s.stalled > n.w.now {
			n.w.later(s.stalled, n, s, it.what, it.frame, it.err)
			return
		}
	}
	n.inbox.push(item{what: itemStream, at: n.w.now, data: it.frame, in: it})
	n.poke()
}

// handleStream gives it to the machine.
func (w *World) handleStream(n *Node, now time.Duration, it *streamItem) {
	s := it.s
	if !s.open {
		return
	}
	switch it.what {
	case streamUp:
		s.up = true
		n.m.StreamUp(now, s.id, AddrPort(s.peer.node.addr))
	case streamFrame:
		n.Received.StreamBytes += uint64(len(it.frame))
		w.trace.packet(w.now, n, s.peer.node.addr, it.frame)
		n.m.StreamFrame(now, s.id, it.frame)
		if p := s.peer; p.open && p.node.up {
			w.later(w.now+w.cfg.Link.Latency.Mean(), p.node, p, streamRoom, nil, nil)
		}
	case streamRoom:
		s.flying--
	case streamEOF:
		s.eof = true
		w.maybeDone(n, now, s)
	case streamDown:
		w.dropStream(s)
		n.m.StreamDown(now, s.id, it.err)
	}
}

// fill gives each stream whose line is free its next frames.
func (w *World) fill(n *Node, at time.Duration) {
	for i := 0; i < len(n.streams); i++ {
		s := n.streams[i]
		for s.open && s.up && !s.ended && s.flying < window {
			frame, more := n.m.Fill(s.id, nil)
			if frame != nil {
				w.write(n, s, at, frame)
			}
			s.ended = !more
			if s.ended {
				s.order = max(s.order, at) + 1
				w.later(s.order+w.cfg.Link.Latency.Mean(), s.peer.node, s.peer, streamEOF, nil, nil)
				w.maybeDone(n, n.clock(at), s)
			}
			if frame == nil {
				break
			}
		}
	}
	n.streams = sweep(n.streams)
}

// write sends a frame: segment by segment, so that the loss of the link is felt as delay.
func (w *World) write(n *Node, s *stream, at time.Duration, frame []byte) {
	segments := len(frame)/segment + 1
	n.Sent.StreamBytes += uint64(len(frame))
	end := line(at, &n.sending, len(frame)+segments*frameHeader, n.host.Bandwidth)
	arrives := end + w.net.link.Latency.draw(w.net.rng, n.addr, s.peer.node.addr)
	if loss := w.net.link.Loss; loss > 0 {
		for range segments {
			if w.net.rng.Float64() < loss {
				arrives += retransmit
				break
			}
		}
	}
	s.order = max(s.order+1, arrives)
	s.flying++
	w.later(s.order, s.peer.node, s.peer, streamFrame, frame, nil)
}

// maybeDone ends a stream once both sides have written all.
func (w *World) maybeDone(n *Node, now time.Duration, s *stream) {
	if s.ended && s.eof && s.open {
		w.dropStream(s)
		n.m.StreamDown(now, s.id, nil)
	}
}

// closeStream ends a stream at one end; the other one is told.
func (w *World) closeStream(s *stream, err error) {
	w.dropStream(s)
	if p := s.peer; p != nil && p.open && p.node != nil {
		w.later(w.now+w.cfg.Link.Latency.Mean(), p.node, p, streamDown, nil, err)
	}
}

// dropStream closes one end. Its node forgets it when it next fills.
func (w *World) dropStream(s *stream) { s.open = false }

func sweep(streams []*stream) []*stream {
	kept := streams[:0]
	for _, s := range streams {
		if s.open {
			kept = append(kept, s)
		}
	}
	clear(streams[len(kept):])
	return kept
}

// BreakStreams resets all streams of a node.
func (w *World) BreakStreams(n *Node) {
	for _, s := range n.streams {
		if p := s.peer; s.open && p != nil && p.node != nil {
			w.later(w.now, n, s, streamDown, nil, errReset)
			w.later(w.now, p.node, p, streamDown, nil, errReset)
		}
	}
}
