package detector

import (
	"slices"

	"github.com/grapevine-gossip/grapevine/internal/view"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// court judges by what is known here. It is kept until rumours or view change.
type court struct {
	d         *Detector
	vouchers  map[uint64][]uint64 // by subject
	settled   map[uint64]bool     // by subject, as far as it was asked
	verdicts  []Verdict           // once judged
	convicted map[uint64]bool     // by them; nil: not judged yet
}

func (d *Detector) court() *court {
	if d.sitting == nil {
		d.sitting = &court{d: d, vouchers: map[uint64][]uint64{}, settled: map[uint64]bool{}}
		d.sitting.call()
	}
	return d.sitting
}

// call finds out who vouches for whom.
func (c *court) call() {
	for _, r := range c.d.rumours {
		for _, s := range r.Vouched {
			if author := authorOf(c.d.v, r.Rumour); author != nil && subjectOf(c.d.v, author, s) != nil {
				c.vouchers[s.ID] = append(c.vouchers[s.ID], author.ID)
			}
		}
	}
}

// judge convicts, round by round.
func (c *court) judge() []Verdict {
	if c.convicted == nil {
		c.verdicts = Convicted(c.d.v, c.d.lists(), c.d.self.ID)
		c.convicted = make(map[uint64]bool, len(c.verdicts))
		for _, v := range c.verdicts {
			c.convicted[v.Member.ID] = true
		}
	}
	return c.verdicts
}

// undecided reports whether a list tells anything of somebody in the view who is not convicted.
func (c *court) undecided(r wire.Rumour) bool {
	open := func(s wire.Suspicion) bool { return c.d.inView(s) && !c.settles(s.ID) }
	return slices.ContainsFunc(r.Accused, open) || slices.ContainsFunc(r.Vouched, open)
}

// settles reports whether the first round convicts a member: its end will say so to everybody.
func (c *court) settles(id uint64) bool {
	settled, known := c.settled[id]
	if !known {
		settled = c.d.subjects[id] != nil && id != c.d.self.ID && c.convicts(c.votesOn(c.d.v.Find(id), nil))
		c.settled[id] = settled
	}
	return settled
}

func (c *court) convicts(t *votes) bool {
	_, ok := convict(c.d.v, t, func(id uint64) bool { return c.d.subjects[id] != nil })
	return ok
}

// votesOn are the votes on a member: of the accusers that are known or named, and of those who vouch and don't accuse.
func (c *court) votesOn(m *view.Member, named []uint64) *votes {
	t := &votes{subject: m, accusers: slices.Clone(named)}
	for _, a := range c.d.Accusers(m.ID) {
		t.accusers = append(t.accusers, a.ID)
	}
	slices.Sort(t.accusers)
	t.accusers = slices.Compact(t.accusers)
	for _, id := range c.vouchers[m.ID] {
		if !slices.Contains(t.accusers, id) {
			t.vouchers = append(t.vouchers, id)
		}
	}
	return t
}
