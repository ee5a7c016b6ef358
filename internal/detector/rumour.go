package detector

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/view"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

const (
	firstEvery  = time.Second // an unchanged list is repeated after 1, 2, 4, 8, 8 .. s
	lastEvery   = 8 * time.Second
	emptySends  = 3 // an emptied list is sent so often, then no more
	keepRepeats = 3 // a list is dropped after so many intervals without a word
	maxAccused  = 64
	maxVouched  = 16 // 64 accusations, 16 vouches and the head are at most 1080 bytes: one section

	judgeQuiet = 200 * time.Millisecond // the view is judged when rumours did not change for so long
	judgeLate  = time.Second            // and at most so long after the first change
	calm       = 2 * time.Second        // a loss so long ago is no sign of another
)

// rumour is the newest list of one author.
type rumour struct {
	wire.Rumour
	expires  time.Duration // 0: never, for this member's own
	givers   []uint64      // who told it here while it waited to be passed on
	passAt   time.Duration // when it is to be passed on; 0: not any more
	quick    bool          // whatever is settled meanwhile
	retracts bool          // the list before it says more of somebody in the view
}

// ownList is what this member says itself.
type ownList struct {
	seq       uint64
	tellAt    time.Duration // when it is to be written anew; 0: it says what there is to say
	changedAt time.Duration
	every     time.Duration
	repeatAt  time.Duration // 0: never
	empties   int           // sends of an emptied list
}

// subject is somebody whose accusations count, by author.
type subject struct {
	accusers []voice // sorted by id
}

type voice struct {
	id   uint64
	grey bool
}

func (s *subject) find(id uint64) (int, bool) {
	return slices.BinarySearchFunc(s.accusers, id, func(v voice, id uint64) int { return cmp.Compare(v.id, id) })
}

func (s *subject) accusedByOthers(self uint64) bool {
	return slices.ContainsFunc(s.accusers, func(v voice) bool { return v.id != self })
}

// ownChanged notes that this member has something else to say.
func (d *Detector) ownChanged(now time.Duration) { d.tellWithin(now, batch) }

func (d *Detector) tellWithin(now, wait time.Duration) {
	d.own.tellAt = sooner(d.own.tellAt, now+wait)
	d.flushAt = sooner(d.flushAt, d.own.tellAt)
}

// receiveRumour takes a newer list of an author of the view, and passes it on.
func (d *Detector) receiveRumour(now time.Duration, from *view.Member, r wire.Rumour) {
	if r.Author.ID == d.self.ID || authorOf(d.v, r) == nil {
		return
	}
	old := d.rumours[r.Author.ID]
	if old != nil && old.Author == r.Author && r.Seq <= old.Seq {
		if r.Seq == old.Seq && old.passAt > 0 && !slices.Contains(old.givers, from.ID) {
			old.givers = append(old.givers, from.ID)
		}
		return
	}
	r.Accused, r.Vouched = sorted(r.Accused), sorted(r.Vouched)
	every := min(max(r.Every, firstEvery), lastEvery)
	fresh := &rumour{Rumour: r, expires: now + keepRepeats*every, givers: []uint64{from.ID}, retracts: old != nil && d.retracts(old.Rumour, r)}
	if d.says(r) || old != nil && d.says(old.Rumour) {
		d.passOn(now, fresh)
	}
	d.store(now, fresh)
	d.expireAt = sooner(d.expireAt, now+keepRepeats*every)
}

// says reports whether a list says anything of anybody in the view. One that does not, and did not before, is not passed on:
// after a mass fault hundreds of authors empty their lists, when all whom they named are gone.
func (d *Detector) says(r wire.Rumour) bool {
	return r.Rolling || slices.ContainsFunc(r.Accused, d.inView) || slices.ContainsFunc(r.Vouched, d.inView)
}

// sorted gives a copy in the order of ids, without repetition.
func sorted(list []wire.Suspicion) []wire.Suspicion {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b wire.Suspicion) int { return cmp.Compare(a.ID, b.ID) })
	return slices.CompactFunc(list, func(a, b wire.Suspicion) bool { return a.ID == b.ID })
}

// store puts a list in the place of its author's former one.
func (d *Detector) store(now time.Duration, r *rumour) {
	id := r.Author.ID
	var before wire.Rumour
	if old := d.rumours[id]; old != nil {
		before = old.Rumour
	}
	d.keep(id, r)
	d.compare(now, id, before, r.Rumour)
}

