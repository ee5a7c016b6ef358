package detector

import (
	"slices"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/view"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

const (
	disputeFor  = 3 * time.Second        // an end so old is believed: nobody is kept for longer
	heardLately = 700 * time.Millisecond // an answer so fresh speaks for a member: no accusation is so quick
)

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
	heard := e != nil && e.ever && now-e.answered < heardLately
	if !heard && d.vouching == 0 && d.unaccused(end.Accusers) >= quorum {
		return false // as nearly always
	}
	if d.judgement()[m.ID] {
		return false
	}
	t := d.votesOn(m, end.Accusers, heard)
	if len(t.vouchers) == 0 {
		return len(t.accusers) < quorum
	}
	return verdict(d.v, t, func(id uint64) bool { return d.subjects[id] != nil }).accusers == nil
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

// votesOn are the votes on a member by those whom the rumours known here do not convict: accusers that are named or known,
// vouchers, and this member if it hears it.
func (d *Detector) votesOn(m *view.Member, named []uint64, heard bool) *votes {
	t := &votes{subject: m, accusers: slices.Clone(named), vouchers: slices.Clone(d.court().vouchers[m.ID])}
	for _, a := range d.Accusers(m.ID) {
		t.accusers = append(t.accusers, a.ID)
	}
	if heard {
		t.vouchers = append(t.vouchers, d.self.ID)
	}
	convicted := d.judgement()
	silenced := func(id uint64) bool { return convicted[id] || d.v.Find(id) == nil }
	slices.Sort(t.accusers)
	t.accusers = slices.DeleteFunc(slices.Compact(t.accusers), silenced)
	t.vouchers = slices.DeleteFunc(t.vouchers, func(id uint64) bool { return silenced(id) || slices.Contains(t.accusers, id) })
	return t
}

// judgement is whom the rumours known here convict.
func (d *Detector) judgement() map[uint64]bool {
	if d.judged == nil {
		d.judged = map[uint64]bool{}
		for _, v := range Convicted(d.v, d.lists(), d.self.ID) {
			d.judged[v.Member.ID] = true
		}
	}
	return d.judged
}
