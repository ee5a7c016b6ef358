package detector

import (
	"maps"
	"slices"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/view"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// A list is told at once to this member's neighbours and to the other watchers of whom it names: they settle the matter.
// Everybody passes on the lists of others at once too, while they are few: so all judge alike, at the same time. When many
// go together each of hundreds of lists would come to everybody from every neighbour; then the others wait a while, and
// what was settled meanwhile is told by the ends alone.
const (
	batch    = 50 * time.Millisecond  // changes of rumours travel together
	quickFor = time.Second            // within which Config.Quick lists of others, and all that vouch, are passed on at once
	hesitate = 300 * time.Millisecond // the rest after so long
	slack    = 100 * time.Millisecond // or sooner by so much, together with others
	urgent   = 5 * time.Second
	urgentTo = 4 // while the own list changed lately, so many members heard last get the news too: all neighbours may be dead
)

// quick counts the lists passed on at once since a time.
type quick struct {
	since time.Duration
	lists int
}

// passOn has a list of another member passed on.
func (d *Detector) passOn(now time.Duration, r *rumour) {
	if now-d.quick.since >= quickFor {
		d.quick = quick{since: now}
	}
	d.quick.lists++
	if r.quick = d.quick.lists <= d.most || slices.ContainsFunc(r.Vouched, d.inView); r.quick {
		r.passAt = now
		d.flushAt = sooner(d.flushAt, now+batch)
		return
	}
	r.passAt = now + hesitate
	d.flushAt = sooner(d.flushAt, r.passAt)
}

// flush tells what is due: this member's own list if it changed, and those of others.
func (d *Detector) flush(now time.Duration) {
	if d.own.tellAt > 0 && now >= d.own.tellAt {
		d.publish(now)
	}
	d.flushAt = d.own.tellAt
	due := d.due(now)
	if len(due) == 0 {
		return
	}
	to := d.near
	if d.own.changedAt > 0 && now-d.own.changedAt < urgent {
		to = slices.Concat(to, d.heard.last(urgentTo, func(m *view.Member) bool { return !among(to, m.ID) }))
	}
	for _, r := range due {
		whom := to
		if r.Author.ID == d.self.ID {
			whom = d.withWatchers(to, r.Rumour)
		}
		for _, m := range whom {
			if m.ID != r.Author.ID && !slices.Contains(r.givers, m.ID) {
				d.host.Send(m, r.Rumour)
			}
		}
		r.givers = nil
	}
}

// due takes out what is to be passed on by now, and sets the time of the rest.
func (d *Detector) due(now time.Duration) []*rumour {
	var due []*rumour
	var c *court
	for _, id := range slices.Sorted(maps.Keys(d.rumours)) {
		r := d.rumours[id]
		switch {
		case r.passAt == 0:
			continue
		case r.passAt > now+slack:
			d.flushAt = sooner(d.flushAt, r.passAt)
			continue
		}
		r.passAt = 0
		if c == nil && !r.quick {
			c = d.court()
		}
		if r.quick || r.retracts || c.undecided(r.Rumour) {
			due = append(due, r)
		}
	}
	return due
}

// lists gives all rumours in the order of their authors.
func (d *Detector) lists() []wire.Rumour {
	out := make([]wire.Rumour, 0, len(d.rumours))
	for _, id := range slices.Sorted(maps.Keys(d.rumours)) {
		out = append(out, d.rumours[id].Rumour)
	}
	return out
}

// retracts reports whether before says more of somebody in the view than after.
func (d *Detector) retracts(before, after wire.Rumour) bool {
	return slices.ContainsFunc(before.Accused, func(s wire.Suspicion) bool {
		return d.inView(s) && !slices.Contains(after.Accused, s)
	}) || slices.ContainsFunc(before.Vouched, func(s wire.Suspicion) bool {
		return d.inView(s) && !slices.Contains(after.Vouched, s)
	})
}

// inView reports whether a suspicion is of a member of the view.
func (d *Detector) inView(s wire.Suspicion) bool {
	m := d.v.Find(s.ID)
	return m != nil && m.Tag == s.Tag
}

// withWatchers adds the other watchers of those that this member watches and says something of.
func (d *Detector) withWatchers(to []*view.Member, r wire.Rumour) []*view.Member {
	to = slices.Clone(to)
	for _, s := range slices.Concat(r.Accused, r.Vouched) {
		if !among(d.near, s.ID) {
			continue
		}
		for _, w := range d.v.Neighbors(s.ID) {
			if w.ID != d.self.ID && !among(to, w.ID) && !d.doubted(w) {
				to = append(to, w)
			}
		}
	}
	return to
}

func among(list []*view.Member, id uint64) bool {
	return slices.ContainsFunc(list, func(m *view.Member) bool { return m.ID == id })
}
