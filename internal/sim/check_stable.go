package sim

import (
	"github.com/grapevine-gossip/grapevine/internal/gossip"
	"github.com/grapevine-gossip/grapevine/internal/publish"
	"github.com/grapevine-gossip/grapevine/internal/view"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// StabilizedWasTrue is the invariant that a reported stable view was held by all.
const StabilizedWasTrue = "stabilized_was_true"

// stabilized checks every report that a view is stable (stabilized_was_true) with two oracles: each member of the view
// has held it, and there was one moment, since the reporter entered the view, at which all held it. Held is what is
// published: that is what the stability tree goes by.
type stabilized struct {
	idle
	views  map[uint64]*holding
	of     map[*Node]*holder
	moment uint64 // counts what happens, in the order in which it does
}

// holding is one view and who holds it.
type holding struct {
	view   *view.View
	now    map[uint64]int  // by id of the member, under the life that the view has: processes that hold it
	ever   map[uint64]bool // who held it at some time
	common uint64          // the last moment at which all held it; 0: never
}

type holder struct {
	h     *holding
	id    uint64
	since uint64
}

func newStabilized() *stabilized {
	return &stabilized{views: map[uint64]*holding{}, of: map[*Node]*holder{}}
}

func (s *stabilized) step(_ *World, n *Node, o *observed) {
	s.moment++
	cur := s.of[n]
	if cur != nil && cur.h.view.Hash() == o.is.Published.Hash() && !o.tookOver && !o.anew {
		return
	}
	s.leave(n)
	v := o.is.Published
	h := s.views[v.Hash()]
	if h == nil {
		h = &holding{view: v, now: map[uint64]int{}, ever: map[uint64]bool{}}
		s.views[v.Hash()] = h
	}
	cur = &holder{h: h, id: wire.ID(n.Name), since: s.moment}
	if m := v.Find(cur.id); m == nil || m.Life != o.is.Self {
		cur.id = 0 // it holds a view in which it has another life, or none: no member of it holds it by this
	} else {
		h.now[cur.id]++
		h.ever[cur.id] = true
	}
	s.of[n] = cur
}

// leave ends the interval in which a process held its view.
func (s *stabilized) leave(n *Node) {
	cur := s.of[n]
	if cur == nil {
		return
	}
	delete(s.of, n)
	cur.h.mark(s.moment - 1)
	if cur.id != 0 {
		if cur.h.now[cur.id]--; cur.h.now[cur.id] == 0 {
			delete(cur.h.now, cur.id)
		}
	}
}

// mark notes whether all members hold the view at this moment.
func (h *holding) mark(moment uint64) {
	if len(h.now) == h.view.Len() {
		h.common = moment
	}
}

func (s *stabilized) ended(_ *World, n *Node) {
	s.moment++
	s.leave(n)
}

func (s *stabilized) turn(w *World, n *Node, out *gossip.Output) {
	for _, e := range out.Events {
		if e.Kind != publish.EventStabilized || e.Stable.Len() == 1 {
			continue
		}
		cur := s.of[n]
		h := s.views[e.View]
		switch {
		case h == nil || len(h.ever) < h.view.Len():
			w.violate(StabilizedWasTrue, n, "reports the view %x of %d, which not each member has held", e.View, e.Stable.Len())
		case cur.h != h:
			h.mark(s.moment)
			if h.common == 0 {
				w.violate(StabilizedWasTrue, n, "reports the view %x of %d, which never all held at once", e.View, e.Stable.Len())
			}
		default:
			h.mark(s.moment)
			if h.common < cur.since {
				w.violate(StabilizedWasTrue, n, "reports the view %x of %d, which not all held at once since it holds it", e.View, e.Stable.Len())
			}
		}
	}
}
