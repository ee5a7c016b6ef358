package gossip

import (
	"cmp"
	"slices"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/publish"
	"github.com/grapevine-gossip/grapevine/internal/view"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// publishHost is what the publication sees of the machine.
type publishHost struct{ m *Machine }

func (h publishHost) Published(now time.Duration, v *view.View) { h.m.tree.SetView(now, v) }

func (h publishHost) EnteredAt() time.Duration { return h.m.door.EnteredAt() }

func (h publishHost) Backlog(now time.Duration) time.Duration { return h.m.spread.Backlog(now) }

func (h publishHost) WaitingFor() []uint64 { return h.m.tree.WaitingFor() }

func (h publishHost) Suspected(id uint64) bool { return len(h.m.det.Accusers(id)) > 0 }

func (h publishHost) Status(now time.Duration) publish.Status {
	d := h.m.door
	s := publish.Status{Standing: publish.StandingMember, Answered: d.Answered(), SeedsAreSelf: d.OnlySelf()}
	wait, why := d.Waiting(now)
	switch {
	case h.m.superseded:
		s.Standing, s.Reason = publish.StandingSuperseded, "another process took the name"
	case d.Left():
		s.Standing = publish.StandingLeft
	case d.Leaving():
		s.Standing = publish.StandingLeaving
	case wait > 0:
		s.Standing, s.RetryIn, s.Reason = publish.StandingWaiting, wait, describeRefusal(why)
	case d.Joining():
		s.Standing = publish.StandingRejoining
	case h.m.raw.Len() == 1:
		s.Standing = publish.StandingAlone
	}
	return s
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

func (h publishHost) Edges(now time.Duration) []publish.Edge {
	h.m.edges = h.m.det.AppendEdges(h.m.edges[:0], now)
	out := make([]publish.Edge, 0, len(h.m.edges))
	for _, e := range h.m.edges {
		out = append(out, publish.Edge{
			Name: e.Name, Phi: e.Phi, RTT: e.RTT, RTT99: e.RTT99,
			LossTo: e.LossTo, LossFrom: e.LossFrom, Outstanding: e.Outstanding,
		})
	}
	slices.SortFunc(out, func(a, b publish.Edge) int { return cmp.Compare(a.Name, b.Name) })
	return out
}
