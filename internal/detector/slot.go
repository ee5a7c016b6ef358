package detector

import (
	"slices"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/view"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// A member's watchers take turns: each is told in every answer when to come next, so that together they come once per
// interval, evenly spread, and a crash meets a probe within about one interval whatever the number of watchers.

// turns is how long one round of this member's watchers takes. Edges have two ends, so it is also about the time
// between two regular probes on one edge.
func (d *Detector) turns() time.Duration { return time.Duration(max(len(d.near), 1)) * d.interval }

// slot is how long a watcher of this member should wait until its next probe: until its own place in the round, but not
// one that it came a little too early for; zero for others. A watcher that came between its turns, in a burst or for the
// first time, keeps its next one: if all who were called to a burst skipped theirs, nobody would come for half a round.
func (d *Detector) slot(now time.Duration, from *view.Member) time.Duration {
	i := slices.IndexFunc(d.near, func(m *view.Member) bool { return m.ID == from.ID })
	if i < 0 {
		return 0
	}
	round := d.turns()
	place := d.epoch + time.Duration(i)*d.interval
	wait := (place - now) % round
	if wait < 0 {
		wait += round
	}
	if wait < d.interval/2 {
		wait += round
	}
	return wait.Round(time.Millisecond)
}

// takeSlot puts the next turn at a member where it asked for it, within what is sane.
func (d *Detector) takeSlot(now time.Duration, e *edge, slot time.Duration) {
	e.nextAt = now + min(max(slot, d.interval/2), 2*maxWatchers*d.interval)
}

// maxWatchers is the number of watchers up to which advice is taken; the overlay gives a member about six.
const maxWatchers = 16

// ack answers a probe of a member.
func (d *Detector) ack(now time.Duration, from *view.Member, p wire.Ping) wire.Ack {
	a := wire.Ack{Seq: p.Seq, Slot: d.slot(now, from)}
	if e := d.edge(from.ID); e != nil {
		a.Heard = uint8(e.results.answers())
		a.Missed = uint8(e.results.n - e.results.answers())
	}
	return a
}

// tickEdge sends the probe of an edge that is due.
func (d *Detector) tickEdge(now time.Duration, e *edge) {
	switch {
	case e.accused != nil:
		d.tickAccused(now, e)
	case e.burst != nil:
		d.tickBurst(now, e)
	}
	turn := e.nextAt > 0 && now >= e.nextAt
	if !turn && (e.soonAt == 0 || now < e.soonAt) || !e.watched {
		return
	}
	if turn {
		e.nextAt = now + d.turns()
	}
	e.soonAt = 0
	if e.suspected > 0 { // until the matter is settled
		e.soonAt = now + accusedEvery(now-e.suspected)
	}
	if e.accused == nil && e.burst == nil {
		d.probe(now, e.m, regular)
	}
}

// next is when an edge has something to do.
func (e *edge) next() time.Duration {
	next := time.Duration(0)
	if e.watched {
		next = sooner(e.nextAt, e.soonAt)
	}
	if e.burst != nil {
		next = sooner(next, e.burst.nextAt)
		if !e.burst.wide {
			next = sooner(next, e.burst.widenAt)
		}
	}
	if e.accused != nil {
		next = sooner(next, e.accused.nextAt)
	}
	return next
}
