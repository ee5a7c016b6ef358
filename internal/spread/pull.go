package spread

import (
	"maps"
	"slices"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/store"
	"github.com/grapevine-gossip/grapevine/internal/view"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// Bounds of the table of pulls.
const (
	maxOffers = 16   // members noted as having one namespace; more add nothing
	maxEarly  = 4096 // namespaces of processes that are not known yet
	earlyFor  = 2 * time.Second
	earlyTry  = 50 * time.Millisecond
)

// pull is what somebody offers of one namespace and this member lacks. One member at a time is asked.
type pull struct {
	owner  wire.Owner
	offers []offer
	from   uint64        // who is asked; 0: nobody at present
	upto   uint64        // what it offered
	due    time.Duration // when to ask, or to ask somebody else
	asked  time.Duration // when somebody was asked last
	tries  int           // asks without progress
	since  time.Duration // opened
	stream bool          // comes by stream from the one asked
	paged  bool          // streams fail: whatever the size, it is asked for in datagrams

	ranges []held        // came out of order, by From
	parts  []*partial    // entries that come in parts, by From
	bytes  int           // in ranges and parts
	gained time.Duration // something came out of order
	holes  time.Duration // when to ask for what is missing before mark; 0: nothing is, as far as known
	mark   place
	filled place         // what is missing up to here was asked for,
	refill time.Duration // and is again from then on
	got    uint64        // bytes from the one asked, since it was
	told   uint64        // of these, as it was last told
}

type offer struct {
	member  uint64
	version uint64
	at      time.Duration // asked last
	asks    int           // since the last progress
}

// standing is how an owner that is named in a message relates to what is known here.
type standing uint8

const (
	useless standing = iota + 1 // one's own, another process has replaced it, or forgotten
	early                       // of a process that is not known yet: its life may be on its way
	current
)

func (s *Spread) standing(o wire.Owner) (standing, uint64) {
	m := s.st.Find(o.ID)
	switch {
	case o.ID == s.self:
		return useless, 0
	case m == nil:
		return early, 0
	case m.Owner() == o:
		if m.End.Cause == wire.Forgotten && !m.InView() {
			return useless, 0
		}
		return current, m.Space.Max()
	case o.Generation < m.Record.Life.Generation:
		return useless, 0
	}
	return early, 0
}

func (s *Spread) findPull(o wire.Owner) (int, bool) {
	return slices.BinarySearchFunc(s.pulls, o, func(p *pull, o wire.Owner) int { return compareOwners(p.owner, o) })
}

func (s *Spread) pull(o wire.Owner) *pull {
	if i, ok := s.findPull(o); ok {
		return s.pulls[i]
	}
	return nil
}

// openPull adds a pull; nil if too many wait for lives that are not known. Of known processes there are as many as
// there are members.
func (s *Spread) openPull(now time.Duration, o wire.Owner) *pull {
	if len(s.pulls) >= maxEarly+len(s.st.All()) {
		return nil
	}
	i, _ := s.findPull(o)
	p := &pull{owner: o, since: now}
	s.pulls = slices.Insert(s.pulls, i, p)
	return p
}

func (s *Spread) closePull(p *pull) {
	if i, ok := s.findPull(p.owner); ok {
		s.forgetHeld(p)
		s.pulls = slices.Delete(s.pulls, i, i+1)
	}
}

// note remembers an offer and reports whether it is of a member that had made none.
func (p *pull) note(member, version uint64) bool {
	for i := range p.offers {
		if o := &p.offers[i]; o.member == member {
			o.version = max(o.version, version)
			return false
		}
	}
	if len(p.offers) >= maxOffers {
		return false
	}
	p.offers = append(p.offers, offer{member: member, version: version})
	return true
}

// settle drops offers of what is here already, and reports whether any is left.
func (p *pull) settle(have uint64) bool {
	p.offers = slices.DeleteFunc(p.offers, func(o offer) bool { return o.version <= have })
	return len(p.offers) > 0
}

// best is the offer to take: of a member that was asked least, the highest, the first made.
func (p *pull) best() *offer {
	var b *offer
	for i := range p.offers {
		o := &p.offers[i]
		if b == nil || o.asks < b.asks || o.asks == b.asks && o.version > b.version {
			b = o
		}
	}
	return b
}

// withdrawn corrects the offer of a member that was asked and has less than it had offered.
func (s *Spread) withdrawn(now time.Duration, p *pull) {
	p.withdraw(p.from)
	p.from, p.stream = 0, false
	s.ask(now, p)
}

// withdraw drops the offer of a member.
func (p *pull) withdraw(member uint64) {
	p.offers = slices.DeleteFunc(p.offers, func(o offer) bool { return o.member == member })
}

// member is a member of the view as it is in this turn, which may be newer than the one that was told.
func (s *Spread) member(id uint64) *view.Member {
	if m := s.st.Find(id); m != nil && m.InView() {
		return m.View()
	}
	return nil
}

// arrived continues pulls that waited for the life of their owner.
func (s *Spread) arrived(now time.Duration, m *store.Member) {
	if p := s.pull(m.Owner()); p != nil && p.from == 0 {
		s.drain(now, p)
		s.ask(now, p)
	}
}

// loseMembers forgets the offers, streams and queues of members that are no longer in the view.
func (s *Spread) loseMembers(now time.Duration) {
	gone := func(id uint64) bool { return s.view.Find(id) == nil }
	maps.DeleteFunc(s.heard, func(id uint64, _ time.Duration) bool { return gone(id) })
	s.streams = slices.DeleteFunc(s.streams, func(t *stream) bool { return gone(t.from.ID) })
	s.queues = slices.DeleteFunc(s.queues, func(q *queue) bool { return gone(q.to.ID) })
	for _, p := range slices.Clone(s.pulls) {
		p.offers = slices.DeleteFunc(p.offers, func(o offer) bool { return gone(o.member) })
		switch status, _ := s.standing(p.owner); {
		case len(p.offers) == 0:
			s.closePull(p)
		case p.from != 0 && gone(p.from):
			p.from, p.stream = 0, false
			if status == current {
				s.ask(now, p)
			}
		}
	}
}