// keep is where lists are put, and with nil are dropped: those that vouch are counted.
func (d *Detector) keep(id uint64, r *rumour) {
	if old := d.rumours[id]; old != nil && len(old.Vouched) > 0 {
		d.vouching--
	}
	if r == nil {
		delete(d.rumours, id)
		return
	}
	if len(r.Vouched) > 0 {
		d.vouching++
	}
	d.rumours[id] = r
}

// compare carries the difference of two lists of one author to their subjects.
func (d *Detector) compare(now time.Duration, author uint64, before, after wire.Rumour) {
	if slices.Equal(before.Accused, after.Accused) && slices.Equal(before.Vouched, after.Vouched) {
		return
	}
	for _, s := range before.Accused {
		if !slices.Contains(after.Accused, s) {
			d.unaccuse(now, author, s.ID)
		}
	}
	heard := false
	for _, s := range after.Accused {
		if !slices.Contains(before.Accused, s) {
			heard = d.countAccusation(now, author, s) || heard
		}
	}
	if heard {
		d.alarm(now)
	}
	d.rejudge(now)
}

// countAccusation enters an accusation if it counts, and reports whether it is new.
func (d *Detector) countAccusation(now time.Duration, author uint64, s wire.Suspicion) bool {
	m := d.v.Find(s.ID)
	if m == nil || m.Tag != s.Tag || author == s.ID {
		return false
	}
	sub := d.subjects[s.ID]
	first := sub == nil
	if first {
		sub = &subject{}
		d.subjects[s.ID] = sub
	}
	i, ok := sub.find(author)
	if ok {
		sub.accusers[i].grey = s.Grey
		return false
	}
	sub.accusers = slices.Insert(sub.accusers, i, voice{author, s.Grey})
	if author != d.self.ID {
		d.suspectedByOthers(now, s.ID, true, s.Grey)
	}
	if first {
		d.host.Suspected(now, m, d.Accusers(s.ID))
	}
	return true
}

// unaccuse takes an accusation out.
func (d *Detector) unaccuse(now time.Duration, author, id uint64) {
	sub := d.subjects[id]
	if sub == nil {
		return
	}
	i, ok := sub.find(author)
	if !ok {
		return
	}
	sub.accusers = slices.Delete(sub.accusers, i, i+1)
	if !sub.accusedByOthers(d.self.ID) {
		d.suspectedByOthers(now, id, false, false)
	}
	if len(sub.accusers) > 0 {
		return
	}
	delete(d.subjects, id)
	if m := d.v.Find(id); m != nil {
		d.host.Cleared(now, m)
	}
}

// updateRumours follows the view: lists of authors that are gone are dropped, accusations count or no longer do.
func (d *Detector) updateRumours(now time.Duration) {
	if len(d.rumours) == 0 && len(d.subjects) == 0 {
		return
	}
	authors := slices.Sorted(maps.Keys(d.rumours))
	for _, id := range slices.Sorted(maps.Keys(d.subjects)) {
		m := d.v.Find(id)
		for _, v := range slices.Clone(d.subjects[id].accusers) {
			r := d.rumours[v.id]
			if m == nil || authorOf(d.v, r.Rumour) == nil || !slices.ContainsFunc(r.Accused, func(s wire.Suspicion) bool {
				return s.ID == id && s.Tag == m.Tag
			}) {
				d.unaccuse(now, v.id, id)
			}
		}
	}
	for _, id := range authors {
		r := d.rumours[id]
		if authorOf(d.v, r.Rumour) == nil {
			d.keep(id, nil)
			continue
		}
		for _, s := range r.Accused {
			d.countAccusation(now, id, s)
		}
	}
	d.rejudge(now)
}

// tickRumours drops what is out of date, repeats this member's own list and passes on what is new.
func (d *Detector) tickRumours(now time.Duration) {
	if d.expireAt > 0 && now >= d.expireAt {
		d.expire(now)
	}
	if d.own.repeatAt > 0 && now >= d.own.repeatAt {
		d.repeat(now)
	}
	if d.flushAt > 0 && now >= d.flushAt {
		d.flush(now)
	}
}

