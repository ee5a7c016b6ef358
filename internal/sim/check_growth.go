package sim

import (
	"github.com/grapevine-gossip/grapevine/internal/gossip"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// growth checks that lives, ends and versions only grow (versions_only_grow, lives_only_grow). Lives and ends fall in
// one step only, in which a member takes over another view, and only those of members of that view. And nobody but itself
// takes a member out of its own view (self_in_view).
type growth struct{ idle }

func (growth) step(w *World, n *Node, o *observed) {
	if o.is.Self.Compare(o.was.Self) < 0 {
		w.violate("lives_only_grow", n, "its own life goes back from %+v to %+v", o.was.Self, o.is.Self)
	}
	self := wire.ID(n.Name)
	for _, c := range o.is.Changed {
		if c.Is != nil && c.Is.ID == self && !c.Is.InView() && c.Is.Cause != wire.Left {
			w.violate("self_in_view", n, "it is not in its own view: %s", standing(c.Is))
		}
		switch {
		case c.Was == nil:
		case c.Is == nil:
			if c.Was.InView() && o.is.Self.SameProcess(o.was.Self) {
				w.violate("lives_only_grow", n, "%s was in the view and is not known any more", c.Was.Name)
			}
		default:
			grows(w, n, o, c)
		}
	}
}

func grows(w *World, n *Node, o *observed, c gossip.Change) {
	fell := c.Is.Life.Compare(c.Was.Life) < 0 || c.Is.End.Compare(c.Was.End) < 0 ||
		c.Is.End == c.Was.End && c.Is.Cause < c.Was.Cause
	if fell && !(o.tookOver && c.Is.InView()) {
		w.violate("lives_only_grow", n, "%s goes back from %s to %s", c.Was.Name, standing(c.Was), standing(c.Is))
	}
	kept := c.Is.Life.SameProcess(c.Was.Life) && c.Is.Cause != wire.Forgotten
	if kept && (c.Is.Max < c.Was.Max || c.Is.Floor < c.Was.Floor) {
		w.violate("versions_only_grow", n, "version %d and floor %d of %s follow %d and %d",
			c.Is.Max, c.Is.Floor, c.Is.Name, c.Was.Max, c.Was.Floor)
	}
}

func standing(i *gossip.Inspected) string {
	return lifeText(i.Life) + " ended " + lifeText(i.End) + " " + i.Cause.String()
}
