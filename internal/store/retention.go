package store

import (
	"cmp"
	"slices"
	"time"

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
	var ended []*Member
	for _, m := range s.order {
		if !m.InView() && m != s.Self {
			ended = append(ended, m)
		}
	}
	slices.SortStableFunc(ended, func(a, b *Member) int { return cmp.Compare(b.EndedAt, a.EndedAt) })
	bytes := 0
	for i, m := range ended {
		if i >= keepAtLeast+keepPerMember*s.size || now-m.EndedAt > keepFor(m.End.Cause) {
			s.drop(m)
			continue
		}
		if bytes += m.Space.bytes; bytes > keepSpaceBytes {
			bytes -= m.Space.bytes
			m.Space = newNamespace(m.Record.Life)
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
	delete(s.members, m.ID)
	i, _ := slices.BinarySearchFunc(s.order, m.ID, func(m *Member, id uint64) int { return cmp.Compare(m.ID, id) })
	s.order = slices.Delete(s.order, i, i+1)
}
