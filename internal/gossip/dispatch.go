package gossip

import (
	"errors"
	"net/netip"
	"slices"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/admission"
	"github.com/grapevine-gossip/grapevine/internal/publish"
	"github.com/grapevine-gossip/grapevine/internal/store"
	"github.com/grapevine-gossip/grapevine/internal/view"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// relation is how the sender of a packet stands to this member's view.
type relation uint8

const (
	fellow relation = iota + 1 // in the view, under the life that the packet names
	ended                      // its life has ended here, or an older one than the known
	newer                      // its life is above what is known here: the news may be on its way
)

// classify tells the three cases of DESIGN section 5 apart.
func (m *Machine) classify(r wire.Ref) (relation, *store.Member) {
	s := m.st.Find(r.ID)
	if s == nil {
		return newer, nil
	}
	known := wire.RefOf(s.ID, s.Record.Life)
	if known == r && s.InView() {
		return fellow, s
	}
	if r.Generation > known.Generation ||
		r.Generation == known.Generation && r.Boot == known.Boot && r.Incarnation > known.Incarnation {
		return newer, s
	}
	return ended, s
}

func (m *Machine) dispatch(now time.Duration, from netip.AddrPort, h wire.Header, msgs []wire.Message) {
	m.countReceived(msgs)
	if h.From.ID == m.st.Self.ID {
		m.namesake(now, from, h, msgs)
		return
	}
	rel, known := m.classify(h.From)
	if rel != fellow {
		m.outsider(now, from, h, msgs, rel, known)
		return
	}
	member := known.View()
	if h.To != m.selfTag() {
		m.stranger(now, from, h, msgs, member)
		return
	}
	m.det.Heard(now, member)
	m.ae.Hashes(now, member, h.View, h.State)
	m.spread.Hashes(member, h.View, h.State)
	for entries := m.entries; len(msgs) > 0 && m.entries == entries; msgs = msgs[1:] {
		m.receive(now, from, h, member, msgs[0])
	} // what follows a roster was said to a member of the view that was left by it
}

// namesake handles packets that carry this member's own name: it is one of its own seeds, or another process has the
// name.
func (m *Machine) namesake(now time.Duration, from netip.AddrPort, h wire.Header, msgs []wire.Message) {
	if h.From.Boot != wire.RefOf(m.st.Self.ID, m.st.Self.Record.Life).Boot {
		m.stats.Dropped["duplicate_name"]++
	}
	for _, msg := range msgs {
		switch msg := msg.(type) {
		case *wire.Ping:
			if msg.Seq >= admission.DoorSeq {
				m.probed(now, from, *msg)
			}
		case wire.Join, wire.Wait, wire.Refuse, wire.Notice:
			m.door.Receive(now, from, h, nil, msg)
		}
	}
}

// outsider handles a packet of somebody who is not in the view under the life the packet names: nothing is merged, only
// the door is open. Regular traffic is answered with what is wrong.
func (m *Machine) outsider(now time.Duration, from netip.AddrPort, h wire.Header, msgs []wire.Message, rel relation, known *store.Member) {
	regular := false
	for _, msg := range msgs {
		if !m.atDoor(now, from, h, nil, msg) {
			regular = true
		}
	}
	if !regular {
		return
	}
	m.stats.Dropped["outside"]++
	if wait, coming := m.door.Coming(now, h.To); coming {
		m.queue(target{addr: from, asked: true}, wait)
		return
	}
	if m.door.Expected(now, from, h.To) {
		return
	}
	if rel == newer {
		m.sendTo(from, wire.Unknown{})
	}
	if rel == ended || m.unknownFor(now, h.From) >= newsTakes {
		m.door.Notify(now, from, known)
	}
}

// newsTakes is how long the news of a life may take. If it has not come by then, its owner is in a view that this member
// was cut off from, though that view may still count this member in: it is told how things stand.
const newsTakes = 2 * time.Second

// unknownFor is since when packets come under a life that is above what is known here.
func (m *Machine) unknownFor(now time.Duration, life wire.Ref) time.Duration {
	since, ok := m.unknown[life]
	if !ok {
		if len(m.unknown) < maxTold {
			m.unknown[life] = now
		}
		return 0
	}
	return now - since
}

// stranger handles a packet of a member that holds another life of this one, or none.
func (m *Machine) stranger(now time.Duration, from netip.AddrPort, h wire.Header, msgs []wire.Message, member *view.Member) {
	for _, msg := range msgs {
		if _, ok := msg.(wire.Unknown); ok {
			m.det.Unknown(now, member)
			m.door.Unknown(now, member)
			continue
		}
		if _, ok := msg.(wire.Wait); ok { // it was let in, and its roster is under way: it lives
			m.det.Unknown(now, member)
		}
		m.atDoor(now, from, h, member, msg)
	}
	if m.door.Expected(now, from, h.To) || m.door.Out() || h.To == 0 {
		return
	}
	if t, ok := m.toldRecord[member.ID]; !ok || now-t >= tellEvery {
		m.toldRecord[member.ID] = now
		m.send(member, wire.Lives{Records: []wire.Record{m.st.Self.Record}})
	}
}

const tellEvery = 100 * time.Millisecond

// atDoor handles what is read from anybody, and reports whether msg was of that kind.
func (m *Machine) atDoor(now time.Duration, from netip.AddrPort, h wire.Header, member *view.Member, msg wire.Message) bool {
	switch msg := msg.(type) {
	case *wire.Ping:
		if msg.Seq < admission.DoorSeq {
			return false
		}
		m.probed(now, from, *msg)
	case *wire.Ack:
		if msg.Seq < admission.DoorSeq {
			return false
		}
		m.door.Acked(now, from, h, *msg)
	case wire.Notice, wire.Join, wire.Wait, wire.Refuse, wire.Admitted, wire.Roster, wire.Fetch, wire.Check, wire.Checked:
		m.door.Receive(now, from, h, member, msg)
	case wire.LeaveAck:
		m.door.LeaveAcked(now, h.From.ID, msg)
	case wire.Ends:
		return m.farewell(from, h, msg)
	case wire.Unknown:
	default:
		return false
	}
	return true
}

// probed answers a probe of the door.
func (m *Machine) probed(now time.Duration, from netip.AddrPort, p wire.Ping) {
	m.door.Probed(now)
	m.sendTo(from, m.det.Answer(p))
}

// farewell answers a leaver whose end is already held.
func (m *Machine) farewell(from netip.AddrPort, h wire.Header, e wire.Ends) bool {
	i := slices.IndexFunc(e.Ends, func(e wire.End) bool { return wire.ID(e.Name) == h.From.ID && e.Cause == wire.Left })
	if i < 0 {
		return false
	}
	m.door.Farewell(from, e.Ends[i])
	return true
}

// receive handles one message of a member of the view that holds this one's present life.
func (m *Machine) receive(now time.Duration, from netip.AddrPort, h wire.Header, member *view.Member, msg wire.Message) {
	switch msg := msg.(type) {
	case *wire.Ping:
		if msg.Seq >= admission.DoorSeq {
			m.probed(now, from, *msg)
			return
		}
		m.det.Pinged(now, member, *msg)
	case *wire.Ack:
		if msg.Seq >= admission.DoorSeq {
			m.door.Acked(now, from, h, *msg)
			return
		}
		m.det.Acked(now, member, *msg)
	case wire.RelayPing, wire.RelayAck, wire.Call, wire.Rumour:
		m.det.Receive(now, member, msg)
	case wire.Unknown:
		m.det.Unknown(now, member)
	case wire.Notice, wire.Larger, wire.Join, wire.Wait, wire.Refuse, wire.Admitted, wire.Roster, wire.Fetch,
		wire.Check, wire.Checked:
		m.door.Receive(now, from, h, member, msg)
	case wire.LeaveAck:
		m.door.LeaveAcked(now, member.ID, msg)
	case wire.Lives:
		m.takeLives(now, member, msg.Records, false)
	case wire.Ends:
		m.receiveEnds(now, from, h, member, msg)
	case wire.Delta, wire.Announce, wire.Places, wire.Request, wire.Bulk, wire.More, wire.Fill, wire.Part, wire.Congestion:
		m.spread.Receive(now, member, msg)
	case wire.Recent, wire.Digest, wire.Versions, wire.Sketch, wire.LifeDigest, wire.Want:
		m.ae.Receive(now, member, msg)
	case wire.Up, wire.Down, wire.TreeAck, wire.HoldOuts:
		m.tree.Receive(now, member, msg)
	}
}

// takeLives keeps this member's own record out of the state: it alone writes that.
func (m *Machine) takeLives(now time.Duration, from *view.Member, lives []wire.Record, bulk bool) {
	own := func(r wire.Record) bool { return r.Name == m.st.Self.Name }
	for _, r := range lives {
		if own(r) {
			m.door.OwnRecord(now, r)
		}
	}
	if lives = slices.DeleteFunc(lives, own); len(lives) > 0 && !m.superseded {
		if bulk {
			m.spread.Came(now, from, lives)
		} else {
			m.spread.Receive(now, from, wire.Lives{Records: lives})
		}
	}
}

// receiveEnds keeps this member's own end out of the state: nobody merges its own end. Whoever holds it will say so in a
// notice, with the size of its view. Nor is an end merged that the detector knows better.
func (m *Machine) receiveEnds(now time.Duration, from netip.AddrPort, h wire.Header, member *view.Member, e wire.Ends) {
	e.Ends = slices.DeleteFunc(e.Ends, func(e wire.End) bool { return e.Name == m.st.Self.Name || m.det.Disputes(now, e) })
	if len(e.Ends) > 0 {
		m.spread.Receive(now, member, e)
		m.farewell(from, h, e)
	}
}

// reject counts what can't be read. A frame of another cluster in answer to a join tells why nobody lets this member in.
func (m *Machine) reject(now time.Duration, from netip.AddrPort, size int, err error) {
	m.stats.Dropped[wire.DropReason(err)]++
	if !errors.Is(err, wire.ErrCluster) || m.silent() {
		return
	}
	if m.door.Seeks(from) {
		m.pub.Emit(publish.Event{Kind: publish.EventRefused, Refusal: &publish.Refusal{Reason: ReasonCluster, By: from}})
	}
	if t, ok := m.toldCluster[from]; size > wire.FrameOverhead && (!ok || now-t >= time.Second) && len(m.toldCluster) < maxTold {
		m.toldCluster[from] = now
		m.queue(target{addr: from}, nil)
	}
}

// ReasonCluster is the reason of a Refusal by a member of another cluster. It is never on the wire: such a member
// answers with a frame of its own that holds nothing, shorter than any that is answered, so no two of them go on for
// ever.
const ReasonCluster wire.Reason = 200

// maxTold bounds how many strangers are remembered between two clean-ups.
const maxTold = 1024

// selfTag is the tag of this member's present life.
func (m *Machine) selfTag() uint32 { return m.st.Self.View().Tag }

func (m *Machine) countReceived(msgs []wire.Message) {
	for _, msg := range msgs {
		m.got[msg.Kind()]++
	}
}
