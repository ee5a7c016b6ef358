package stability

import (
	"slices"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/view"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// When names are passed on.
const (
	holdOutEvery = 500 * time.Millisecond  // upwards, from 500 ms of waiting on; downwards every second time
	listStale    = 1250 * time.Millisecond // without a list from above for so long, one sends one's own down
	parentStale  = 2 * time.Second         // without a word from above for so long, it is the parent that is missing
	namesStale   = 3 * time.Second         // who was named so long ago and not again is named no more
	ackStale     = 500 * time.Millisecond  // an Up that the parent leaves unacknowledged for so long
)

// holdOuts is what a member knows of those who keep everybody waiting.
type holdOuts struct {
	holdDue  time.Duration // when names are sent next; 0: never
	holdOdd  bool          // the next time is one of those at which only the parent is told
	started  time.Duration // of this phase
	listAt   time.Duration // of the last list or Down from the parent; the start if there was none
	hasList  bool
	list     []uint64 // the last list with names in it
	listedAt time.Duration
}

// waitFrom starts the wait of a phase.
func (h *holdOuts) waitFrom(now time.Duration) {
	*h = holdOuts{holdDue: now + holdOutEvery, holdOdd: true, started: now, listAt: now}
}

func (t *Tree) receiveHoldOuts(from *view.Member, m wire.HoldOuts) {
	if m.Epoch > maxEpoch {
		return
	}
	if t.held(m.View) == nil {
		t.kept.note(m.View, m.Epoch)
		return
	}
	n := t.s.child(from.ID)
	if m.Down {
		n = t.s.parentIf(from.ID)
	}
	if n == nil {
		return
	}
	if !t.meet(n, m.Epoch) {
		t.tellNear(n)
		return
	}
	if t.s.stable {
		return
	}
	ids := m.IDs[:min(len(m.IDs), wire.MaxNames)]
	if !m.Down {
		n.named, n.namedAt = slices.Clone(ids), t.now
		return
	}
	t.s.listAt, t.s.hasList = t.now, true
	if len(ids) == 0 {
		return
	}
	t.s.list, t.s.listedAt = slices.Clone(ids), t.now
	for _, c := range t.s.children {
		t.sendHoldOuts(c, t.s.list, true)
	}
}

// tellNear answers a neighbour that uses a lower epoch, by whatever carries the present one. An acknowledgement would
// not do: it could be taken for that of a message under the present epoch, which the neighbour may have sent meanwhile.
func (t *Tree) tellNear(n *near) {
	switch {
	case n != t.s.parent:
		t.sendHoldOuts(n, nil, true)
	case n.phase > 0:
		t.send(n)
	default:
		t.sendHoldOuts(n, nil, false)
	}
}

// tellHoldOuts sends names up, and down if none come from above.
func (t *Tree) tellHoldOuts() {
	s := t.s
	if s.holdDue == 0 || t.now < s.holdDue {
		return
	}
	s.holdDue = t.now + holdOutEvery
	odd := s.holdOdd
	s.holdOdd = !odd
	own := s.missing(t.now)
	if s.parent != nil && len(own) > 0 {
		t.sendHoldOuts(s.parent, own, false)
	}
	if odd || s.parent != nil && s.hasList && t.now-s.listAt < listStale {
		return
	}
	known := s.known(t.now)
	for _, c := range s.children {
		t.sendHoldOuts(c, known, true)
	}
}

func (t *Tree) sendHoldOuts(to *near, ids []uint64, down bool) {
	ids = ids[:min(len(ids), wire.MaxNames)]
	t.host.Send(to.m, wire.HoldOuts{View: t.s.v.Hash(), Epoch: t.s.epoch, IDs: ids, Down: down})
}

// missing lists the children whose report this phase waits for, or those whom they wait for themselves. Sorted.
func (s *session) missing(now time.Duration) []uint64 {
	want := wire.Held
	if s.down >= wire.Held {
		want = wire.Stable
	}
	var out []uint64
	for _, c := range s.children {
		if c.up >= want {
			continue
		}
		if len(c.named) > 0 && now-c.namedAt < namesStale {
			out = append(out, c.named...)
		} else {
			out = append(out, c.m.ID)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// orphan reports whether the parent seems to be dead, or in another view.
func (s *session) orphan(now time.Duration) bool {
	p := s.parent
	if p == nil {
		return false
	}
	return p.phase > 0 && !p.acked && now-p.since >= ackStale || now-s.listAt >= parentStale
}

// WaitingFor names who holds the view back, as far as known: the children without a report, or those whom they named,
// and those named from above. Sorted; empty when stable.
func (t *Tree) WaitingFor() []uint64 {
	s := t.s
	if s == nil || s.stable || s.mute {
		return nil
	}
	return s.known(t.now)
}

// known is everybody known to be missing, below and above. Sorted.
func (s *session) known(now time.Duration) []uint64 {
	out := s.missing(now)
	if s.orphan(now) {
		out = append(out, s.parent.m.ID)
	}
	if now-s.listedAt < namesStale {
		out = append(out, s.list...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
