package detector

import (
	"slices"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/view"
)

const (
	rollEdges   = 2                      // watched members silent, at least, and a third of them
	rollRecent  = 3 * time.Second        // an accusation so young counts as silence
	rollMost    = 256                    // members called
	rollSpacing = 105 * time.Millisecond // between two tries of one member
	rollPace    = time.Second            // for all of them
	rollPublish = 300 * time.Millisecond
	rollLongest = 4 * time.Second
	rollRest    = time.Second // between two rolls
	rollEnough  = 4           // accusers of a member whom this one need not try
)

// roll is one call of the whole view: a mass crash, or the small side of a partition, is settled in one step, not in
// rounds of new neighbours.
type roll struct {
	running   bool
	began     time.Duration
	ended     time.Duration
	heard     bool // somebody answered since it began
	calls     []*call
	nextAt    time.Duration
	publishAt time.Duration
}

// call is the calling of one member.
type call struct {
	m        *view.Member
	left     int // tries
	nextAt   time.Duration
	answered bool
	silent   bool
	done     bool
}

func (r *roll) next() time.Duration {
	if !r.running {
		return 0
	}
	return r.nextAt
}

// answered notes that a member lives.
func (r *roll) answered(id uint64) {
	if !r.running {
		return
	}
	r.heard = true
	for _, c := range r.calls {
		if c.m.ID == id {
			c.answered = true
		}
	}
}

// keep strikes off whom the view does not hold any more, and who has another address: it was called at the former one, and
// lives.
func (r *roll) keep(v *view.View) {
	r.calls = slices.DeleteFunc(r.calls, func(c *call) bool {
		m := v.Find(c.m.ID)
		return m == nil || m.Tag != c.m.Tag || m.Addr != c.m.Addr
	})
}

func (d *Detector) tickRoll(now time.Duration) {
	r := &d.roll
	if !r.running {
		if d.massFault(now) {
			d.startRoll(now)
		}
		return
	}
	if d.idle(now) {
		d.roll = roll{ended: now}
		return
	}
	if now < r.nextAt {
		return
	}
	busy := false
	r.nextAt = r.publishAt
	for _, c := range r.calls {
		if !c.done && now >= c.nextAt {
			d.tryCall(now, c)
		}
		if !c.done {
			busy = true
			r.nextAt = min(r.nextAt, c.nextAt)
		}
	}
	over := !busy || now-r.began >= rollLongest
	if over || now >= r.publishAt {
		d.accuseSilent(now)
		r.publishAt = now + rollPublish
		r.nextAt = max(r.nextAt, now+1)
	}
	if over {
		d.roll = roll{ended: now}
		d.ownChanged(now)
	}
}

// massFault reports whether a third of the watched members fell silent together.
func (d *Detector) massFault(now time.Duration) bool {
	everybody := len(d.near) >= d.v.Len()-1 // is watched already: nobody is left to call
	if everybody || d.idle(now) || d.roll.ended > 0 && now-d.roll.ended < rollRest {
		return false
	}
	watched, silent := 0, 0
	for _, e := range d.edges {
		if !e.watched {
			continue
		}
		watched++
		switch {
		case e.accused != nil && !e.accused.grey && now-e.accused.at < rollRecent:
			silent++
		case e.burst != nil && 2*d.misses(now, e) >= d.needed(e, e.burst.began):
			silent++
		}
	}
	return silent >= rollEdges && 3*silent >= watched
}

// startRoll calls all of a small view, a random part of a large one, in random order.
func (d *Detector) startRoll(now time.Duration) {
	var whom []*view.Member
	for _, m := range d.v.All() {
		if e := d.edge(m.ID); m.ID != d.self.ID && (e == nil || !e.watched) {
			whom = append(whom, m)
		}
	}
	d.rng.Shuffle(len(whom), func(i, j int) { whom[i], whom[j] = whom[j], whom[i] })
	whom = whom[:min(len(whom), rollMost)]
	tries := max((d.neededNow()+1)/2, 2)
	pace := max(rollPace-time.Duration(tries)*rollSpacing, rollPace/4)
	r := roll{running: true, began: now, ended: d.roll.ended, nextAt: now + 1, publishAt: now + rollPublish}
	for i, m := range whom {
		r.calls = append(r.calls, &call{m: m, left: tries, nextAt: now + 1 + pace*time.Duration(i)/time.Duration(len(whom))})
	}
	d.roll = r
	d.ownChanged(now)
}

// neededNow is how many unanswered probes would accuse in the longest running burst.
func (d *Detector) neededNow() int {
	n := 0
	for _, e := range d.edges {
		if e.burst != nil {
			n = max(n, d.needed(e, e.burst.began))
		} else if e.accused != nil {
			n = max(n, d.needed(e, e.accused.at-forgiven))
		}
	}
	return n
}

// tryCall sends the next try of a call, or closes it.
func (d *Detector) tryCall(now time.Duration, c *call) {
	if s := d.subjects[c.m.ID]; c.answered || s != nil && len(s.accusers) >= rollEnough {
		c.done = true
		return
	}
	if c.left == 0 {
		c.done, c.silent = true, true
		return
	}
	c.left--
	d.probe(now, c.m, calling)
	c.nextAt = now + rollSpacing
	if c.left == 0 {
		c.nextAt = now + max(rollSpacing, d.patience(nil))
	}
}

// accuseSilent accuses whoever answered no try, as many as a rumour holds. While nobody at all answered, the silence
// may be this member's own.
func (d *Detector) accuseSilent(now time.Duration) {
	if !d.roll.heard {
		return
	}
	mine := 0
	for _, e := range d.edges {
		if e.accused != nil {
			mine++
		}
	}
	for _, c := range d.roll.calls {
		if !c.silent || c.answered || mine >= maxAccused {
			continue
		}
		c.silent = false
		mine++
		if e := d.addEdge(c.m); e.accused == nil {
			d.accuse(now, e, d.phi/2, false) // half as many tries as accuse otherwise, by many more members
		}
	}
}
