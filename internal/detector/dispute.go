package detector

import (
	"time"

	"github.com/grapevine-gossip/grapevine/internal/wire"
)

const (
	disputeFor  = 3 * time.Second        // an end so old is believed: nobody is kept for longer
	heardLately = 700 * time.Millisecond // an answer so fresh speaks against an end: no accusation is so quick
)

// Disputes reports whether the end of a member of the view, written by others, is set aside for now. Where a part of the
// members hear nobody of the rest but are heard, they convict the rest, and their ends would come to the rest before
// they are ended themselves. So an end is not believed of whom one hears, or for whom a member vouches; nor one by
// accusers that are convicted here. It is neither merged nor passed on; anti-entropy offers it again.
func (d *Detector) Disputes(now time.Duration, end wire.End) bool {
	id := wire.ID(end.Name)
	m, e := d.v.Find(id), d.edge(id)
	if m == nil || m.Life != end.Life || end.Cause != wire.Failed || end.Age >= disputeFor || d.out || e != nil && e.accused != nil {
		return false
	}
	heard := e != nil && e.ever && now-e.answered < heardLately
	unaccused := func(id uint64) bool { return d.subjects[id] == nil }
	if !heard && d.vouching == 0 && d.countIn(end.Accusers, unaccused) >= quorum {
		return false // as nearly always
	}
	convicted := d.judgement()
	if convicted[id] {
		return false
	}
	innocent := func(id uint64) bool { return !convicted[id] }
	return heard || d.countIn(end.Accusers, innocent) < quorum || d.countIn(d.court().vouchers[id], innocent) > 0
}

// countIn counts those of these who are in the view and such.
func (d *Detector) countIn(ids []uint64, such func(id uint64) bool) int {
	n := 0
	for _, id := range ids {
		if d.v.Find(id) != nil && such(id) {
			n++
		}
	}
	return n
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
