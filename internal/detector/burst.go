package detector

import (
	"slices"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/phi"
	"github.com/grapevine-gossip/grapevine/internal/view"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

const (
	// forgiven is the pause of a member that is forgiven: nobody is accused sooner after a burst began.
	forgiven   = 700 * time.Millisecond
	minSpacing = 50 * time.Millisecond // between two probes of a burst
	maxSpacing = 120 * time.Millisecond
	minAlone   = 10 * time.Millisecond // before others are asked too
)

// burst is a run of probes of a member that did not answer, until it does or is accused. Where packets are lost nearly all
// bursts end with the first probes, so others are asked only when those are not answered as soon as usual.
type burst struct {
	began   time.Duration // or was last interrupted by an answer
	nextAt  time.Duration
	widenAt time.Duration // when others are asked; 0: the newest probe was answered
	wide    bool          // others are asked: to relay probes, to burst as well, and to prove this member's own link
	called  bool
	first   time.Duration // when it really began
	grey    evidence
}

func (d *Detector) startBurst(now time.Duration, e *edge) {
	e.burst = &burst{began: now, first: now, nextAt: now, wide: d.troubled(e)}
	d.tickBurst(now, e)
	if e.burst != nil && e.burst.wide {
		d.companyAt = sooner(d.companyAt, now)
		d.tickCompany(now)
	}
}

// troubled reports whether more is amiss than one probe that got no answer.
func (d *Detector) troubled(e *edge) bool { return d.subjects[e.m.ID] != nil || d.othersToo(e.m.ID) }

// othersToo reports whether somebody beside a member is accused, or does not answer here.
func (d *Detector) othersToo(id uint64) bool {
	for other := range d.subjects {
		if other != id {
			return true
		}
	}
	return slices.ContainsFunc(d.edges, func(e *edge) bool { return e.m.ID != id && e.burst != nil })
}

// needed is how many unanswered probes accuse e.
func (d *Detector) needed(e *edge, since time.Duration) int {
	return phi.Needed(d.phi, d.lossFor(e, since))
}

// tickBurst sends the next probe of a burst, direct and, when others are asked, through one random member.
func (d *Detector) tickBurst(now time.Duration, e *edge) {
	b := e.burst
	widens := !b.wide && b.widenAt > 0 && now >= b.widenAt
	if !widens && now < b.nextAt {
		return
	}
	b.wide = b.wide || widens
	if d.checkBurst(now, e); e.burst == nil {
		return
	}
	if widens {
		d.companyAt = sooner(d.companyAt, now)
		d.relay(now, e)
	}
	if now < b.nextAt {
		return
	}
	spacing := min(max(forgiven/time.Duration(d.needed(e, b.began)), minSpacing), maxSpacing)
	b.nextAt = now + spacing
	d.probe(now, e.m, regular)
	switch {
	case b.wide && !widens:
		d.relay(now, e)
	case !b.wide && b.widenAt == 0:
		b.widenAt = now + d.usually(e)
	}
}

// usually is how long an answer takes at most when nothing is lost.
func (d *Detector) usually(e *edge) time.Duration {
	t := d.timesOf(e)
	return min(max(t.Mean()+4*t.Deviation(), minAlone), d.patience(e))
}

// relay asks one random member to probe e's for this one.
func (d *Detector) relay(now time.Duration, e *edge) {
	via := d.random(func(m *view.Member) bool { return m.ID != e.m.ID && !d.doubted(m) })
	if via == nil {
		return
	}
	patience := 2 * max(d.patience(nil), d.patience(e)) // there and on
	seq := d.log.add(probe{to: via.ID, tag: via.Tag, sent: now, due: now + patience, purpose: relaying, forID: e.m.ID})
	d.host.Send(via, wire.RelayPing{Seq: seq, Subject: e.m.ID})
}

// doubted reports whether this member itself awaits a sign of life of m, or accuses it.
func (d *Detector) doubted(m *view.Member) bool {
	e := d.edge(m.ID)
	return e != nil && (e.burst != nil || e.accused != nil)
}

// random draws a member of the view, not this one, that fits; nil after a few vain tries.
func (d *Detector) random(fits func(*view.Member) bool) *view.Member {
	for range 8 {
		m := d.v.At(d.rng.IntN(d.v.Len()))
		if m.ID != d.self.ID && fits(m) {
			return m
		}
	}
	return nil
}

// checkBursts looks at all bursts after something was learned.
func (d *Detector) checkBursts(now time.Duration) {
	for _, e := range d.edgesNow() {
		if e.burst != nil {
			d.checkBurst(now, e)
		}
	}
}

// checkBurst calls the other watchers after an eighth of the misses that accuse, and accuses when phi says so.
func (d *Detector) checkBurst(now time.Duration, e *edge) {
	b := e.burst
	if d.idle(now) {
		e.burst = nil
		return
	}
	if n := d.needed(e, b.began); b.wide && !b.called && 8*d.misses(now, e) >= n {
		b.called = true
		for _, m := range d.v.Neighbors(e.m.ID) {
			if m.ID != d.self.ID && !d.doubted(m) {
				d.host.Send(m, wire.Call{Subject: e.m.ID})
			}
		}
	}
	if now-b.began < forgiven {
		return
	}
	if p := d.phiOf(now, e, d.lossFor(e, b.began)); p >= d.phi {
		d.accuse(now, e, p, false)
	}
}

// receiveCall begins a burst as another watcher asks. On an edge without any answer yet a single probe comes first:
// the member may not know this one.
func (d *Detector) receiveCall(now time.Duration, c wire.Call) {
	e := d.edge(c.Subject)
	if e == nil || !e.watched || e.burst != nil || e.accused != nil || d.idle(now) {
		return
	}
	if at, ok := d.heard.at(c.Subject); ok && now-at < d.patience(e) {
		return
	}
	if !e.ever {
		e.soonAt = now
		if len(e.silent) > 0 {
			return
		}
		d.tickEdge(now, e)
		return
	}
	d.startBurst(now, e)
}

// receiveRelay probes a member for another.
func (d *Detector) receiveRelay(now time.Duration, from *view.Member, r wire.RelayPing) {
	if r.Subject == d.self.ID {
		d.host.Send(from, wire.RelayAck(r))
		return
	}
	if m := d.v.Find(r.Subject); m != nil && m.ID != from.ID {
		d.probeFor(now, m, probe{purpose: errand, forID: from.ID, forSeq: r.Seq})
	}
}

// receiveRelayed ends a burst: the member lives, if only others reach it.
func (d *Detector) receiveRelayed(now time.Duration, from *view.Member, r wire.RelayAck) {
	p := d.log.find(r.Seq)
	if p == nil || p.purpose != relaying || p.to != from.ID || p.forID != r.Subject || p.outcome == answered {
		return
	}
	before := p.outcome
	p.outcome = answered
	e := d.edge(r.Subject)
	if e == nil || before == void {
		return
	}
	if e.accused == nil {
		e.eased, e.silent = now, e.silent[:0]
	}
	if e.burst != nil {
		d.weighAnswer(e, *p, before == missed)
		d.answerBurst(now, e)
	}
}

const (
	companions   = 2
	companyEvery = 100 * time.Millisecond
)

// tickCompany probes, while a wide burst runs, the members heard last: their answers prove this member's own link and
// measure loss.
func (d *Detector) tickCompany(now time.Duration) {
	if !d.bursting() {
		d.companyAt = 0
		return
	}
	if now < d.companyAt {
		return
	}
	d.companyAt = now + companyEvery
	for _, m := range d.heard.last(companions, func(m *view.Member) bool { return !d.doubted(m) }) {
		d.probe(now, m, company)
	}
}

func (d *Detector) bursting() bool {
	for _, e := range d.edges {
		if e.burst != nil && e.burst.wide {
			return true
		}
	}
	return false
}

func (d *Detector) nextCompany() time.Duration { return d.companyAt }
