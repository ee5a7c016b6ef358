package stability

import (
	"time"

	"github.com/grapevine-gossip/grapevine/internal/view"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// session is the interval in which one view is held. Up to "epoch" it belongs to the view, from there on to the tag, and
// starts over when a higher epoch is adopted.
type session struct {
	v        *view.View
	parent   *near // nil at the root
	children []*near
	fresh    bool // the view is new to this member, as far as it remembers
	mute     bool // this member is not in the view, or has run out of epochs: it takes no part

	epoch  uint32
	up     wire.Phase // said to the parent, or reached at the root
	down   wire.Phase // heard from the parent, or reached at the root
	stable bool

	tellDue  time.Duration // when to name the tag to the neighbours that have not used it; 0: never
	tellWait time.Duration
	holdOuts
}

func (t *Tree) leave() {
	if t.s == nil {
		return
	}
	t.epochs.leave(t.now, t.s.v.Hash(), t.s.epoch)
	t.s = nil
}

func (t *Tree) enter(v *view.View) {
	s := &session{v: v}
	reports := t.kept.take(v.Hash())
	s.epoch, s.fresh = t.epochs.enter(t.now, v.Hash())
	own := s.epoch
	s.epoch = max(own, reports.epoch)
	t.s = s
	if v.Find(t.self) == nil || s.epoch > maxEpoch {
		s.mute = true
		return
	}
	if p := v.Parent(t.self); p != nil {
		s.parent = &near{m: p}
	}
	for _, c := range v.Children(t.self) {
		s.children = append(s.children, &near{m: c})
	}
	t.start()
	if s.epoch == own {
		// The others, as a rule, come back under the same epoch within moments.
		s.tellDue = t.tellAfter(s.epoch)
	}
	for _, r := range reports.ups {
		if c := s.child(r.from); c != nil && r.epoch == s.epoch {
			c.heard = true
			c.reported(s.down, r.phase)
		}
	}
}

// tellAfter is when a member that entered with this epoch names it. Nobody can be below epoch 0, but a child may not know that
// it is in the view: the admitter's word was lost.
func (t *Tree) tellAfter(epoch uint32) time.Duration {
	switch {
	case epoch > 0:
		return t.now + t.first
	case len(t.s.children) > 0:
		return t.now + max(t.first, childEnters)
	}
	return 0
}

// adopt takes over a higher epoch: another member left this view and came back.
func (t *Tree) adopt(epoch uint32) {
	t.s.epoch = epoch
	t.start()
}

// start begins the part of the session that belongs to the tag.
func (t *Tree) start() {
	s := t.s
	s.up, s.down, s.stable = 0, 0, false
	s.tellDue, s.tellWait = t.now, t.first
	s.holdOuts = holdOuts{}
	s.waitFrom(t.now)
	if s.parent != nil {
		*s.parent = near{m: s.parent.m}
	}
	for _, c := range s.children {
		*c = near{m: c.m}
	}
	if s.fresh {
		t.epochs.raise(s.epoch)
	}
}

// meet compares the tag of a neighbour's message about the held view with one's own, and reports whether they are equal
// now. Who is behind has to be answered.
func (t *Tree) meet(n *near, epoch uint32) bool {
	if epoch < t.s.epoch {
		return false
	}
	if epoch > t.s.epoch {
		t.adopt(epoch)
	}
	n.heard = true
	return true
}

// finish draws the conclusions of a call.
func (t *Tree) finish() {
	if t.s == nil || t.s.mute {
		return
	}
	t.advance()
	t.tellTag()
}

func (t *Tree) advance() {
	s := t.s
	if s.up == 0 && s.all(wire.Held) {
		t.say(wire.Held)
	}
	if s.down >= wire.Held && s.up == wire.Held && s.all(wire.Stable) {
		t.say(wire.Stable)
	}
	for _, c := range s.children {
		if c.phase < s.down {
			t.transmit(c, s.down)
		}
	}
	if s.down == wire.Stable && !s.stable {
		s.stable = true
		s.holdOuts = holdOuts{}
		t.host.Stabilized(t.now, s.v)
	}
}

// say reports a phase upwards. The root has nobody to ask: what it would report is what everybody has reached.
func (t *Tree) say(p wire.Phase) {
	t.s.up = p
	if t.s.parent == nil {
		t.s.told(t.now, p)
		return
	}
	t.transmit(t.s.parent, p)
}

// told takes a Down for which the caller has checked that this member said the same Up under the same tag.
func (s *session) told(now time.Duration, p wire.Phase) {
	if s.parent != nil {
		s.listAt = now
		if s.parent.phase <= p {
			s.parent.settle(0)
		}
	}
	if p <= s.down {
		return
	}
	s.down = p
	s.waitFrom(now)
}

// tellTag names the tag to the neighbours that have not used it, at growing intervals until all have.
func (t *Tree) tellTag() {
	s := t.s
	if s.tellDue == 0 || t.now < s.tellDue {
		return
	}
	s.tellDue = 0
	silent := false
	if p := s.parent; s.epoch > 0 && p != nil && !p.heard && p.phase == 0 {
		silent = true
		t.sendHoldOuts(p, nil, false)
	}
	for _, c := range s.children {
		if !c.heard {
			silent = true
			t.sendHoldOuts(c, nil, true)
		}
	}
	if silent {
		s.tellDue = t.now + s.tellWait
		s.tellWait = longer(s.tellWait)
	}
}

// held is the session if this is the view that is held and this member has a part in it.
func (t *Tree) held(hash uint64) *session {
	if t.s == nil || t.s.mute || t.s.v.Hash() != hash {
		return nil
	}
	return t.s
}

func (s *session) all(p wire.Phase) bool {
	for _, c := range s.children {
		if c.up < p {
			return false
		}
	}
	return true
}

func (s *session) child(id uint64) *near {
	for _, c := range s.children {
		if c.m.ID == id {
			return c
		}
	}
	return nil
}

func (s *session) parentIf(id uint64) *near {
	if s.parent == nil || s.parent.m.ID != id {
		return nil
	}
	return s.parent
}

// readdress takes the members from v, which has the same lives.
func (s *session) readdress(self uint64, v *view.View) {
	s.v = v
	if s.mute {
		return
	}
	if s.parent != nil {
		s.parent.m = v.Parent(self)
	}
	for i, m := range v.Children(self) {
		s.children[i].m = m
	}
}
