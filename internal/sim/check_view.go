package sim

import "github.com/grapevine-gossip/grapevine/internal/wire"

// sameView checks that a view follows from lives and ends alone (same_state_same_view): the running hashes are what one
// gets by counting anew, equal lives and ends have equal views, and one hash never stands for two views.
type sameView struct {
	idle
	byState map[uint64]uint64 // digest of all lives and ends -> hash of the view
	byHash  map[uint64]uint64 // hash of the view -> digest of its names and lives
}

func newSameView() *sameView {
	return &sameView{byState: map[uint64]uint64{}, byHash: map[uint64]uint64{}}
}

func (s *sameView) step(w *World, n *Node, o *observed) {
	if len(o.is.Changed) == 0 && o.is.ViewHash == o.was.ViewHash && o.is.StateHash == o.was.StateHash {
		return
	}
	var state, names, hash, versions uint64
	for i := range o.is.Members {
		m := &o.is.Members[i]
		l := lifeDigest(m.ID, m.Life)
		state += wire.Mix(l ^ wire.Mix(lifeDigest(m.ID, m.End)))
		if m.InView() {
			names += l
			hash += wire.LifeHash(m.ID, m.Life)
			versions += wire.VersionHash(m.ID, m.Life, m.Max)
		}
	}
	if hash != o.is.ViewHash || versions != o.is.StateHash {
		w.violate("same_state_same_view", n, "its running hashes are %x and %x, counted anew %x and %x",
			o.is.ViewHash, o.is.StateHash, hash, versions)
	}
	if h, ok := s.byState[state]; ok && h != o.is.ViewHash {
		w.violate("same_state_same_view", n, "the same lives and ends have view %x here, %x elsewhere", o.is.ViewHash, h)
	}
	if d, ok := s.byHash[hash]; ok && d != names {
		w.violate("same_state_same_view", n, "the view hash %x stands for two views", hash)
	}
	s.byState[state], s.byHash[hash] = o.is.ViewHash, names
}

// lifeDigest is another mixture of the same things as wire.LifeHash.
func lifeDigest(id uint64, l wire.Life) uint64 {
	h := wire.Mix(id + 1)
	h = wire.Mix(h + l.Generation)
	h = wire.Mix(h + l.Boot)
	return wire.Mix(h + l.Incarnation)
}
