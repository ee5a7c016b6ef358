package spread

import (
	"slices"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/view"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// ask sends a request for what follows to the best of those who offer it. What came out of order is not asked for again,
// unless that was tried in vain.
func (s *Spread) ask(now time.Duration, p *pull) {
	space := s.space(p.owner)
	if space == nil || !p.settle(space.Max()) {
		s.closePull(p)
		return
	}
	o := p.best()
	to := s.member(o.member)
	if to == nil { // it left the view in this very turn
		p.withdraw(o.member)
		s.ask(now, p)
		return
	}
	o.asks++
	o.at = now
	p.from, p.upto, p.stream, p.got, p.told = o.member, o.version, false, 0, 0
	p.due, p.asked = now+s.timeout(p.tries), now
	p.tries++
	s.wake(p.due)
	version, base := space.Position()
	if version != space.Max() || p.tries > askedForHoles && now-p.gained > holesFor {
		s.forgetHeld(p)
	}
	end := p.end(version)
	s.fill(to, p.missing(place{version: version}, place{version: end}))
	p.filled, p.refill = place{version: end}, now+s.timeout(0)
	if end >= o.version {
		return
	}
	f := wire.From{Owner: p.owner, Version: end, Base: base}
	if p.paged {
		s.more(to, wire.Progress{From: f})
	} else {
		s.want(to, f)
	}
}

// busyFor is how long to wait for somebody who answers, but not this: another may have less to do.
const busyFor = time.Second

// askedForHoles is how often at least, and holesFor how long after something came, only what is missing between what came
// is asked for. Where a budget lets through a part now and then, asks overtake the answers.
const (
	askedForHoles = 2
	holesFor      = time.Second
)

// timeout is how long to wait for an answer after so many asks in vain. While changes wait somewhere for want of budget,
// answers do for as long: who asked again meanwhile would be answered twice. One that stood still for an hour tells of an
// hour, and that must not be how long a lost answer is waited for.
func (s *Spread) timeout(tries int) time.Duration {
	d := s.wait.timeout(tries)
	if r := s.flow.worst; r.age >= tellFrom && s.now-r.at < hearsayFor {
		d += min(r.age, mostTimeout)
	}
	return d
}

// wake makes sure that pulls are looked at by then.
func (s *Spread) wake(at time.Duration) { s.pullDue = earlier(s.pullDue, max(at, 1)) }

// tickPulls asks for what is due, and asks somebody else for what was asked in vain.
func (s *Spread) tickPulls(now time.Duration) {
	if s.pullDue == 0 || s.pullDue > now {
		return
	}
	s.pullDue = 0
	seen := now - s.lag // what came since then may still wait to be handled
	for _, p := range slices.Clone(s.pulls) {
		if p.holes <= seen {
			s.tickHoles(now, p)
		}
		if p.holes > 0 {
			s.wake(p.holes + s.lag)
		}
		if p.due > seen {
			s.wake(p.due + s.lag)
			continue
		}
		s.due(now, p)
	}
}

func (s *Spread) due(now time.Duration, p *pull) {
	switch status, _ := s.standing(p.owner); {
	case status == useless || status == early && now-p.since >= earlyFor:
		s.closePull(p)
	case status == early:
		p.due = now + earlyTry
		s.wake(p.due)
	case p.tries > 0 && now-p.asked < busyFor && s.heard[p.from] > 0 && s.heard[p.from]+s.timeout(0) > now:
		p.due = s.heard[p.from] + s.timeout(0) // it is busy answering what was asked of it beside this
		s.wake(p.due)
	default:
		if p.stream {
			s.streams = slices.DeleteFunc(s.streams, func(t *stream) bool { return t.from.ID == p.from })
		}
		s.ask(now, p)
	}
}

// came notes that so much of a namespace came from a member, whatever it brings.
func (s *Spread) came(now time.Duration, p *pull, from uint64, bytes int) {
	if p == nil {
		return
	}
	s.sample(now, p, from)
	if p.from != from || p.stream {
		return
	}
	p.got += uint64(bytes)
	s.heard[from] = now
	s.await(now, p)
}

// await sets the time when another member is asked. When all is here that the one asked had offered, it may have more by
// now and be sending it, so a moment is left for that.
func (s *Spread) await(now time.Duration, p *pull) {
	space := s.space(p.owner)
	if space == nil || p.from == 0 {
		return
	}
	switch version, _ := space.Position(); {
	case p.stream:
		p.due = now + streamFor
	case version < p.upto:
		p.due = now + s.timeout(0)
	default:
		p.due = min(p.due, now+s.gap())
	}
	s.wake(p.due)
}

// goOn lets the one who answers send on, once half of what it may send ahead has come.
func (s *Spread) goOn(p *pull) {
	if p == nil || p.stream || p.from == 0 || p.got-p.told < window(p.told)/2 || s.pull(p.owner) != p {
		return
	}
	space, to := s.space(p.owner), s.member(p.from)
	if space == nil || to == nil {
		return
	}
	if version, base := space.Position(); version < p.upto {
		p.told = p.got
		s.more(to, wire.Progress{From: wire.From{Owner: p.owner, Version: version, Base: base}, Got: p.got})
	}
}

// progress follows what was merged: the timer starts anew, or the pull ends.
func (s *Spread) progress(now time.Duration, p *pull) {
	space := s.space(p.owner)
	if space == nil || !p.settle(space.Max()) {
		s.closePull(p)
		return
	}
	for i := range p.offers {
		p.offers[i].asks, p.offers[i].at = 0, 0
	}
	p.tries = 0
	if len(p.ranges)+len(p.parts) == 0 {
		p.holes = 0
	}
	s.await(now, p)
}

// sample takes the time of an answer from a member that was asked once: after two asks it can't be told which one was
// answered (Karn's rule).
func (s *Spread) sample(now time.Duration, p *pull, from uint64) {
	for i := range p.offers {
		if o := &p.offers[i]; o.member == from && o.asks == 1 && o.at > 0 {
			s.wait.sample(now - o.at)
			o.at = 0
		}
	}
}

// request gathers what is asked of one member within one turn.
type request struct {
	to    *view.Member
	wants []wire.From
	more  []wire.Progress
}

func (s *Spread) requestTo(to *view.Member) *request {
	for i := range s.wants {
		if r := &s.wants[i]; r.to.ID == to.ID {
			return r
		}
	}
	s.wants = append(s.wants, request{to: to})
	return &s.wants[len(s.wants)-1]
}

func (s *Spread) want(to *view.Member, f wire.From) {
	r := s.requestTo(to)
	r.wants = append(r.wants, f)
}

func (s *Spread) more(to *view.Member, p wire.Progress) {
	r := s.requestTo(to)
	r.more = append(r.more, p)
}

func (s *Spread) flushRequests() {
	const perRequest = (wire.MaxSection - wire.MaxListOverhead) / wire.MaxFromSize
	const perMore = (wire.MaxSection - wire.MaxListOverhead) / wire.MaxProgressSize
	for _, r := range s.wants {
		for page := range slices.Chunk(r.wants, perRequest) {
			s.send(r.to, wire.Request{Wants: page})
		}
		for page := range slices.Chunk(r.more, perMore) {
			s.send(r.to, wire.More{Wants: page})
		}
	}
	s.wants = nil
}
