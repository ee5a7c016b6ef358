package view

import (
	"github.com/grapevine-gossip/grapevine/internal/intern"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// Shared lets machines that run in one goroutine hold the same members and views, of which there is otherwise one copy
// each. A nil Shared shares nothing.
type Shared struct {
	members *intern.Table[Member]
	views   *intern.Table[View]
}

// NewShared makes an empty one.
func NewShared() *Shared {
	return &Shared{members: intern.New[Member](), views: intern.New[View]()}
}

// Member is NewMember of a record whose name has that id.
func (s *Shared) Member(id uint64, r wire.Record) *Member {
	if s == nil {
		return newMember(id, r)
	}
	return s.members.Get(wire.LifeHash(id, r.Life)+r.AddrVersion,
		func(m *Member) bool { return m.Record == r },
		func() *Member { return newMember(id, r) })
}

// View gives the view of that hash that is the same as the one wanted, or makes it.
func (s *Shared) View(hash uint64, same func(*View) bool, make func() *View) *View {
	if s == nil {
		return make()
	}
	return s.views.Get(hash, same, make)
}
