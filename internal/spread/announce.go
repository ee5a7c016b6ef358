package spread

import (
	"cmp"
	"slices"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/view"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// announce tells a member which versions can be had here: by their owners' places, if it held the same view lately.
func (s *Spread) announce(to *view.Member, versions []wire.Versioned) {
	const perSection = (wire.MaxSection - wire.MaxListOverhead) / wire.MaxVersionedSize
	if e := s.edge(to.ID); e != nil && e.view == s.st.ViewHash() && len(versions) > 1 {
		versions = s.announceByPlace(to, versions)
	}
	for page := range slices.Chunk(versions, perSection) {
		s.send(to, wire.Announce{Versions: page})
	}
}

// announceByPlace announces what belongs to members of the view, and returns the rest.
func (s *Spread) announceByPlace(to *view.Member, versions []wire.Versioned) (rest []wire.Versioned) {
	v := s.st.View()
	versions = slices.Clone(versions)
	slices.SortFunc(versions, func(a, b wire.Versioned) int { return cmp.Compare(a.Owner.ID, b.Owner.ID) })
	m, size, next := wire.Places{View: v.Hash()}, wire.PlacesOverhead, 0
	for _, one := range versions {
		i, in := v.Place(one.Owner.ID)
		if !in || i < next {
			rest = append(rest, one)
			continue
		}
		p := wire.Place{Skip: uint32(i - next), Version: one.Version}
		if size+wire.PlaceSize(p) > wire.MaxSection {
			s.send(to, m)
			m.Held, size = nil, wire.PlacesOverhead
			p.Skip = uint32(i)
		}
		m.Held = append(m.Held, p)
		size += wire.PlaceSize(p)
		next = i + 1
	}
	if len(m.Held) > 0 {
		s.send(to, m)
	}
	return rest
}

func (s *Spread) receiveAnnounce(now time.Duration, from *view.Member, a wire.Announce) {
	for _, v := range a.Versions {
		s.announced(now, from, v)
	}
}

// receivePlaces reads what was announced to a member of the sender's view. Who holds another one by now does not know
// whom it tells of; what it lacks then, anti-entropy finds.
func (s *Spread) receivePlaces(now time.Duration, from *view.Member, m wire.Places) {
	v := s.st.View()
	if m.View != v.Hash() {
		return
	}
	place := 0
	for _, p := range m.Held {
		if place += int(p.Skip); place >= v.Len() {
			return
		}
		o := v.At(place)
		s.announced(now, from, wire.Versioned{Owner: wire.OwnerOf(o.ID, o.Life), Version: p.Version})
		place++
	}
}

func (s *Spread) announced(now time.Duration, from *view.Member, v wire.Versioned) {
	s.offered(now, from, v, 0)
	if v.Owner.ID == s.self {
		s.proved(now, from, v)
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
	if s.congested(now) {
		grace = max(grace, crowdedPause-now%crowdedPause)
	}
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
