package detector

import (
	"slices"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/view"
)

const (
	lateBy     = 250 * time.Millisecond // a timer so late shows that this member stood still
	lateFor    = 2 * time.Second        // and so long it accuses and judges nobody
	strainKeep = time.Second
	strainWho  = 2 // members whose answers come lateBy later than learned: the trouble is here, not with one of them
	strainFrom = 8 // answers from which "learned" means something
)

// checkLate is asked before anything else is handled. Lifeguard calls it local health: who stood still first doubts
// itself.
func (d *Detector) checkLate(now time.Duration) {
	if now == d.checked {
		return
	}
	d.checked = now
	if next := d.Next(); next > 0 && now-next > lateBy {
		d.woke(now, now-next)
	}
}

// Enter is told the time before anything else is handled, also what does not concern the detector: whoever stood still
// must know before it acts on what waited for it.
func (d *Detector) Enter(now time.Duration) { d.checkLate(now) }

// Paused tells that the process stood still for so long without the monotonic clock showing it.
func (d *Detector) Paused(now time.Duration, by time.Duration) {
	if by > lateBy {
		d.woke(now, by)
	}
}

// Lagged tells that a packet waited so long before it was handled: this member is slow, though it did not stand still.
func (d *Detector) Lagged(now, by time.Duration) {
	if by > lateBy {
		d.lateUntil = now + lateFor
		d.doubt(now)
	}
}

// woke follows a standstill. Only one that is longer than what is forgiven can have cost this member its life elsewhere.
func (d *Detector) woke(now, by time.Duration) {
	if by >= forgiven {
		d.wokeAt = now
	}
	d.lateUntil = now + lateFor
	d.doubt(now)
}

// doubt drops windows, bursts, accusations and vouches, and starts every timer anew.
func (d *Detector) doubt(now time.Duration) {
	d.known = false
	d.log.void()
	d.companyAt = 0
	d.roll = roll{ended: now}
	d.isolated = isolation{}
	spoke := false
	for _, e := range d.edgesNow() {
		spoke = spoke || e.accused != nil || e.vouching
		e.silent, e.missRow, e.burst, e.accused, e.vouching = e.silent[:0], 0, nil, nil, false
		e.results = window{}
		e.loss.pending = 0
		if !e.watched {
			d.dropEdge(e.m.ID)
			continue
		}
		e.nextAt, e.soonAt = now+1+d.within(d.interval), 0
	}
	for _, t := range [...]*time.Duration{&d.flushAt, &d.own.tellAt, &d.expireAt, &d.own.repeatAt, &d.evalAt} {
		if *t > 0 {
			*t = max(*t, now)
		}
	}
	if spoke {
		d.ownChanged(now)
	}
	if len(d.subjects) > 0 {
		d.evalAt = max(d.lateUntil, now+judgeQuiet)
	}
}

// LateUntil is until when this member doubts itself; 0: never late.
func (d *Detector) LateUntil() time.Duration { return d.lateUntil }

// Late reports whether this member doubts itself.
func (d *Detector) Late(now time.Duration) bool { return now < d.lateUntil }

// WokeAt is when this member last found that it had stood still for long enough to be ended by others; 0: never.
func (d *Detector) WokeAt() time.Duration { return d.wokeAt }

// strain remembers the newest answers and which came much later than learned.
type strain struct {
	answers []slowness
}

type slowness struct {
	at   time.Duration
	id   uint64
	slow bool
}

const strainMax = 32

// learn takes an answer time. Answers of several members that come much later than learned, at least half of all, mean
// that this member or its link is slow.
func (d *Detector) learn(now time.Duration, from *view.Member, rtt time.Duration) {
	slow := d.times.Len() >= strainFrom && rtt > d.times.Mean()+lateBy
	d.times.Add(rtt)
	s := &d.strain
	old := 0
	for old < len(s.answers) && (now-s.answers[old].at > strainKeep || len(s.answers)-old >= strainMax) {
		old++
	}
	s.answers = append(slices.Delete(s.answers, 0, old), slowness{now, from.ID, slow})
	if !slow {
		return
	}
	n, others := 0, 0
	for _, a := range s.answers {
		if a.slow {
			n++
			if a.id != from.ID {
				others++
			}
		}
	}
	if others >= strainWho-1 && 2*n >= len(s.answers) {
		d.lateUntil = now + lateFor
		d.doubt(now)
	}
}
