package store

import "time"

// Gate decides whether so many bytes of this member's own changes may be made known. What may not is held back: the
// owner reads it, and who writes the same key again before it is released replaces it.
type Gate func(now time.Duration, bytes int) bool

// SetGate puts a gate before what this member writes from now on; without one everything is made known at once.
func (s *Store) SetGate(g Gate) { s.gate = g }

// Release makes known what was held back, in the order of versions, as far as the gate lets it.
func (s *Store) Release(now time.Duration) {
	space := s.Self.Space
	from := space.Max()
	to := from
	for _, e := range space.after(from) {
		if space.current(e.Key) != e {
			continue
		}
		if s.gate != nil && !s.gate(now, e.size()) {
			break
		}
		to = e.Version
	}
	s.release(now, from, to)
}

// ReleaseAll makes known what was held back, whatever the gate says.
func (s *Store) ReleaseAll(now time.Duration) {
	s.release(now, s.Self.Space.Max(), s.Self.Space.Top())
}

func (s *Store) release(now time.Duration, from, to uint64) {
	if to > from {
		s.raise(now, to)
		s.changes = append(s.changes, Change{Kind: Released, Member: s.Self, From: from, To: to})
	}
}

// raise makes this member's own changes known up to a version.
func (s *Store) raise(now time.Duration, to uint64) {
	space := s.Self.Space
	from := space.max
	s.uncount(s.Self)
	space.max = to
	s.count(s.Self)
	s.recent.add(Write{Member: s.Self, Owner: s.Self.Owner(), From: from, To: to, At: now})
}
