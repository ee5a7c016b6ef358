package gossip

import (
	"errors"
	"net/netip"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/spread"
	"github.com/grapevine-gossip/grapevine/internal/view"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// streams are bulk pulls: whoever lacks much opens one, asks, and is sent frames of deltas until it has all.
type streams struct {
	open  map[uint64]*stream
	next  uint64
	calls []StreamCall
}

type stream struct {
	peer     uint64 // of a pull: whom it was opened to
	pull     bool
	up       bool
	request  *wire.Request // still to be written
	transfer *spread.Transfer
	finished bool
}

const (
	pullFor    = 30 * time.Second
	streamRoom = 60 << 10 // bytes of deltas in one frame; a single large value may take more
	maxStreams = 256
)

func (s *streams) pull(now time.Duration, from *view.Member, req wire.Request) {
	s.next += 2
	s.open[s.next] = &stream{peer: from.ID, pull: true, request: &req}
	s.calls = append(s.calls, StreamCall{ID: s.next, To: from.Addr, Deadline: now + pullFor})
}

func (s *streams) drop(id uint64) {
	delete(s.open, id)
	s.calls = append(s.calls, StreamCall{ID: id, Close: true})
}

// StreamUp tells that a stream asked for is open, or that somebody opened one (an odd id).
func (m *Machine) StreamUp(now time.Duration, id uint64, _ netip.AddrPort) {
	m.enter(now)
	if s, ok := m.streams.open[id]; ok {
		s.up = true
		return
	}
	if id%2 == 0 || len(m.streams.open) >= maxStreams || m.silent() {
		m.streams.drop(id)
		return
	}
	m.streams.open[id] = &stream{up: true}
}

// StreamFrame takes one whole frame of a stream.
func (m *Machine) StreamFrame(now time.Duration, id uint64, frame []byte) {
	m.enter(now)
	s, ok := m.streams.open[id]
	if !ok || m.silent() {
		return
	}
	m.stats.StreamBytesIn += uint64(len(frame))
	h, err := m.in.Open(m.codec, frame)
	defer m.in.Clear()
	if err != nil {
		m.stats.Dropped[wire.DropReason(err)]++
		m.closeStream(now, id, s, err)
		return
	}
	rel, known := m.classify(h.From)
	if rel != fellow || h.To != m.selfTag() || s.pull && known.ID != s.peer {
		m.stats.Dropped["outside"]++
		m.closeStream(now, id, s, errOutside)
		return
	}
	m.countReceived(m.in.Messages)
	for _, msg := range m.in.Messages {
		switch msg := msg.(type) {
		case wire.Request:
			if !s.pull && s.transfer == nil {
				s.peer = known.ID
				s.transfer = m.spread.Serve(now, msg)
			}
		case wire.Delta:
			if s.pull {
				m.spread.Receive(now, known.View(), msg)
			}
		}
	}
	m.settle(now)
}

var errOutside = errors.New("the peer is not in the view")

// StreamDown tells that a stream ended; reason is nil if the other side finished.
func (m *Machine) StreamDown(now time.Duration, id uint64, reason error) {
	m.enter(now)
	if s, ok := m.streams.open[id]; ok {
		delete(m.streams.open, id)
		if s.pull {
			m.spread.PullDone(now, s.peer, reason)
		}
	}
}

func (m *Machine) closeStream(now time.Duration, id uint64, s *stream, reason error) {
	m.streams.drop(id)
	if s.pull {
		m.spread.PullDone(now, s.peer, reason)
	}
}

// Fill gives the next frame to write on a stream, or nil if there is none now. With more false nothing will follow.
func (m *Machine) Fill(id uint64, buf []byte) (frame []byte, more bool) {
	s, ok := m.streams.open[id]
	if !ok {
		return nil, false
	}
	var msgs []wire.Message
	switch {
	case !s.up:
		return nil, true
	case s.finished:
		return nil, false
	case s.pull:
		msgs, s.finished = []wire.Message{*s.request}, true
	case s.transfer == nil:
		return nil, true
	default:
		msgs, more = s.transfer.Next(streamRoom)
		s.finished = !more
	}
	peer := m.raw.Find(s.peer)
	if len(msgs) == 0 || peer == nil {
		return nil, more && peer != nil
	}
	var sections []byte
	for _, msg := range msgs {
		before := len(sections)
		sections = wire.AppendSection(sections, msg)
		m.sent.add(msg.Kind(), len(sections)-before)
	}
	frame = m.codec.AppendFrame(buf[:0], m.header(peer.Tag), sections)
	m.stats.StreamBytesOut += uint64(len(frame))
	return frame, more
}
