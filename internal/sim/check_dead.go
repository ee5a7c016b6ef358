package sim

import (
	"fmt"
	"maps"
	"slices"

	"github.com/grapevine-gossip/grapevine/internal/gossip"
	"github.com/grapevine-gossip/grapevine/internal/publish"
	"github.com/grapevine-gossip/grapevine/internal/view"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// dead checks that a life which ended at a member is never again in a view that it publishes, except by the take-over of
// another view, and that a forgotten member stays forgotten, and its keys with it (no_resurrection).
type dead struct {
	idle
	of map[*Node]*graves
}

type graves struct {
	ended     map[uint64]wire.Life // the highest end known of each name
	forgotten map[string]wire.Life
	taken     map[string]bool // the names in a view that was taken over in this turn, unless they were forgotten after that
	published *view.View
}

func newDead() *dead { return &dead{of: map[*Node]*graves{}} }

func (d *dead) started(_ *World, n *Node) {
	d.of[n] = &graves{ended: map[uint64]wire.Life{}, forgotten: map[string]wire.Life{}, taken: map[string]bool{}}
}

func (d *dead) step(w *World, n *Node, o *observed) {
	g := d.of[n]
	if o.tookOver {
		for i := range o.is.Members {
			if m := &o.is.Members[i]; m.InView() {
				delete(g.ended, m.ID)
				delete(g.forgotten, m.Name)
				g.taken[m.Name] = true
			}
		}
	}
	for _, c := range o.is.Changed {
		if c.Is == nil {
			continue
		}
		if c.Is.End.Compare(g.ended[c.Is.ID]) > 0 {
			g.ended[c.Is.ID] = c.Is.End
		}
		if c.Is.Cause == wire.Forgotten && !c.Is.InView() && c.Is.Max > 0 {
			w.violate("no_resurrection", n, "%s is forgotten and has keys up to version %d", c.Is.Name, c.Is.Max)
			return
		}
		if c.Is.Cause == wire.Forgotten && !c.Is.InView() {
			delete(g.taken, c.Is.Name)
		}
	}
	if o.is.Published == g.published {
		return
	}
	for _, m := range o.is.Published.All() {
		if m.Life.Compare(g.ended[m.ID]) <= 0 && (g.published == nil || g.published.Find(m.ID) != m) {
			w.violate("no_resurrection", n, "%s enters the view under %s, though %s has ended here",
				m.Name, lifeText(m.Life), lifeText(g.ended[m.ID]))
			return
		}
	}
	g.published = o.is.Published
}

func (d *dead) turn(w *World, n *Node, out *gossip.Output) {
	g := d.of[n]
	for _, name := range slices.Sorted(maps.Keys(g.forgotten)) {
		life := g.forgotten[name]
		if m, ok := out.Snapshot.Members.Get(name); ok && m.Life.Compare(life) <= 0 {
			w.violate("no_resurrection", n, "%s was forgotten and is listed again under %s", name, lifeText(m.Life))
			return
		}
	}
	for _, e := range out.Events {
		if e.Kind == publish.EventForgotten && !g.taken[e.Member.Name] {
			g.forgotten[e.Member.Name] = e.Member.Life
		}
	}
	clear(g.taken)
}

func lifeText(l wire.Life) string {
	if l.IsZero() {
		return "never"
	}
	return fmt.Sprintf("%d.%x.%d", l.Generation, l.Boot&0xffff, l.Incarnation)
}
