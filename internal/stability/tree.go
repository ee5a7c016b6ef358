package stability

import (
	"time"

	"github.com/grapevine-gossip/grapevine/internal/view"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// Host is what the tree needs from its surroundings. It must not call the Tree from within.
type Host interface {
	// Send queues a message; those of one turn to one member share a packet.
	Send(to *view.Member, m wire.Message)
	// Stabilized is called once per tag: there was a moment at which all members of v held v. A member that never left
	// v is told again when another one left and came back.
	Stabilized(now time.Duration, v *view.View)
}

// Tree is one member's part in the stability tree.
type Tree struct {
	self   uint64
	host   Host
	now    time.Duration // of the call in progress or the last one
	next   time.Duration // of Next, while known
	known  bool          // nothing was done since
	first  time.Duration // until the first repeat
	s      *session      // nil before the first view and after Reset
	epochs epochs
	kept   kept
}

// New is the tree of the member with id self, which holds no view yet.
func New(self uint64, host Host) *Tree {
	return &Tree{self: self, host: host, first: firstRepeat, epochs: newEpochs(), kept: newKept()}
}

// SetRTT takes the smoothed round trip to the neighbours, which sets when a message is first repeated.
func (t *Tree) SetRTT(d time.Duration) {
	t.first = min(max(firstRepeat, 2*d), maxRepeat)
}

// SetView says that v is held from now on. A view with the same hash only brings new addresses.
func (t *Tree) SetView(now time.Duration, v *view.View) {
	t.now, t.known = now, false
	if t.s != nil && t.s.v.Hash() == v.Hash() {
		t.s.readdress(t.self, v)
		return
	}
	t.leave()
	t.enter(v)
	t.finish()
}

// Reset ends the interval in which the present view is held: a new life of one's own, or a jump into another view.
func (t *Tree) Reset(now time.Duration) {
	t.now, t.known = now, false
	t.leave()
}

// Stable reports whether Stabilized was called for the present tag.
func (t *Tree) Stable() bool { return t.s != nil && t.s.stable }

// Receive takes a message of a member of the present view; it may be about another view.
func (t *Tree) Receive(now time.Duration, from *view.Member, m wire.Message) {
	t.now, t.known = now, false
	switch m := m.(type) {
	case wire.Up:
		t.receiveUp(from, m)
	case wire.Down:
		t.receiveDown(from, m)
	case wire.TreeAck:
		t.receiveAck(from, m)
	case wire.HoldOuts:
		t.receiveHoldOuts(from, m)
	}
	t.finish()
}

// Tick repeats and asks what is due.
func (t *Tree) Tick(now time.Duration) {
	t.now, t.known = now, false
	if t.s == nil {
		return
	}
	if t.s.parent != nil {
		t.repeat(t.s.parent)
	}
	for _, c := range t.s.children {
		t.repeat(c)
	}
	t.tellHoldOuts()
	t.finish()
}

// Next is when Tick has something to do; 0: nothing.
func (t *Tree) Next() time.Duration {
	if !t.known {
		t.next, t.known = t.soonest(), true
	}
	return t.next
}

func (t *Tree) soonest() time.Duration {
	s := t.s
	if s == nil {
		return 0
	}
	next := earlier(s.tellDue, s.holdDue)
	if s.parent != nil {
		next = earlier(next, s.parent.due)
	}
	for _, c := range s.children {
		next = earlier(next, c.due)
	}
	return next
}

func (t *Tree) receiveUp(from *view.Member, m wire.Up) {
	if m.Epoch > maxEpoch || m.Phase != wire.Held && m.Phase != wire.Stable {
		return
	}
	ack := wire.TreeAck{View: m.View, Epoch: m.Epoch, Phase: m.Phase}
	if t.held(m.View) == nil {
		if t.kept.add(from.ID, m) {
			t.host.Send(from, ack)
		}
		return
	}
	c := t.s.child(from.ID)
	if c == nil {
		return
	}
	if !t.meet(c, m.Epoch) {
		t.tellNear(c)
		return
	}
	c.reported(t.s.down, m.Phase)
	t.host.Send(c.m, ack)
}

func (t *Tree) receiveDown(from *view.Member, m wire.Down) {
	ack := wire.TreeAck{View: m.View, Epoch: m.Epoch, Phase: m.Phase, Down: true}
	if t.held(m.View) == nil {
		t.host.Send(from, ack)
		return
	}
	p := t.s.parentIf(from.ID)
	if p == nil || m.Epoch > maxEpoch {
		return
	}
	if !t.meet(p, m.Epoch) {
		t.tellNear(p)
		return
	}
	if m.Phase > t.s.up {
		return
	}
	t.s.told(t.now, m.Phase)
	t.host.Send(p.m, ack)
}

func (t *Tree) receiveAck(from *view.Member, m wire.TreeAck) {
	if t.held(m.View) == nil || m.Epoch > maxEpoch {
		return
	}
	n := t.s.parentIf(from.ID)
	if m.Down {
		n = t.s.child(from.ID)
	}
	if n == nil || !t.meet(n, m.Epoch) || n.phase != m.Phase {
		return
	}
	if m.Down {
		n.settle(0)
	} else if t.s.down < m.Phase {
		n.settle(t.now + maxRepeat)
	}
}
