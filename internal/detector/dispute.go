package detector

import (
	"slices"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// disputeFor is the age from which on an end is believed: nobody is kept in for longer.
const disputeFor = 3 * time.Second

// Disputes reports whether the end of a member of the view, written by others, is set aside for now. Where a part of the
// members hear nobody of the rest but are heard, they convict the rest, and their ends would come to the rest before
// they are ended themselves. So an end is weighed as the accusations that it names, and not believed if together with what
// is known here they would not convict. It is neither merged nor passed on then; anti-entropy offers it again.
func (d *Detector) Disputes(now time.Duration, end wire.End) bool {
	m := d.v.Find(wire.ID(end.Name))
	if m == nil || m.Life != end.Life || end.Cause != wire.Failed || end.Age >= disputeFor || d.out {
		return false
	}
	e := d.edge(m.ID)
	if e != nil && e.accused != nil {
		return false
	}
	heard := e != nil && e.ever && now-e.answered < forgiven // no accusation is so quick
	if !heard && d.vouching == 0 && d.unaccused(end.Accusers) >= quorum {
		return false // as nearly always
	}
	c := d.court()
	if c.judge(); c.convicted[m.ID] {
		return false
	}
	t := c.votesOn(m, end.Accusers)
	if heard {
		t.vouchers = append(t.vouchers, d.self.ID)
	}
	silenced := func(id uint64) bool { return c.convicted[id] || d.v.Find(id) == nil }
	t.accusers = slices.DeleteFunc(t.accusers, silenced)
	if t.vouchers = slices.DeleteFunc(t.vouchers, silenced); len(t.vouchers) == 0 {
		return len(t.accusers) < quorum
	}
	return !c.convicts(t)
}

// unaccused counts those of these who are in the view and whom nobody accuses.
func (d *Detector) unaccused(ids []uint64) int {
	n := 0
	for _, id := range ids {
		if d.subjects[id] == nil && d.v.Find(id) != nil {
			n++
		}
	}
	return n
}
