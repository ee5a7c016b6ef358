package detector

import (
	"slices"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/view"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// purpose is why a probe was sent.
type purpose uint8

const (
	regular  purpose = iota // in turn, in a burst, of the accused: its miss counts against the member
	company                 // proves this member's own link, and measures loss
	calling                 // of the roll
	asking                  // whether anybody answers at all
	errand                  // on behalf of another member: its miss says nothing
	relaying                // not a probe but a request to relay one, answered by RelayAck
)

type outcome uint8

const (
	open outcome = iota
	answered
	missed
	void // sent before a pause of this member's own: its miss says nothing, nor does its answer time
)

// probe is one Ping, or one RelayPing, that was sent.
type probe struct {
	to      uint64
	tag     uint32
	sent    time.Duration
	due     time.Duration // from here on it is a miss, until it is answered after all
	purpose purpose
	outcome outcome
	forID   uint64 // errand: for whom; relaying: the member to be probed
	forSeq  uint32 // errand: the number under which the other asked
}

const (
	keepProbes = 8 * time.Second // how long an answer is still recognised
	maxProbes  = 4096            // of which bursts and a roll of 256 members need about 2000 in 8 s
	maxSeq     = 1<<31 - 1       // the door's probes have the numbers above
)

// probes is the log of what was sent lately, in the order of sending and of numbers.
type probes struct {
	sent []probe
	last uint32 // number of the newest
	due  dues
}

// dueAt is the deadline of one probe.
type dueAt struct {
	at  time.Duration
	seq uint32
}

func (a dueAt) before(b dueAt) bool { return a.at < b.at || a.at == b.at && a.seq < b.seq }

// dues is a heap of deadlines: container/heap, which would take memory for each.
type dues []dueAt

func (q *dues) push(x dueAt) {
	*q = append(*q, x)
	h := *q
	for i := len(h) - 1; i > 0; {
		up := (i - 1) / 2
		if !h[i].before(h[up]) {
			return
		}
		h[i], h[up] = h[up], h[i]
		i = up
	}
}

func (q *dues) pop() dueAt {
	h := *q
	first, n := h[0], len(h)-1
	h[0] = h[n]
	h = h[:n]
	*q = h
	for i := 0; ; {
		least := i
		for c := 2*i + 1; c <= 2*i+2 && c < n; c++ {
			if h[c].before(h[least]) {
				least = c
			}
		}
		if least == i {
			return first
		}
		h[i], h[least] = h[least], h[i]
		i = least
	}
}

// add notes a probe and gives its number.
func (l *probes) add(p probe) uint32 {
	if l.last == maxSeq {
		l.sent, l.due, l.last = nil, nil, 0
	}
	l.trim(p.sent)
	l.last++
	l.sent = append(l.sent, p)
	l.due.push(dueAt{p.due, l.last})
	return l.last
}

// trim drops what is too old, in large pieces.
func (l *probes) trim(now time.Duration) {
	drop := len(l.sent) - len(l.since(now-keepProbes))
	if len(l.sent) >= maxProbes {
		drop = max(drop, maxProbes/4)
	}
	if drop > len(l.sent)/2 || drop > 0 && len(l.sent) >= maxProbes {
		l.sent = slices.Delete(l.sent, 0, drop)
	}
}

// find gives the probe of that number, or nil when it is forgotten. The pointer is good until the next add.
func (l *probes) find(seq uint32) *probe {
	i := int64(len(l.sent)) - 1 - (int64(l.last) - int64(seq))
	if i < 0 || i >= int64(len(l.sent)) {
		return nil
	}
	return &l.sent[i]
}

// next is the deadline of the next probe still open.
func (l *probes) next() time.Duration {
	for len(l.due) > 0 {
		if p := l.find(l.due[0].seq); p != nil && p.outcome == open {
			return l.due[0].at
		}
		l.due.pop()
	}
	return 0
}

// miss turns the next open probe whose deadline has passed into a miss and gives it, or nil.
func (l *probes) miss(now time.Duration) *probe {
	if at := l.next(); at == 0 || at > now {
		return nil
	}
	p := l.find(l.due.pop().seq)
	p.outcome = missed
	return p
}

// void takes back what is open or missed: nobody is to blame for it.
func (l *probes) void() {
	for i := range l.sent {
		if p := &l.sent[i]; p.outcome != answered {
			p.outcome = void
		}
	}
	l.due = nil
}

// since gives the probes sent at or after t.
func (l *probes) since(t time.Duration) []probe {
	i, _ := slices.BinarySearchFunc(l.sent, t, func(p probe, t time.Duration) int {
		if p.sent < t {
			return -1
		}
		return 1
	})
	return l.sent[i:]
}

// provenWithin is how far apart an answered probe may have been sent to prove that this member's own link worked.
const provenWithin = 250 * time.Millisecond

// proven reports whether a probe of another member than id, sent about t, was answered. Without it a miss may be this
// member's own outage, and accuses nobody.
func (l *probes) proven(id uint64, t time.Duration) bool {
	for _, p := range l.since(t - provenWithin) {
		if p.sent > t+provenWithin {
			break
		}
		if p.outcome == answered && p.to != id && p.purpose != relaying {
			return true
		}
	}
	return false
}

// probe sends a Ping.
func (d *Detector) probe(now time.Duration, to *view.Member, why purpose) {
	d.probeFor(now, to, probe{purpose: why})
}

func (d *Detector) probeFor(now time.Duration, to *view.Member, p probe) {
	e := d.edge(to.ID)
	p.to, p.tag, p.sent, p.due = to.ID, to.Tag, now, now+d.patience(e)
	seq := d.log.add(p)
	d.counts.probes++
	d.host.SendPing(to, wire.Ping{Seq: seq})
	if e != nil && p.purpose != errand {
		e.sentTo(now, p.due)
	}
}

// Acked takes an answer of a member of the view.
func (d *Detector) Acked(now time.Duration, from *view.Member, a wire.Ack) {
	d.begin(now)
	p := d.log.find(a.Seq)
	if p == nil || p.to != from.ID || p.tag != from.Tag || p.outcome == answered || p.purpose == relaying {
		return
	}
	before := p.outcome
	p.outcome = answered
	got := *p
	rtt := now - got.sent
	d.answered = now
	d.isolated.reset()
	if before != void {
		d.learn(now, from, rtt)
	}
	if got.purpose == errand {
		if m := d.v.Find(got.forID); m != nil {
			d.host.Send(m, wire.RelayAck{Seq: got.forSeq, Subject: from.ID})
		}
	}
	d.roll.answered(from.ID)
	if e := d.edge(from.ID); e != nil {
		e.heardHere, e.missedHere, e.repeats = a.Heard, a.Missed, 0
		if before != void {
			e.times.Add(rtt)
			e.smooth(rtt)
		}
		if a.Slot > 0 && e.watched {
			d.takeSlot(now, e, a.Slot)
		}
		d.edgeAnswered(now, e, got, before)
	}
	d.checkBursts(now)
}

// Unknown notes that a member answered that it does not know this one yet: the link works, the news is on its way.
func (d *Detector) Unknown(now time.Duration, from *view.Member) {
	d.begin(now)
	d.answered = now
	d.isolated.reset()
	d.roll.answered(from.ID)
	for i := len(d.log.sent) - 1; i >= 0; i-- {
		p := &d.log.sent[i]
		if p.to != from.ID || p.purpose == relaying {
			continue
		}
		before, got := p.outcome, *p
		if before == answered {
			break
		}
		p.outcome = answered
		if e := d.edge(from.ID); e != nil {
			d.edgeAnswered(now, e, got, before)
			if e.repeats < maxRepeats {
				e.soonAt = sooner(e.soonAt, now+firstRepeat<<e.repeats)
				e.repeats++
			}
		}
		break
	}
	d.checkBursts(now)
}

// A member that does not know this one yet is probed again after 10, 20 and 40 ms, then in turn.
const (
	firstRepeat = 10 * time.Millisecond
	maxRepeats  = 3
)

// Answer is the answer to a probe from outside of the view.
func (d *Detector) Answer(p wire.Ping) wire.Ack { return wire.Ack{Seq: p.Seq} }

// tickMisses handles the probes whose time is over.
func (d *Detector) tickMisses(now time.Duration) {
	for {
		p := d.log.miss(now)
		if p == nil {
			return
		}
		if p.purpose != errand && p.purpose != relaying {
			d.missedAny(now, *p)
		}
		switch p.purpose {
		case errand:
		case relaying:
			if e := d.edge(p.forID); e != nil && e.burst != nil {
				d.weighMiss(now, e, *p)
			}
		default:
			if e := d.edge(p.to); e != nil && e.m.Tag == p.tag {
				d.edgeMissed(now, e, *p)
			}
		}
	}
}
