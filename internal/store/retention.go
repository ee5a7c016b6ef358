package store

import (
	"cmp"
	"slices"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/view"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// How long and how many of the ended are remembered. No old gossip can bring them back, so they are kept only to heal,
// to read the dead's keys and to show the operator.
const (
	keepFailed     = 24 * time.Hour
	keepLeft       = time.Hour
	keepForgotten  = time.Hour
	keepAtLeast    = 1000
	keepPerMember  = 4
	keepSpaceBytes = 16 << 20
)

// Retain drops what need no longer be remembered: of the ended, and own tombstones.
func (s *Store) Retain(now time.Duration) {
	s.collect(now)
	if len(s.order) == s.size {
		return // nobody has ended
	}
	var ended []*Member
	for _, m := range s.order {
		if !m.InView() && m != s.Self {
			ended = append(ended, m)
		}
	}
	slices.SortStableFunc(ended, func(a, b *Member) int { return cmp.Compare(b.End.At, a.End.At) })
	bytes := 0
	for i, m := range ended {
		if i >= keepAtLeast+keepPerMember*s.size || now-m.End.At > keepFor(m.End.Cause) {
			s.drop(m)
			continue
		}
		if bytes += m.Space.Bytes(); bytes > keepSpaceBytes {
			bytes -= m.Space.Bytes()
			s.empty(m)
		}
	}
}

func keepFor(c wire.Cause) time.Duration {
	switch c {
	case wire.Left:
		return keepLeft
	case wire.Forgotten:
		return keepForgotten
	}
	return keepFailed
}

func (s *Store) drop(m *Member) {
	i, _ := view.Search(s.ids, m.ID)
	s.ids = slices.Delete(s.ids, i, i+1)
	s.order = slices.Delete(s.order, i, i+1)
}
