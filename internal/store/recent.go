package store

import (
	"iter"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// Write is one late change of a namespace.
type Write struct {
	Member   *Member
	Owner    wire.Owner
	From, To uint64
	At       time.Duration
}

// recentWrites is how many late changes are remembered: two members that differ are nearly always told apart by fewer.
const recentWrites = 64

// recent is a ring of the latest changes.
type recent struct {
	ring []Write
	n    int // changes ever
}

func (r *recent) add(w Write) {
	if len(r.ring) < recentWrites {
		r.ring = append(r.ring, w)
	} else {
		r.ring[r.n%recentWrites] = w
	}
	r.n++
}

// Recent yields the latest changes of namespaces, newest first; those of processes that were replaced since are left
// out.
func (s *Store) Recent() iter.Seq[Write] {
	return func(yield func(Write) bool) {
		for i := s.recent.n - 1; i >= max(0, s.recent.n-recentWrites); i-- {
			if w := s.recent.ring[i%recentWrites]; w.Member.Owner() == w.Owner && !yield(w) {
				return
			}
		}
	}
}
