package spread

import (
	"slices"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/view"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// announce tells a member which versions can be had here.
func (s *Spread) announce(to *view.Member, versions []wire.Versioned) {
	const perSection = (wire.MaxSection - wire.MaxListOverhead) / wire.MaxVersionedSize
	for page := range slices.Chunk(versions, perSection) {
		s.send(to, wire.Announce{Versions: page}, len(page)*wire.MaxVersionedSize)
	}
}

func (s *Spread) receiveAnnounce(now time.Duration, from *view.Member, a wire.Announce) {
	for _, v := range a.Versions {
		s.offered(now, from, v, 0)
		if v.Owner.ID == s.self {
			s.proved(now, from, v)
		}
	}
}

// offerGrace is how long a difference found by anti-entropy waits for a push that may be on its way.
const offerGrace = 20 * time.Millisecond

// Offer tells that anti-entropy learned that a member holds these versions: what is missing here is pulled.
func (s *Spread) Offer(now time.Duration, from *view.Member, versions []wire.Versioned) {
	s.enter(now)
	for _, v := range versions {
		s.offered(now, from, v, offerGrace)
		if v.Owner.ID == s.self {
			s.proved(now, from, v)
		}
	}
	s.flushRequests()
}

// offered notes that a member holds v, and asks for what is missing here after grace, unless it is asked for already.
func (s *Spread) offered(now time.Duration, from *view.Member, v wire.Versioned, grace time.Duration) {
	status, max := s.standing(v.Owner)
	if status == useless {
		return
	}
	if e := s.edge(from.ID); e != nil && status == current {
		e.has(v.Owner, v.Version)
	}
	p := s.pull(v.Owner)
	if status == current && v.Version <= max {
		if p != nil && p.from == from.ID {
			s.withdrawn(now, p) // it was asked, and has no more than that
		}
		return
	}
	if p == nil {
		if p = s.openPull(now, v.Owner); p == nil {
			return
		}
		p.due = now + grace
	}
	if fresh := p.note(from.ID, v.Version); fresh && p.from == 0 {
		p.due = min(p.due, now+grace)
	}
	s.wake(p.due)
	if status == current && p.from == 0 && p.due <= now {
		s.ask(now, p)
	}
}
