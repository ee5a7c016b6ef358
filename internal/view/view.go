// Package view computes who is in the cluster from lives and ends, and what follows from that alone: the hash, the
// neighbours and watchers of each member, the stability tree. Everything here is immutable and the same at every member
// that holds the same lives.
package view

import (
	"cmp"
	"slices"

	"github.com/grapevine-gossip/grapevine/internal/overlay"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// TreeArity is the number of children of an interior member of the stability tree.
const TreeArity = 8

// Member is one member of a view.
type Member struct {
	wire.Record
	ID  uint64
	Tag uint32
}

// NewMember derives a member from its record.
func NewMember(r wire.Record) *Member { return newMember(wire.ID(r.Name), r) }

func newMember(id uint64, r wire.Record) *Member {
	return &Member{Record: r, ID: id, Tag: wire.Tag(id, r.Life)}
}

// View is a set of members, sorted by id.
type View struct {
	members []*Member
	ids     []uint64 // of members
	hash    uint64
	graph   *overlay.Graph // computed when first asked for
}

// New makes the view of the given members, which must have distinct ids. It keeps the slice.
func New(members []*Member) *View {
	v := &View{members: members}
	slices.SortFunc(members, func(a, b *Member) int { return cmp.Compare(a.ID, b.ID) })
	v.ids = make([]uint64, len(members))
	for i, m := range members {
		v.ids[i] = m.ID
		v.hash += wire.LifeHash(m.ID, m.Life)
	}
	return v
}

// Hash is the sum of the members' life hashes: equal for equal lives.
func (v *View) Hash() uint64 { return v.hash }

// Len is the number of members.
func (v *View) Len() int { return len(v.members) }

// At is the i-th member in the order of ids.
func (v *View) At(i int) *Member { return v.members[i] }

// All lists the members in the order of ids. The slice must not be changed.
func (v *View) All() []*Member { return v.members }

// Find returns the member with that id, or nil.
func (v *View) Find(id uint64) *Member {
	if i, ok := v.index(id); ok {
		return v.members[i]
	}
	return nil
}

// Neighbors are the members that share an edge of the overlay with id: whom it watches, who watch it, and to whom it
// passes news. Nil for somebody outside.
func (v *View) Neighbors(id uint64) []*Member {
	i, ok := v.index(id)
	if !ok {
		return nil
	}
	near := v.overlay().Neighbors(i)
	out := make([]*Member, len(near))
	for k, j := range near {
		out[k] = v.members[j]
	}
	return out
}

// With is the view with m added, or put in the place of its former life.
func (v *View) With(m *Member) *View {
	i, ok := v.index(m.ID)
	out := slices.Clone(v.members)
	if ok {
		out[i] = m
	} else {
		out = slices.Insert(out, i, m)
	}
	return New(out)
}

// Without is the view less the members whose ids are in gone.
func (v *View) Without(gone map[uint64]bool) *View {
	out := make([]*Member, 0, len(v.members))
	for _, m := range v.members {
		if !gone[m.ID] {
			out = append(out, m)
		}
	}
	return New(out)
}

// Parent is the member above id in the stability tree; nil for the root and for somebody outside.
func (v *View) Parent(id uint64) *Member {
	i, ok := v.index(id)
	if !ok {
		return nil
	}
	p := v.overlay().Place(i)
	if p == 0 {
		return nil
	}
	return v.members[v.overlay().Ring()[(p-1)/TreeArity]]
}

// Children are the members below id in the stability tree.
func (v *View) Children(id uint64) []*Member {
	i, ok := v.index(id)
	if !ok {
		return nil
	}
	ring := v.overlay().Ring()
	first := v.overlay().Place(i)*TreeArity + 1
	var out []*Member
	for p := first; p < min(first+TreeArity, len(ring)); p++ {
		out = append(out, v.members[ring[p]])
	}
	return out
}

func (v *View) index(id uint64) (int, bool) { return Search(v.ids, id) }

func (v *View) overlay() *overlay.Graph {
	if v.graph == nil {
		v.graph = overlay.Build(v.ids, rank)
	}
	return v.graph
}

// rank depends on the name alone, so a member that comes back takes its old place.
func rank(ring int, id uint64) uint64 { return wire.Mix(id + uint64(ring)*0x632be59bd9b4e019) }
