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
	for _, c := range o.diff {
		if c.is != nil && c.is.ID == self && !c.is.InView() && c.is.Cause != wire.Left {
			w.violate("self_in_view", n, "it is not in its own view: %s", standing(c.is))
		}
		switch {
		case c.was == nil:
		case c.is == nil:
			if c.was.InView() && o.is.Self.SameProcess(o.was.Self) {
				w.violate("lives_only_grow", n, "%s was in the view and is not known any more", c.was.Name)
			}
		default:
			grows(w, n, o, c)
		}
	}
}

func grows(w *World, n *Node, o *observed, c change) {
	fell := c.is.Life.Compare(c.was.Life) < 0 || c.is.End.Compare(c.was.End) < 0 ||
		c.is.End == c.was.End && c.is.Cause < c.was.Cause
	if fell && !(o.tookOver && c.is.InView()) {
		w.violate("lives_only_grow", n, "%s goes back from %s to %s", c.was.Name, standing(c.was), standing(c.is))
	}
	kept := c.is.Life.SameProcess(c.was.Life) && c.is.Cause != wire.Forgotten
	if kept && (c.is.Max < c.was.Max || c.is.Floor < c.was.Floor) {
		w.violate("versions_only_grow", n, "version %d and floor %d of %s follow %d and %d",
			c.is.Max, c.is.Floor, c.is.Name, c.was.Max, c.was.Floor)
	}
}

func standing(i *gossip.Inspected) string {
	return lifeText(i.Life) + " ended " + lifeText(i.End) + " " + i.Cause.String()
}
