package publish

import (
	"slices"
	"strings"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/store"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// Snapshot returns the published state, made anew only if something changed.
func (p *Publication) Snapshot(now time.Duration) *Snapshot {
	status := p.host.Status(now)
	fresh := p.snap != nil && p.freshAt > 0 && (p.cfg.Unread || now-p.freshAt < freshFor)
	if fresh && len(p.dirty) == 0 && p.snap.Standing == status.Standing && p.snap.Answered == status.Answered &&
		p.snap.SeedsAreSelf == status.SeedsAreSelf {
		return p.snap
	}
	if p.snap == nil || p.snap.Standing != status.Standing {
		p.Touch(p.st.Self.ID)
	}
	p.describe()
	next := &Snapshot{
		At: now, Status: status,
		View: p.view.Hash(), Size: p.view.Len(), Stable: p.stable, StableAt: p.stableAt,
		Members: p.members.Freeze(),
	}
	if next.Self = p.self; next.Self == nil {
		next.Self, _ = next.Members.Get(p.st.Self.Name)
		p.self = next.Self
	}
	if fresh {
		next.Edges, next.Backlog, next.WaitingFor = p.snap.Edges, p.snap.Backlog, p.snap.WaitingFor
	} else {
		p.freshAt = now
		next.Edges = p.host.Edges(now)
		next.Backlog = p.host.Backlog(now)
		next.WaitingFor = p.WaitingFor()
	}
	p.snap = next
	return next
}

// describe brings the published members up to date.
func (p *Publication) describe() {
	slices.Sort(p.dirty)
	var anew []*Member
	for _, id := range slices.Compact(p.dirty) {
		s := p.st.Find(id)
		if s == nil {
			continue
		}
		if m := p.Member(s); m.State == Forgotten {
			p.members.Delete(s.Name)
		} else {
			anew = append(anew, m)
		}
		if s == p.st.Self {
			p.self = nil
		}
	}
	slices.SortFunc(anew, func(a, b *Member) int { return strings.Compare(a.Name, b.Name) })
	p.members.SetAll(anew)
	if p.dirty = p.dirty[:0]; cap(p.dirty) > keepDirty {
		p.dirty = nil
	}
}

// keepDirty is how much room for names is kept: more change at once only when a view does.
const keepDirty = 16

// Member describes one name as the application sees it now.
func (p *Publication) Member(s *store.Member) *Member {
	out := Member{Member: s.View(), Said: s.Space.Said(), State: Alive}
	switch {
	case p.view.Find(s.ID) == nil:
		out.Over, out.State = s.End, endedState(s.End.Cause)
	case len(p.suspects) > 0:
		if _, ok := p.suspects[s.ID]; ok {
			out.State = Suspect
		}
	}
	if s == p.st.Self {
		out.State = p.own()
	}
	anew := func() *Member {
		m := out
		return &m
	}
	if out.State != Alive || out.Version > 0 || out.Over != nil {
		return anew()
	}
	return p.cfg.Shared.Get(wire.LifeHash(s.ID, s.Record.Life), func(m *Member) bool { return *m == out }, anew)
}

// own is the state of this member itself.
func (p *Publication) own() State {
	switch p.host.Status(0).Standing {
	case StandingLeft:
		return Left
	case StandingLeaving:
		return Leaving
	}
	return Alive
}

func endedState(c wire.Cause) State {
	switch c {
	case wire.Left:
		return Left
	case wire.Forgotten:
		return Forgotten
	}
	return Failed
}

// WaitingFor names those that keep the view from being stable, sorted.
func (p *Publication) WaitingFor() []string {
	if p.stable {
		return nil
	}
	var out []string
	for _, id := range p.host.WaitingFor() {
		if m := p.st.Find(id); m != nil {
			out = append(out, m.Name)
		}
	}
	slices.Sort(out)
	return out
}