func (d *Detector) expire(now time.Duration) {
	d.expireAt = 0
	for _, id := range slices.Sorted(maps.Keys(d.rumours)) {
		r := d.rumours[id]
		switch {
		case r.expires == 0:
		case now >= r.expires:
			d.keep(id, nil)
			d.compare(now, id, r.Rumour, wire.Rumour{})
		default:
			d.expireAt = sooner(d.expireAt, r.expires)
		}
	}
}

// write makes this member's own list from what its edges say. What does not fit into one section waits: others will
// accuse the rest.
func (d *Detector) write() wire.Rumour {
	r := wire.Rumour{Author: wire.RefOf(d.self.ID, d.self.Life), Rolling: d.roll.running}
	for _, watched := range [2]bool{true, false} {
		for _, e := range d.edges {
			s := wire.Suspicion{ID: e.m.ID, Tag: e.m.Tag}
			if e.watched != watched {
				continue
			}
			if e.accused != nil && len(r.Accused) < maxAccused {
				s.Grey = e.accused.grey
				r.Accused = append(r.Accused, s)
			}
			if e.vouching && len(r.Vouched) < maxVouched {
				r.Vouched = append(r.Vouched, s)
			}
		}
	}
	r.Accused, r.Vouched = sorted(r.Accused), sorted(r.Vouched)
	return r
}

// publish replaces this member's own list if it says something else than before.
func (d *Detector) publish(now time.Duration) {
	d.own.tellAt = 0
	r := d.write()
	old := d.rumours[d.self.ID]
	switch {
	case old == nil && len(r.Accused)+len(r.Vouched) == 0 && !r.Rolling:
		return
	case old != nil && r.Rolling == old.Rolling && slices.Equal(r.Accused, old.Accused) && slices.Equal(r.Vouched, old.Vouched):
		return
	}
	d.own.changedAt, d.own.every, d.own.empties = now, firstEvery, 0
	d.say(now, r)
}

// say sends this member's own list under a new number.
func (d *Detector) say(now time.Duration, r wire.Rumour) {
	d.own.seq++
	r.Seq, r.Every = d.own.seq, d.own.every
	d.own.repeatAt = now + d.own.every
	if len(r.Accused)+len(r.Vouched) == 0 && !r.Rolling {
		if d.own.empties++; d.own.empties == emptySends {
			d.own.repeatAt = 0
		}
	}
	d.store(now, &rumour{Rumour: r, passAt: now, quick: true})
	d.flushAt = sooner(d.flushAt, now)
}

// repeat says again what did not change.
func (d *Detector) repeat(now time.Duration) {
	d.own.repeatAt = 0
	if r := d.rumours[d.self.ID]; r != nil {
		d.own.every = min(2*d.own.every, lastEvery)
		d.say(now, r.Rumour)
	}
}

// rejudge asks for a judgement: soon after the last change of rumours, not too long after the first, and at once where
// nothing can be added.
func (d *Detector) rejudge(now time.Duration) {
	if d.changed == 0 {
		d.changed = now
	}
	quiet := judgeQuiet
	if d.plain(now) {
		quiet = 0
	}
	d.evalAt = max(now, min(now+quiet, d.changed+judgeLate)) // who is late has put it off
	d.sitting = nil
}

// plain reports whether a single member is accused, by all its watchers, and nobody else seems to be going.
func (d *Detector) plain(now time.Duration) bool {
	if d.vouching > 0 || d.shrank > 0 && now-d.shrank < calm {
		return false
	}
	for id, s := range d.subjects {
		silent := func(w *view.Member) bool {
			_, accuses := s.find(w.ID)
			return !accuses
		}
		return !d.othersToo(id) && !slices.ContainsFunc(d.v.Neighbors(id), silent)
	}
	return false
}

// tickJudge convicts. Who is late, rejoining or leaving judges when that is over.
func (d *Detector) tickJudge(now time.Duration) {
	if d.evalAt == 0 || now < d.evalAt {
		return
	}
	d.evalAt, d.changed = 0, 0
	switch {
	case d.out || len(d.subjects) == 0:
		return
	case d.Late(now):
		d.evalAt = d.lateUntil
		return
	}
	if verdicts := d.court().judge(); len(verdicts) > 0 {
		d.counts.convictions += uint64(len(verdicts))
		d.host.Convict(now, verdicts)
	}
}
