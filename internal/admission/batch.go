package admission

import (
	"net/netip"
	"slices"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/roster"
	"github.com/grapevine-gossip/grapevine/internal/view"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// batch is a list of many who came at once, on its way to this member: pushed along the edges as other news it would come
// four times, and change the view with each packet.
type batch struct {
	*roster.Intake
	from *view.Member // who told of it first
}

const (
	batchFrom = 32 // joiners at once
	batchFor  = 2 * time.Second
	maxBatch  = 8
)

// many reports whether so many joiners are told of as a list.
func (d *Door) many(joiners int) bool { return joiners >= batchFrom || d.tree }

// tellOf tells the neighbours, but for one, that there is a list of joiners.
func (d *Door) tellOf(m wire.Admitted, neighbors []*view.Member, but *view.Member) {
	for _, n := range neighbors {
		if but == nil || n.ID != but.ID {
			d.host.Send(n, m)
		}
	}
}

// onBatch hears that many came, tells the other neighbours, and fetches the list.
func (d *Door) onBatch(now time.Duration, from *view.Member, m wire.Admitted) {
	if b := d.batch(m.View); b != nil {
		b.Also(from.Addr)
		return
	}
	if len(d.batches) >= maxBatch || d.rosters.Has(m.View) {
		return
	}
	in := d.rosters.Collect(now, m.View, m.Parts, []netip.AddrPort{from.Addr}, false)
	if in == nil {
		return
	}
	d.batches = append(d.batches, batch{in, from})
	d.tellOf(wire.Admitted{View: m.View, Parts: m.Parts}, d.st.View().Neighbors(d.self), from)
}

func (d *Door) batch(hash uint64) *batch {
	i := slices.IndexFunc(d.batches, func(b batch) bool { return b.View() == hash })
	if i < 0 {
		return nil
	}
	return &d.batches[i]
}

// onBatchPart takes a part of a list, and once that is whole all who are on it.
func (d *Door) onBatchPart(now time.Duration, from netip.AddrPort, m wire.Roster) {
	b := d.batch(m.View)
	if b == nil || !b.Takes(from) {
		return
	}
	b.Part(now, m)
	d.maybeCame(now, *b)
}

// maybeCame takes over a list that is whole, and reports whether it is.
func (d *Door) maybeCame(now time.Duration, b batch) bool {
	members, whole := b.Members()
	if !whole {
		return false
	}
	d.batches = slices.DeleteFunc(d.batches, func(o batch) bool { return o.Intake == b.Intake })
	lives := make([]wire.Record, len(members))
	for i, l := range members {
		lives[i] = l.Record
	}
	d.host.Came(now, b.from, lives)
	return true
}

// tickBatches asks again. What does not come is left to anti-entropy.
func (d *Door) tickBatches(now time.Duration) {
	if len(d.batches) == 0 {
		return
	}
	d.batches = slices.DeleteFunc(d.batches, func(b batch) bool { return now-b.Latest() >= batchFor })
	for _, b := range slices.Clone(d.batches) {
		if !d.maybeCame(now, b) { // it may have come on another way
			b.Tick(now, d.host.Late(now))
		}
	}
}
