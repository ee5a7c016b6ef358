package detector

import (
	"time"

	"github.com/grapevine-gossip/grapevine/internal/view"
)

const (
	askAfter     = time.Second            // without an answer, if a probe was missed
	askEvery     = 250 * time.Millisecond // then so often
	askMembers   = 2                      // random members
	isolateAfter = 3 * time.Second        // since the first unanswered probe
	isolateAsked = 6                      // rounds of asking at least
)

// isolation is the time without any answer.
type isolation struct {
	since  time.Duration // when the first probe without an answer since was sent; 0: answers come
	rounds int
	nextAt time.Duration
}

func (i *isolation) reset() { *i = isolation{} }

// Entered tells that the view is another one: that nobody of the former answered says nothing of those in this.
func (d *Detector) Entered() {
	d.known = false
	d.isolated.reset()
}

// missedAny notes a miss, whoever it was.
func (d *Detector) missedAny(now time.Duration, p probe) {
	if i := &d.isolated; i.since == 0 && p.sent >= d.answered && d.v.Len() > 1 {
		i.since = p.sent
		i.nextAt = max(now, d.answered+askAfter)
	}
}

// tickIsolation asks random members while nobody answers, and when nobody did for long ends all others: this member is
// an island, and will join the others when it hears of them.
func (d *Detector) tickIsolation(now time.Duration) {
	i := &d.isolated
	if i.since == 0 || now < i.nextAt {
		return
	}
	if i.rounds >= isolateAsked && now-i.since >= isolateAfter && !d.idle(now) {
		i.reset()
		d.convictAll(now)
		return
	}
	i.rounds++
	i.nextAt = now + askEvery
	var first uint64
	for range min(askMembers, d.v.Len()-1) {
		if m := d.random(func(m *view.Member) bool { return m.ID != first }); m != nil {
			first = m.ID
			d.probe(now, m, asking)
		}
	}
}

func (d *Detector) convictAll(now time.Duration) {
	var all []Verdict
	for _, m := range d.v.All() {
		if m.ID != d.self.ID {
			all = append(all, Verdict{Member: m})
		}
	}
	d.counts.convictions += uint64(len(all))
	d.host.Convict(now, all)
}

func (d *Detector) nextIsolation() time.Duration {
	if d.isolated.since == 0 {
		return 0
	}
	return d.isolated.nextAt
}
