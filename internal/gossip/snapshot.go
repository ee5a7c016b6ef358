package gossip

import (
	"slices"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/store"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// snapshot returns the published state, made anew only if something changed.
func (p *publication) snapshot(now time.Duration) *Snapshot {
	standing, retryIn, reason := p.standing(now)
	answered, onlySelf := p.m.door.Answered(), p.m.door.OnlySelf()
	fresh := p.snap != nil && p.freshAt > 0 && now-p.freshAt < freshFor
	if fresh && len(p.dirty) == 0 && p.snap.Standing == standing && p.snap.Answered == answered &&
		p.snap.SeedsAreSelf == onlySelf {
		return p.snap
	}
	if p.snap == nil || p.snap.Standing != standing {
		p.touch(p.m.st.Self.ID)
	}
	for id := range p.dirty {
		s := p.m.st.Find(id)
		if s == nil {
			continue
		}
		if m := p.member(s); m.State == Forgotten {
			p.members.Delete(s.Name)
		} else {
			p.members.Set(s.Name, m)
		}
	}
	clear(p.dirty)
	next := &Snapshot{
		At: now, Standing: standing, RetryIn: retryIn, Reason: reason, Answered: answered, SeedsAreSelf: onlySelf,
		View: p.view.Hash(), Size: p.view.Len(), Stable: p.stable, StableAt: p.stableAt,
		Members: p.members.Freeze(),
	}
	next.Self, _ = next.Members.Get(p.m.st.Self.Name)
	if fresh {
		next.Edges, next.Backlog, next.WaitingFor = p.snap.Edges, p.snap.Backlog, p.snap.WaitingFor
	} else {
		p.freshAt = now
		next.Edges = p.edges(now)
		next.Backlog = p.m.spread.Backlog(now)
		next.WaitingFor = p.waitingFor()
	}
	p.snap = next
	return next
}

func (p *publication) standing(now time.Duration) (Standing, time.Duration, string) {
	d := p.m.door
	wait, why := d.Waiting(now)
	switch {
	case p.m.superseded:
		return StandingSuperseded, 0, "another process took the name"
	case d.Left():
		return StandingLeft, 0, ""
	case d.Leaving():
		return StandingLeaving, 0, ""
	case wait > 0:
		return StandingWaiting, wait, describeRefusal(why)
	case d.Joining():
		return StandingRejoining, 0, ""
	case p.view.Len() == 1:
		return StandingAlone, 0, ""
	}
	return StandingMember, 0, ""
}

func describeRefusal(r wire.Refuse) string {
	switch r.Reason {
	case wire.RefusedNameTaken:
		return "the name is taken by a process that answers at " + r.Addr.String()
	case wire.RefusedUnreachable:
		return "no answer from " + r.Addr.String() + "/udp to the members asked to try"
	case wire.RefusedOften:
		return "removed too often lately"
	case wire.RefusedVersion:
		return "no protocol version in common"
	}
	return "refused"
}

// member describes one name as the application sees it now.
func (p *publication) member(s *store.Member) *Member {
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
		out.Cause, out.Failures, out.EndedAt = s.End.Cause, s.End.Count, s.EndedAt
		out.State = endedState(s.End.Cause)
	}
	if s == p.m.st.Self {
		switch {
		case p.m.door.Left():
			out.State = Left
		case p.m.door.Leaving():
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

func (p *publication) edges(now time.Duration) []Edge {
	var out []Edge
	for _, e := range p.m.det.Edges(now) {
		m := p.m.st.Find(e.ID)
		if m == nil {
			continue
		}
		out = append(out, Edge{
			Name: m.Name, Phi: e.Phi, RTT: e.RTT, RTT99: e.RTT99,
			LossTo: e.LossTo, LossFrom: e.LossFrom, Outstanding: e.Outstanding,
		})
	}
	slices.SortFunc(out, func(a, b Edge) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	return out
}

func (p *publication) waitingFor() []string {
	if p.stable {
		return nil
	}
	var out []string
	for _, id := range p.m.tree.WaitingFor() {
		if m := p.m.st.Find(id); m != nil {
			out = append(out, m.Name)
		}
	}
	slices.Sort(out)
	return out
}
