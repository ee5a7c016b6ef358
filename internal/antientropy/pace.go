package antientropy

import (
	"time"

	"github.com/grapevine-gossip/grapevine/internal/view"
)

// Intervals. Section 3 of the rules.
const (
	unequalEvery = time.Second      // between exchanges while the last comparison differed, +-10 %
	equalEvery   = 10 * time.Second // while it agreed
	answerWithin = 100 * time.Millisecond
	mostRetries  = 5 // members tried one after another that don't answer
	livelyFor    = 3 * time.Second

	earlyEvery = 200 * time.Millisecond // least time between exchanges that the hashes of a packet lead to
	newsTakes  = 50 * time.Millisecond  // a younger difference of states is news on its way
	livesTake  = 100 * time.Millisecond // a younger difference of views, too
	livesMost  = time.Second            // while many go at once views differ all the time: not for so long
	livesSlack = 10 * time.Millisecond  // the other one, which saw the difference later, must think so as well
	pageEvery  = time.Second            // least time between two full digests, which cost 26 bytes a member
	joinerWait = 50 * time.Millisecond  // before a joiner fetches the state: until then others' rosters are on their way
)

func (x *Exchange) jitter(d time.Duration) time.Duration {
	tenth := int64(d / 10)
	return d - time.Duration(tenth) + time.Duration(x.rng.Int64N(2*tenth))
}

// answered ends the comparison that is under way and sets the time of the next one.
func (x *Exchange) answered(now time.Duration, differs bool) {
	x.asked, x.retries = 0, 0
	every := equalEvery
	if differs || now < x.lively {
		every = unequalEvery
	}
	x.next = now + x.jitter(every)
}

// Next is when Tick has something to do; 0: nothing is due.
func (x *Exchange) Next() time.Duration {
	next := x.next
	if x.asked != 0 {
		next = earlier(next, x.askedAt+answerWithin)
	}
	if x.suspect != 0 {
		next = earlier(next, x.check)
	}
	return next
}

// Tick begins exchanges that are due, and turns to another member when one does not answer.
func (x *Exchange) Tick(now time.Duration) {
	if x.view == nil || x.view.Len() < 2 {
		x.suspect = 0
		return
	}
	if x.asked != 0 && now >= x.askedAt+answerWithin {
		x.silent(now)
	}
	if x.suspect != 0 && now >= x.check {
		x.recheck(now)
	}
	if x.next > 0 && now >= x.next {
		x.next = now + x.jitter(unequalEvery)
		if x.asked == 0 {
			x.begin(now, x.random(0))
		}
	}
}

// silent turns to another member at once: waiting for the next turn would leave a straggler behind for seconds.
func (x *Exchange) silent(now time.Duration) {
	last := x.asked
	x.asked = 0
	if x.retries++; x.retries > mostRetries {
		x.retries = 0
		return
	}
	x.begin(now, x.random(last))
}

// recheck begins an exchange with a member whose packet held other hashes, if they still differ.
func (x *Exchange) recheck(now time.Duration) {
	m, p := x.view.Find(x.suspect), x.peers[x.suspect]
	if m == nil || p == nil || !x.differs(p) {
		x.suspect = 0
		return
	}
	if x.asked != 0 {
		x.check = now + newsTakes
		return
	}
	x.suspect = 0
	x.begin(now, m)
}

// random picks a member other than this one and, if there is a choice, other than last.
func (x *Exchange) random(last uint64) *view.Member {
	n := x.view.Len()
	first := x.rng.IntN(n)
	var m *view.Member
	for i := range n {
		if m = x.view.At((first + i) % n); m.ID != x.self && (m.ID != last || n == 2) {
			break
		}
	}
	return m
}

// begin asks a member for a comparison. A joiner asks for all there is.
func (x *Exchange) begin(now time.Duration, to *view.Member) {
	x.asked, x.askedAt, x.started = to.ID, now, now
	x.host.Send(to, x.recent(now, to))
	if x.joining {
		x.joining = false
		x.sendDigest(now, to)
	}
}
