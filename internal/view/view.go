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
	spots   []*spot        // of the members that were asked for
	graph   *overlay.Graph // once there are more than a few
}

// spot is a member's place in the overlay. Each part is looked for when first asked for.
type spot struct {
	i        int
	near     []*Member
	branched bool
	parent   *Member
	children []*Member
}

// fewSpots is how many members are looked for one by one. From there on the whole overlay is computed: it takes about as
// long, and others will be asked for, since simulated members share views.
const fewSpots = 8

// New makes the view of the given members, which must have distinct ids. It keeps the slice.
func New(members []*Member) *View {
	slices.SortFunc(members, func(a, b *Member) int { return cmp.Compare(a.ID, b.ID) })
	hash := uint64(0)
	for _, m := range members {
		hash += wire.LifeHash(m.ID, m.Life)
	}
	return Of(members, hash)
}

// Of is New of members that are sorted, and whose hash is known. It keeps the slice.
func Of(members []*Member, hash uint64) *View {
	v := &View{members: members, ids: make([]uint64, len(members)), hash: hash}
	for i, m := range members {
		v.ids[i] = m.ID
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

// Place tells where a member stands in the order of ids, and whether it is in the view.
func (v *View) Place(id uint64) (int, bool) { return v.index(id) }

// Neighbors are the members that share an edge of the overlay with id: whom it watches, who watch it, and to whom it
// passes news. Nil for somebody outside. The slice must not be changed.
func (v *View) Neighbors(id uint64) []*Member {
	i, ok := v.index(id)
	if !ok {
		return nil
	}
	if s := v.spot(i); s != nil {
		if s.near == nil {
			s.near = v.pick(overlay.Near(v.ids, rank, i))
		}
		return s.near
	}
	return v.pick(v.graph.Neighbors(i))
}

// Close tells whether two members share an edge, in a view of at most overlay.Small; in a larger one hardly any two neighbours
// of a member do, and it says no.
func (v *View) Close(a, b uint64) bool {
	i, known := v.index(a)
	j, both := v.index(b)
	if len(v.members) > overlay.Small || !known || !both {
		return false
	}
	v.spot(i) // computes the whole overlay
	return slices.Contains(v.graph.Neighbors(i), j)
}

func (v *View) pick(places []int) []*Member {
	out := make([]*Member, len(places))
	for k, j := range places {
		out[k] = v.members[j]
	}
	return out
}

// spot finds or makes the spot of a member; nil if the whole overlay is known.
func (v *View) spot(i int) *spot {
	if v.graph != nil {
		return nil
	}
	for _, s := range v.spots {
		if s.i == i {
			return s
		}
	}
	if len(v.spots) == fewSpots || len(v.members) <= overlay.Small {
		v.graph, v.spots = overlay.Build(v.ids, rank), nil
		return nil
	}
	s := &spot{i: i}
	v.spots = append(v.spots, s)
	return s
}

// With is the view with m added, or put in the place of its former life.
func (v *View) With(m *Member) *View {
	i, ok := v.index(m.ID)
	out := slices.Clone(v.members)
	hash := v.hash + wire.LifeHash(m.ID, m.Life)
	if ok {
		hash -= wire.LifeHash(m.ID, out[i].Life)
		out[i] = m
	} else {
		out = slices.Insert(out, i, m)
	}
	return Of(out, hash)
}

// Without is the view less the members whose ids are in gone.
func (v *View) Without(gone map[uint64]bool) *View {
	out := make([]*Member, 0, len(v.members))
	hash := v.hash
	for _, m := range v.members {
		if gone[m.ID] {
			hash -= wire.LifeHash(m.ID, m.Life)
		} else {
			out = append(out, m)
		}
	}
	return Of(out, hash)
}

// Parent is the member above id in the stability tree; nil for the root and for somebody outside.
func (v *View) Parent(id uint64) *Member {
	parent, _ := v.branch(id)
	return parent
}

// Children are the members below id in the stability tree. The slice must not be changed.
func (v *View) Children(id uint64) []*Member {
	_, children := v.branch(id)
	return children
}

func (v *View) branch(id uint64) (parent *Member, children []*Member) {
	i, ok := v.index(id)
	if !ok {
		return nil, nil
	}
	s := v.spot(i)
	if s == nil {
		return v.look(v.graph.Branch(i, TreeArity))
	}
	if !s.branched {
		s.branched = true
		s.parent, s.children = v.look(overlay.Branch(v.ids, rank, i, TreeArity))
	}
	return s.parent, s.children
}

func (v *View) look(parent int, children []int) (*Member, []*Member) {
	if parent < 0 {
		return nil, v.pick(children)
	}
	return v.members[parent], v.pick(children)
}

func (v *View) index(id uint64) (int, bool) { return Search(v.ids, id) }

// rank depends on the name alone, so a member that comes back takes its old place.
func rank(ring int, id uint64) uint64 { return wire.Mix(id + uint64(ring)*0x632be59bd9b4e019) }
