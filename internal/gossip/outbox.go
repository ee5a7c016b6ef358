package gossip

import (
	"net/netip"
	"slices"

	"github.com/grapevine-gossip/grapevine/internal/view"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// outbox gathers the messages of one turn, so that all that goes to one member shares packets.
type outbox struct {
	packets []*packet
	last    map[target]*packet // the packet still open, by receiver, once there are many
	free    []*packet
	frames  []byte
	built   []Packet
}

type target struct {
	addr netip.AddrPort
	tag  uint32 // of the receiver's life as held here; 0: unknown
	// asked has it sent under the life that this member asked for: the receiver knows no other.
	asked bool
}

type packet struct {
	target
	sections []byte
}

// send queues a message for a member of the view, and returns how many bytes more that takes on the wire.
func (m *Machine) send(to *view.Member, msg wire.Message) int {
	return m.queue(target{addr: to.Addr, tag: to.Tag}, msg)
}

// sendTo queues a message for an address. If a member of the view has it, it is sent under that member's life.
func (m *Machine) sendTo(to netip.AddrPort, msg wire.Message) { m.queue(target{addr: to}, msg) }

func (m *Machine) queue(to target, msg wire.Message) int {
	b := &m.box
	p, bytes := b.find(to), 0
	if p == nil {
		p, bytes = b.open(to), wire.FrameOverhead
	}
	if msg == nil {
		return bytes // a frame without sections
	}
	before := len(p.sections)
	p.sections = wire.AppendSection(p.sections, msg)
	size := len(p.sections) - before
	m.sent.add(msg.Kind(), size)
	if len(p.sections) > wire.MaxSection && before > 0 {
		section := p.sections[before:]
		p.sections = p.sections[:before]
		q := b.open(to)
		q.sections = append(q.sections, section...)
		bytes += wire.FrameOverhead
	}
	return bytes + size
}

// fewPackets is how many are searched for a receiver one by one. Nearly all turns have fewer.
const fewPackets = 8

func (b *outbox) find(to target) *packet {
	if len(b.packets) > fewPackets {
		return b.last[to]
	}
	for i := len(b.packets) - 1; i >= 0; i-- {
		if p := b.packets[i]; p.target == to {
			return p
		}
	}
	return nil
}

func (b *outbox) open(to target) *packet {
	var p *packet
	if n := len(b.free); n > 0 {
		p = b.free[n-1]
		b.free = b.free[:n-1]
		p.sections = p.sections[:0]
	} else {
		p = &packet{}
	}
	p.target = to
	b.packets = append(b.packets, p)
	switch n := len(b.packets); {
	case n == fewPackets+1:
		b.last = make(map[target]*packet, 4*fewPackets)
		for _, p := range b.packets {
			b.last[p.target] = p
		}
	case n > fewPackets:
		b.last[to] = p
	}
	return p
}

// flush closes the packets. The hashes in the header are those at the end of the turn.
func (b *outbox) flush(m *Machine) []Packet {
	b.built, b.frames = b.built[:0], b.frames[:0]
	if len(b.packets) == 0 {
		return b.built
	}
	h := m.header(0)
	self := h.From
	for _, p := range b.packets {
		h.To, h.From = p.tag, self
		if p.asked {
			h.From = wire.RefOf(m.st.Self.ID, m.door.Asked())
		}
		start := len(b.frames)
		b.frames = m.codec.AppendFrame(b.frames, h, p.sections)
		frame := b.frames[start:]
		if len(frame) > wire.MaxDatagram {
			m.stats.Dropped["limit"]++ // a part built a message that can't be sent: a defect, found by the tests
			continue
		}
		b.built = append(b.built, Packet{To: p.addr, Data: frame})
		m.stats.PacketsOut++
		m.stats.BytesOut += uint64(len(frame))
	}
	b.free = append(b.free, b.packets...)
	b.packets = b.packets[:0]
	b.last = nil
	return b.built
}

// release gives buffers back that a busy turn left. It is called now and then: an idle member needs next to none.
func (b *outbox) release() {
	room := cap(b.frames)
	for _, p := range b.free {
		room += cap(p.sections)
	}
	if room > keepRoom {
		*b = outbox{packets: slices.Clone(b.packets), last: b.last}
	}
}

const keepRoom = 1024 // bytes

func (m *Machine) header(to uint32) wire.Header {
	return wire.Header{
		From: wire.RefOf(m.st.Self.ID, m.st.Self.Record.Life), To: to,
		View: m.st.ViewHash(), State: m.st.StateHash(),
	}
}
