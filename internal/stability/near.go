package stability

import (
	"time"

	"github.com/grapevine-gossip/grapevine/internal/view"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// When a message is said again (rules/dissemination.md 6b).
const (
	firstRepeat = 5 * time.Millisecond  // or two round trips, if that is more
	childEnters = 20 * time.Millisecond // after its parent
	maxRepeat   = time.Second           // also how often an Up is said after it was acknowledged, until the Down
)

// near is a neighbour in the tree, under one tag: the parent or a child. One message to it is under way at a time.
type near struct {
	m     *view.Member
	heard bool       // it used this tag
	up    wire.Phase // of a child: the furthest it said

	named   []uint64 // of a child: whom it waits for
	namedAt time.Duration

	phase wire.Phase    // of the last Up (to the parent) or Down (to a child); 0: none yet
	due   time.Duration // when it is said again; 0: never
	wait  time.Duration
	acked bool
	since time.Duration // when it was first said without an answer
}

// reported takes an Up of a child; down is what it was told under this tag. An up2 of one who was not told down1 can
// only be read as up1.
func (n *near) reported(down, p wire.Phase) {
	if down < wire.Held {
		p = wire.Held
	}
	if p <= n.up {
		return
	}
	n.up, n.named = p, nil
	n.settle(0) // it answers the Down before
}

// settle notes that the message arrived, and when to say it again nevertheless; 0: never.
func (n *near) settle(again time.Duration) {
	if n.acked && again > 0 {
		return
	}
	n.acked, n.due = true, again
}

// transmit says a phase for the first time.
func (t *Tree) transmit(n *near, p wire.Phase) {
	n.phase, n.acked = p, false
	n.since, n.wait = t.now, t.first
	n.due = t.now + n.wait
	t.send(n)
}

// repeat says it again when that is due.
func (t *Tree) repeat(n *near) {
	if n.due == 0 || t.now < n.due {
		return
	}
	if n.acked {
		n.acked, n.since, n.wait = false, t.now, t.first
	} else {
		n.wait = longer(n.wait)
	}
	n.due = t.now + n.wait
	t.send(n)
}

func (t *Tree) send(n *near) {
	s := t.s
	if n == s.parent {
		t.host.Send(n.m, wire.Up{View: s.v.Hash(), Epoch: s.epoch, Phase: n.phase})
	} else {
		t.host.Send(n.m, wire.Down{View: s.v.Hash(), Epoch: s.epoch, Phase: n.phase})
	}
}

func longer(d time.Duration) time.Duration { return min(d+d/2, maxRepeat) }

func earlier(a, b time.Duration) time.Duration {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}
