package spread

import (
	"time"

	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// Rule flow, after the flow control of van Renesse et al. 2008: the pace at which a member makes known what it writes falls by a
// factor while changes wait anywhere for want of budget, and rises by steps while they don't. How long they wait is told to
// all, so that all slow down, and not only those who live where it is crowded.
const (
	flowEvery   = 50 * time.Millisecond
	tooLong     = 250 * time.Millisecond // what waits for so long lets the pace fall
	shortEnough = 200 * time.Millisecond // and for less, rise
	cutEvery    = 500 * time.Millisecond // what a fall brings must be seen before the next
	leastCut    = 0.85
	mostCut     = 0.7
	step        = 0.003 // of the fair share is added every time, which makes paces even,
	growth      = 0.04  // and of the pace, less the longer changes wait, or a slow one would be slow for long
	flowDepth   = 100 * time.Millisecond
	inUse       = 0.25            // of the budget: less leaves room for who begins to write much
	freeAfter   = 2 * time.Second // without anything held back there is no limit any more

	// Where something is held back, a batch is gathered before more is made known: to announce a namespace, to ask for it
	// and to say whose it is takes some 60 bytes at each member, whether one change follows or ten.
	batchBytes = 256
	batchFor   = time.Second // at most is gathered

	// leastShare of the fair share is always let through: who writes less is in nobody's way.
	leastShare = 0.125

	tellFrom     = 100 * time.Millisecond // who has waited for less is nobody's business
	mentionEvery = 50 * time.Millisecond  // beside something else
	tellEvery    = 200 * time.Millisecond // by itself
	hearsayFor   = 400 * time.Millisecond

	// While it is crowded, and for a while after, everything is gathered into few packets: changes are announced, however
	// small, and asked for together.
	crowdedFor   = 10 * time.Second
	crowdedPause = 100 * time.Millisecond
)

// flow is the pace of this member's own changes, and what is known of how long changes wait.
type flow struct {
	rate  float64       // bytes a second; 0: no limit
	left  float64       // bytes
	at    time.Duration // left was right
	held  time.Duration // something was held back
	shut  bool          // and nothing was let through since
	cutAt time.Duration // looked whether to cut
	last  time.Duration // what had waited then
	next  time.Duration // to look; 0: there is nothing to look at

	heard   report // from others, the worst of late
	worst   report // of that and what waits here, as last looked
	crowded time.Duration

	wrote, before float64 // bytes let through in this half second, and in the one before
	used, spent   float64 // of the budget: bytes a second in the half second before; in all, at its end
	since         time.Duration
}

// report is how long changes had waited somewhere at some time.
type report struct {
	age, at time.Duration
}

// admit is the gate before what this member writes.
func (s *Spread) admit(now time.Duration, bytes int) bool {
	f := &s.flow
	f.refill(now, s.budget.spent)
	if s.surges(now, bytes) {
		f.rate, f.left = s.bearable(), 0
		s.watchFlow(now)
	}
	if !f.open() {
		f.held, f.shut = now, true
		return false
	}
	f.shut = false
	f.left -= float64(bytes)
	f.wrote += float64(bytes)
	return true
}

// surges reports whether this member begins to write more than is bearable, where it was crowded of late and the budget is
// in use. If all do, there is a second's worth of changes on its way before anybody can tell.
func (s *Spread) surges(now time.Duration, bytes int) bool {
	f := &s.flow
	if f.rate > 0 || s.variant.Uncontrolled || !s.congested(now) || f.used < float64(s.budget.rate*inUse) {
		return false
	}
	return f.wrote+float64(bytes) > float64(s.bearable()*cutEvery.Seconds())
}

// bearable is the fair share, or twice what this member wrote in the half second before.
func (s *Spread) bearable() float64 { return max(s.fair(), 2*s.flow.before/cutEvery.Seconds()) }

// fair is the share of a member if all write alike.
func (s *Spread) fair() float64 { return s.budget.rate / float64(max(s.view.Len(), 1)) }

// refill gives back what time lets through, and counts by half seconds; spent is what the budget spent in all.
func (f *flow) refill(now time.Duration, spent float64) {
	if f.rate > 0 && now > f.at {
		gained := float64(f.rate * (now - f.at).Seconds())
		f.left = min(f.left+gained, max(float64(f.rate*flowDepth.Seconds()), f.batch()))
	}
	f.at = max(f.at, now)
	if past := now - f.since; past >= cutEvery {
		f.before = f.wrote
		if past >= 2*cutEvery {
			f.before = 0
		}
		f.used = (spent - f.spent) / past.Seconds()
		f.wrote, f.spent, f.since = 0, spent, now
	}
}

// own is the rate at which this member wrote lately.
func (f *flow) own() float64 { return max(f.before, f.wrote) / cutEvery.Seconds() }

// batch is how much is gathered before the gate opens again.
func (f *flow) batch() float64 { return min(batchBytes, float64(f.rate*batchFor.Seconds())) }

func (f *flow) open() bool {
	return f.rate == 0 || f.left > 0 && (!f.shut || f.left >= f.batch())
}

// openAt is when the gate opens.
func (f *flow) openAt() time.Duration {
	if f.open() {
		return f.at
	}
	missing := -f.left
	if f.shut {
		missing += f.batch()
	}
	return f.at + time.Duration(float64(missing/f.rate)*float64(time.Second)) + time.Microsecond
}

// watchFlow begins to look how long changes wait.
func (s *Spread) watchFlow(now time.Duration) {
	if s.flow.next == 0 && s.budget.rate > 0 {
		s.flow.next, s.known = now+flowEvery, false
	}
}

// tickFlow sets the pace, tells the neighbours how long changes wait, and lets go what was held back.
func (s *Spread) tickFlow(now time.Duration) {
	if f := &s.flow; f.next > 0 && now >= f.next {
		f.next = now + flowEvery
		f.worst = s.congestion(now)
		if age := f.worst.age; age > tooLong || age >= tellFrom && s.congested(now) {
			f.crowded = now
		}
		s.pace(now, f.worst.age)
		s.tellCongestion(now)
		if f.rate == 0 && f.worst.age < tellFrom {
			f.next = 0
		}
	}
	if s.st.Self.Space.Held() != nil && s.flow.openAt() <= now {
		s.st.Release(now)
	}
}

// pace is additive increase, multiplicative decrease; the increase is a part of the pace, too.
func (s *Spread) pace(now, age time.Duration) {
	f := &s.flow
	f.refill(now, s.budget.spent)
	fair := s.fair()
	switch {
	case age > tooLong:
		if now-f.cutAt >= cutEvery && !s.variant.Uncontrolled {
			f.cut(now, age, fair)
		}
	case age > shortEnough:
	case f.rate > 0 && now-f.held > freeAfter:
		f.rate, f.last = 0, 0
	default:
		f.last = 0
		if f.rate > 0 {
			calm := 1 - age.Seconds()/shortEnough.Seconds()
			f.rate += float64(fair*step) + float64(float64(f.rate*growth)*calm)
		}
	}
}

// cut slows down, unless what waits has begun to be worked off. The first cut comes late, when much may be on its way
// already: who writes more than its share falls to that, or to a quarter.
func (f *flow) cut(now, age time.Duration, fair float64) {
	worse := age > f.last
	f.cutAt, f.last = now, age
	least := float64(fair * leastShare)
	rate := min(f.own(), f.rate)
	if f.rate == 0 {
		rate = min(f.own(), max(fair, f.own()/4))
	}
	if !worse || rate <= least {
		return
	}
	if f.rate == 0 {
		f.left, f.held = 0, now
	}
	by := min(max(tooLong.Seconds()/age.Seconds(), mostCut), leastCut)
	f.rate = max(float64(rate*by), least)
}

// congested reports whether changes waited for long anywhere of late.
func (s *Spread) congested(now time.Duration) bool {
	return s.flow.crowded > 0 && now-s.flow.crowded < crowdedFor
}

// congestion is how long changes have waited for want of budget, here or where it was heard of. That something is held back
// is worth telling too: if all pushed again because nothing waits any more, it soon would.
func (s *Spread) congestion(now time.Duration) report {
	here := report{s.waited(now), now}
	if s.st.Self.Space.Held() != nil {
		here.age = max(here.age, tellFrom)
	}
	if h := s.flow.heard; now-h.at < hearsayFor && h.age > here.age {
		return h
	}
	return here
}

// waited is how long something is due here to be sent, and is not only because the budget is used up.
func (s *Spread) waited(now time.Duration) time.Duration {
	since := now
	for _, e := range s.edges {
		if e.due > 0 {
			since = min(since, max(e.due, e.next))
		}
	}
	for _, q := range s.queues {
		for _, j := range q.jobs {
			if j.open() && !j.done() {
				since = min(since, j.at)
			}
		}
	}
	return now - since
}

// tellCongestion tells neighbours who were sent nothing else.
func (s *Spread) tellCongestion(now time.Duration) {
	for _, e := range s.edges {
		if now-e.toldAge >= tellEvery {
			s.mention(now, e)
		}
	}
}

// mention tells a neighbour how long changes wait, if that is worth it.
func (s *Spread) mention(now time.Duration, e *edge) {
	r := s.flow.worst
	if r.age >= tellFrom && now-r.at < hearsayFor && now-e.toldAge >= mentionEvery {
		e.toldAge = now
		s.budget.spend(s.host.Send(e.to, wire.Congestion{Age: r.age, Ago: now - r.at}))
	}
}

// receiveCongestion keeps the longest of what is not over.
func (s *Spread) receiveCongestion(now time.Duration, m wire.Congestion) {
	r := report{m.Age, now - m.Ago}
	if h := &s.flow.heard; now-h.at >= hearsayFor || r.age > h.age || r.age == h.age && r.at > h.at {
		*h = r
	}
	s.watchFlow(now)
}
