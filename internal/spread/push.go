package spread

import (
	"math/bits"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/store"
)

// Rule push.
const (
	firstWave  = 3 // edges that a change is passed on to at once; the others wait whether it comes from them
	spare      = 2 // copies beside the owner's own that each of its neighbours may get from the others
	usualDelay = time.Millisecond
	leastWave  = time.Millisecond
	mostWave   = 50 * time.Millisecond
)

// secondWave is W2: by then a copy would have come from a neighbour that got it when this member did. Of two that
// have not heard from each other the one with the higher id waits a little longer, or their copies would cross on the
// same edge: that saves a tenth of a copy for each member.
func (s *Spread) secondWave(to uint64) time.Duration {
	w := 2*s.delay + time.Millisecond/2
	if to < s.self {
		w += s.delay
	}
	return min(max(w, leastWave), mostWave)
}

// push puts a change of a namespace into the queues of the edges that may lack it: never back to where it came from,
// nor to its owner. The origin tells all neighbours at once; whoever passes it on, some, and the others only if no
// copy came from them meanwhile. In a small view many neighbours of the origin are each other's too: they need not all
// repeat to each other what all were told. What was learned in bulk is announced to all: it is large, or others learn it
// too.
func (s *Spread) push(now time.Duration, c *store.Change) {
	if len(s.edges) == 0 {
		return
	}
	if s.variant.Fanout > 0 {
		s.scatter(c)
		return
	}
	owner := c.Member.Owner()
	direct := c.Source == c.Member.ID && !c.Bulk
	wave := s.firstWave()
	first := s.rng.IntN(len(s.edges))
	sent := 0
	for i := range s.edges {
		e := s.edges[(first+i)%len(s.edges)]
		if e.to.ID == c.Source || e.to.ID == c.Member.ID || e.known[owner] >= c.To {
			continue
		}
		due := now
		if direct && s.view.Close(c.Member.ID, e.to.ID) {
			if s.nearer(e.to.ID, c.Member.ID) >= spare {
				continue
			}
			due += s.secondWave(e.to.ID)
		} else if sent++; c.Source != 0 && !c.Bulk && sent > wave {
			due += s.secondWave(e.to.ID)
		}
		e.add(owner, waiting{from: c.From, due: due, since: now, lazy: c.Bulk})
	}
}

// firstWave is less in a view of less than 64: paths are short there and meet often, so that copies cross.
func (s *Spread) firstWave() int { return min(max(bits.Len(uint(s.view.Len()))-4, 1), firstWave) }

// nearer counts the neighbours shared with the owner that come between this member and another one in the round of ids. So
// each of them looks after the same number of others, and is looked after by as many.
func (s *Spread) nearer(to, owner uint64) int {
	n := 0
	for _, e := range s.edges {
		if e.to.ID-s.self < to-s.self && s.view.Close(owner, e.to.ID) {
			n++
		}
	}
	return n
}
