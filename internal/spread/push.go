package spread

import (
	"time"

	"github.com/grapevine-gossip/grapevine/internal/store"
)

// Rule push.
const (
	firstWave  = 3 // edges that a change is passed on to at once; the others wait whether it comes from them
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
// nor to its owner. The origin tells all neighbours at once; whoever passes it on, three, and the others only if no
// copy came from them meanwhile. What was learned in bulk is announced to all: it is large, or others learn it too.
func (s *Spread) push(now time.Duration, c *store.Change) {
	if c.Member.Space.Max() < c.To || len(s.edges) == 0 {
		return // another process of the member took its place in the same turn
	}
	owner := c.Member.Owner()
	first := s.rng.IntN(len(s.edges))
	sent := 0
	for i := range s.edges {
		e := s.edges[(first+i)%len(s.edges)]
		if e.to.ID == c.Source || e.to.ID == c.Member.ID || e.known[owner] >= c.To {
			continue
		}
		due := now
		if c.Source != 0 && !c.Bulk && sent >= firstWave {
			due += s.secondWave(e.to.ID)
		}
		sent++
		e.add(owner, waiting{from: c.From, due: due, since: now, lazy: c.Bulk})
	}
}
