package spread

import (
	"github.com/grapevine-gossip/grapevine/internal/store"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// scatter sends a change to members drawn for it: what most gossip protocols do, here to be compared with the overlay.
// It goes neither back to where it came from nor to its owner, as in push.
func (s *Spread) scatter(c *store.Change) {
	start, to, entries := c.Member.Space.Since(c.From, 0, wire.MaxSection-wire.DeltaOverhead)
	if start != c.From || c.Bulk {
		return
	}
	d := wire.Delta{Owner: c.Member.Owner(), From: start, To: to, Floor: c.Member.Space.Floor(), Entries: entries}
	left := s.variant.Fanout
	for _, i := range s.rng.Perm(s.view.Len()) {
		m := s.view.At(i)
		if m.ID == s.self || m.ID == c.Source || m.ID == c.Member.ID {
			continue
		}
		if s.send(m, d); left == 1 {
			return
		}
		left--
	}
}
