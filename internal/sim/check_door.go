package sim

import (
	"slices"

	"github.com/grapevine-gossip/grapevine/internal/gossip"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// door checks that nothing of the state comes from outside of the view, or is meant for a former life of the receiver
// (outsiders_write_nothing). The door is the one way in: an answer to its probe may let a newcomer in, and a roster may
// put the receiver into another view, which then is exactly the one in the roster, and whoever came to its own one since it
// asked (takes_over_whole).
type door struct {
	idle
	codecs map[string]*wire.Codec // by cluster
	asking map[*Node]*asking
}

// asking is what happened at a member since it asked to be let into another view for the first time since it entered one.
type asking struct {
	began bool
	came  map[uint64]wire.Life // the lives that became known since
}

func newDoor() *door { return &door{codecs: map[string]*wire.Codec{}, asking: map[*Node]*asking{}} }

func (d *door) started(_ *World, n *Node) { d.asking[n] = &asking{came: map[uint64]wire.Life{}} }

func (d *door) step(w *World, n *Node, o *observed) {
	a := d.asking[n]
	a.began = a.began || o.is.Joins > o.was.Joins
	if a.began && !o.tookOver {
		for _, c := range o.is.Changed {
			if c.Is != nil && (c.Was == nil || c.Was.Life != c.Is.Life) {
				a.came[c.Is.ID] = c.Is.Life
			}
		}
	}
	d.check(w, n, o)
	if o.tookOver {
		d.started(w, n)
	}
}

func (d *door) check(w *World, n *Node, o *observed) {
	if o.frame == nil || len(o.is.Changed) == 0 {
		return
	}
	codec := d.codecs[n.config.Cluster]
	if codec == nil {
		codec = wire.NewCodec(n.config.Cluster)
		d.codecs[n.config.Cluster] = codec
	}
	h, msgs, err := codec.Open(o.frame, nil)
	switch {
	case err != nil:
		w.violate("outsiders_write_nothing", n, "a frame that can't be read changed %s", nameOf(o.is.Changed[0]))
	case o.tookOver:
		whole := o.is.ViewHash - d.kept(w, n, o)
		if !slices.ContainsFunc(msgs, func(m wire.Message) bool {
			switch m := m.(type) {
			case wire.Roster:
				return m.View == whole
			case wire.Admitted: // of which it had the roster already
				return m.View == whole
			}
			return false
		}) {
			w.violate("takes_over_whole", n, "it took over a view and holds %x, which is not in the roster", o.is.ViewHash)
		}
	case !fellow(o, n, h):
		for _, c := range o.is.Changed {
			if !admitted(c, msgs) {
				w.violate("outsiders_write_nothing", n, "%x, who is not in its view or means another life of it, changed %s", h.From.ID, nameOf(c))
				return
			}
		}
	}
}

// kept is the sum of the life hashes of those that a member kept beside the roster: they came to its view since it asked for
// that.
func (d *door) kept(w *World, n *Node, o *observed) (sum uint64) {
	for _, id := range o.is.Kept {
		m := o.before(id)
		if m == nil || !m.InView() || d.asking[n].came[id] != m.Life {
			w.violate("takes_over_whole", n, "it keeps %x, who did not come to its view since it asked for another one", id)
			continue
		}
		sum += wire.LifeHash(id, m.Life)
	}
	return sum
}

// fellow reports whether a frame comes from a member of the view as it was before it, and is meant for the life that the
// receiver had.
func fellow(o *observed, n *Node, h wire.Header) bool {
	if h.To != wire.Tag(wire.ID(n.Name), o.was.Self) {
		return false
	}
	m := o.before(h.From.ID)
	return m != nil && m.InView() && wire.RefOf(m.ID, m.Life) == h.From
}

// before is what was known of a name before the step; nil: nothing.
func (o *observed) before(id uint64) *gossip.Inspected {
	for _, c := range o.is.Changed {
		if c.Is != nil && c.Is.ID == id || c.Was != nil && c.Was.ID == id {
			return c.Was
		}
	}
	for i := range o.is.Members {
		if m := &o.is.Members[i]; m.ID == id {
			return m
		}
	}
	return nil
}

// admitted reports whether a change is a newcomer who has answered the door. The end of the very life that is let in may
// have waited for it here.
func admitted(c gossip.Change, msgs []wire.Message) bool {
	if c.Is == nil || c.Was != nil && c.Is.Life.Compare(c.Was.Life) <= 0 {
		return false
	}
	if c.Was != nil && c.Is.End != c.Was.End && c.Is.End != c.Is.Life {
		return false
	}
	return slices.ContainsFunc(msgs, func(m wire.Message) bool { return m.Kind() == wire.KindAck })
}

func nameOf(c gossip.Change) string {
	if c.Is != nil {
		return c.Is.Name
	}
	return c.Was.Name
}
