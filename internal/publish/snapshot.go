package publish

import (
	"slices"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/store"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// Snapshot returns the published state, made anew only if something changed.
func (p *Publication) Snapshot(now time.Duration) *Snapshot {
	status := p.host.Status(now)
	fresh := p.snap != nil && p.freshAt > 0 && now-p.freshAt < freshFor
	if fresh && len(p.dirty) == 0 && p.snap.Standing == status.Standing && p.snap.Answered == status.Answered &&
		p.snap.SeedsAreSelf == status.SeedsAreSelf {
		return p.snap
	}
	if p.snap == nil || p.snap.Standing != status.Standing {
		p.Touch(p.st.Self.ID)
	}
	for id := range p.dirty {
		s := p.st.Find(id)
		if s == nil {
			continue
		}
		if m := p.Member(s); m.State == Forgotten {
			p.members.Delete(s.Name)
		} else {
			p.members.Set(s.Name, m)
		}
	}
	clear(p.dirty)
	next := &Snapshot{
		At: now, Status: status,
		View: p.view.Hash(), Size: p.view.Len(), Stable: p.stable, StableAt: p.stableAt,
		Members: p.members.Freeze(),
	}
	next.Self, _ = next.Members.Get(p.st.Self.Name)
	if fresh {
		next.Edges, next.Backlog, next.WaitingFor = p.snap.Edges, p.snap.Backlog, p.snap.WaitingFor
	} else {
		p.freshAt = now
		next.Edges = p.host.Edges(now)
		next.Backlog = p.host.Backlog(now)
		next.WaitingFor = p.waitingFor()
	}
	p.snap = next
	return next
}

// Member describes one name as the application sees it now.
func (p *Publication) Member(s *store.Member) *Member {
	out := &Member{
		Name: s.Name, ID: s.ID, Addr: s.Record.Addr, Life: s.Record.Life,
		MinVersion: s.Record.MinVersion, MaxVersion: s.Record.MaxVersion,
		Version: s.Space.Max(), Keys: s.Space.Freeze(),
	}
	if p.view.Find(s.ID) != nil {
		out.State = Alive
		if _, ok := p.suspects[s.ID]; ok {
			out.State = Suspect
		}
	} else {
		out.Cause, out.Failures, out.EndedAt = s.End.Cause, s.End.Count, s.End.At
		out.State = endedState(s.End.Cause)
	}
	if s == p.st.Self {
		switch p.host.Status(0).Standing {
		case StandingLeft:
			out.State = Left
		case StandingLeaving:
			out.State = Leaving
		default:
			out.State = Alive
		}
	}
	return out
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

func (p *Publication) waitingFor() []string {
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
