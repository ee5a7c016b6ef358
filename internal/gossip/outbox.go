package gossip

import (
	"net/netip"

	"github.com/grapevine-gossip/grapevine/internal/view"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// outbox gathers the messages of one turn, so that all that goes to one member shares packets.
type outbox struct {
	packets []*packet
	last    map[target]*packet // the packet still open, by receiver
	free    []*packet
	built   []Packet
}

type target struct {
	addr netip.AddrPort
	tag  uint32 // of the receiver's life as held here; 0: unknown
}

type packet struct {
	target
	sections []byte
	frame    []byte
}

// send queues a message for a member of the view.
func (m *Machine) send(to *view.Member, msg wire.Message) { m.queue(target{to.Addr, to.Tag}, msg) }

// sendTo queues a message for an address. If a member of the view has it, it is sent under that member's life.
func (m *Machine) sendTo(to netip.AddrPort, msg wire.Message) { m.queue(target{to, 0}, msg) }

func (m *Machine) queue(to target, msg wire.Message) {
	b := &m.box
	if b.last == nil {
		b.last = map[target]*packet{}
	}
	p := b.last[to]
	if p == nil {
		p = b.open(to)
	}
	if msg == nil {
		return // a frame without sections
	}
	before := len(p.sections)
	p.sections = wire.AppendSection(p.sections, msg)
	m.countSent(msg, len(p.sections)-before)
	if len(p.sections) > wire.MaxSection && before > 0 {
		section := p.sections[before:]
		p.sections = p.sections[:before]
		q := b.open(to)
		q.sections = append(q.sections, section...)
	}
}

func (m *Machine) countSent(msg wire.Message, bytes int) {
	kind := msg.Kind().String()
	m.stats.SentByKind[kind]++
	m.stats.SentBytesByKind[kind] += uint64(bytes)
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
	b.last[to] = p
	return p
}

// flush closes the packets. The hashes in the header are those at the end of the turn.
func (b *outbox) flush(m *Machine) []Packet {
	b.built = b.built[:0]
	if len(b.packets) == 0 {
		return b.built
	}
	h := m.header(0)
	for _, p := range b.packets {
		h.To = p.tag
		p.frame = m.codec.AppendFrame(p.frame[:0], h, p.sections)
		if len(p.frame) > wire.MaxDatagram {
			m.stats.Dropped["limit"]++ // a part built a message that can't be sent: a defect, found by the tests
			continue
		}
		b.built = append(b.built, Packet{To: p.addr, Data: p.frame})
		m.stats.PacketsOut++
		m.stats.BytesOut += uint64(len(p.frame))
	}
	b.free = append(b.free, b.packets...)
	b.packets = b.packets[:0]
	clear(b.last)
	return b.built
}

func (m *Machine) header(to uint32) wire.Header {
	return wire.Header{
		From: wire.RefOf(m.st.Self.ID, m.st.Self.Record.Life), To: to,
		View: m.st.ViewHash(), State: m.st.StateHash(),
	}
}
