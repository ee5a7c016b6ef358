package sim

import (
	"time"

	"github.com/grapevine-gossip/grapevine/internal/gossip"
	"github.com/grapevine-gossip/grapevine/internal/publish"
	"github.com/grapevine-gossip/grapevine/internal/view"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// ends checks where the ends of lives come from. Nobody's word alone ends another: a life fails because at least two
// members have lately accused that very life, or because somebody whom nobody answers ends all others of its view, or
// because its fellow went over to another view (failed_by_quorum). And only oneself says that one leaves (left_by_oneself).
type ends struct {
	idle
	said    map[accusation]time.Duration // when it was last said
	leaving map[process]bool
	written map[end]bool // those that were looked at when they first appeared: the others have them from there
}

type accusation struct {
	by, of uint64
	tag    uint32
}

type end struct {
	id   uint64
	life wire.Life
	left bool
}

// sayFor is how long an accusation may count after it was last said: a list that is not repeated is dropped after 24 s, of
// the time of a member that may be slow.
const sayFor = 2 * time.Minute

func newEnds() *ends {
	return &ends{said: map[accusation]time.Duration{}, leaving: map[process]bool{}, written: map[end]bool{}}
}

func (e *ends) step(w *World, n *Node, o *observed) {
	self := wire.ID(n.Name)
	for _, s := range o.is.Accuses {
		e.said[accusation{self, s.ID, s.Tag}] = w.now
	}
	for _, c := range o.is.Changed {
		if c.Is == nil || c.Is.End.IsZero() || c.Is.Cause == wire.Forgotten || c.Was != nil && c.Was.End == c.Is.End && c.Was.Cause == c.Is.Cause {
			continue
		}
		this := end{c.Is.ID, c.Is.End, c.Is.Cause == wire.Left}
		if e.written[this] {
			continue
		}
		e.written[this] = true
		switch {
		case this.left && !e.leaving[processOf(this.id, this.life)]:
			w.violate("left_by_oneself", n, "%s has left under %s, but never said so", c.Is.Name, lifeText(this.life))
		case !this.left && !o.tookOver:
			e.failed(w, n, o, c.Is)
		}
	}
}

func (e *ends) failed(w *World, n *Node, o *observed, is *gossip.Inspected) {
	accusers := is.Accusers()
	tag := wire.Tag(is.ID, is.End)
	for _, by := range accusers {
		if at, ok := e.said[accusation{by, is.ID, tag}]; !ok || w.now-at > sayFor {
			w.violate("failed_by_quorum", n, "%s failed under %s by the word of %x, which did not say so", is.Name, lifeText(is.End), by)
			return
		}
	}
	if len(accusers) < 2 && !(len(accusers) == 0 && alone(o, n)) {
		w.violate("failed_by_quorum", n, "%s failed under %s by the word of %d", is.Name, lifeText(is.End), len(accusers))
	}
}

// alone reports whether nobody is left of the view that a member had published before the step.
func alone(o *observed, n *Node) bool {
	before := map[uint64]*view.Member{}
	for _, m := range o.was.Published.All() {
		before[m.ID] = m
	}
	delete(before, wire.ID(n.Name))
	for i := range o.is.Members {
		is := &o.is.Members[i]
		if m := before[is.ID]; m != nil && is.InView() && is.Life == m.Life {
			return false
		}
	}
	return true
}

func (e *ends) turn(_ *World, _ *Node, out *gossip.Output) {
	if s := out.Snapshot; s.Standing == publish.StandingLeaving || s.Standing == publish.StandingLeft {
		e.leaving[processOf(s.Self.ID, s.Self.Life)] = true
	}
}
