package admission

import (
	"cmp"
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/store"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// contactsPerSecond is how many contacts to absent members and seeds the whole view makes in a second; one member makes
// at most one.
const (
	contactsPerSecond = 5
	recentFailed      = 64
)

// contactWait is the longest time between two looks at the credit.
const contactWait = 10 * time.Second

// earn adds to the credit what came since it was last added to.
func (d *Door) earn(now time.Duration) {
	d.credit += float64(d.earning * (now - d.earnedAt).Seconds())
	d.earnedAt = now
}

// contactIn earns, and tells how long to wait until the credit is worth a contact in a view of the present size: nobody
// wakes once a second only to count.
func (d *Door) contactIn(now time.Duration) time.Duration {
	d.earn(now)
	d.earning = min(1, contactsPerSecond/float64(d.st.View().Len()))
	wait := time.Duration(float64(max(1-d.credit, 0)/d.earning) * float64(time.Second))
	return min(max(wait, contactEvery-contactEvery/10), contactWait) + time.Duration(d.rng.Int64N(int64(contactEvery/5)))
}

// tickContact tells somebody who failed, or a seed that nobody in the view has, of this view: so partitions of any
// length heal by themselves.
func (d *Door) tickContact(now time.Duration) {
	if now < d.nextContact {
		return
	}
	d.earn(now)
	defer func() { d.nextContact = now + d.contactIn(now) }()
	if d.Out() || d.credit < 1 {
		return
	}
	d.credit = min(d.credit-1, 1)
	failed := d.failed()
	var absent []netip.AddrPort
	if d.seek == nil && d.attempt == nil { // else they are being asked anyhow
		absent = d.absentSeeds()
	}
	d.contacts++
	if len(absent) > 0 && (d.contacts%4 == 0 || len(failed) == 0) {
		d.sendNotice(now, absent[d.rng.IntN(len(absent))], nil)
		if d.contacts%4 == 0 {
			return
		}
	}
	if len(failed) == 0 {
		return
	}
	var m *store.Member
	if d.contacts%4 == 3 {
		m = d.anyTurn.next(d.rng, failed)
	} else {
		m = d.recentTurn.next(d.rng, failed[:min(len(failed), recentFailed)])
	}
	d.sendNotice(now, m.Record.Addr, m)
}

// rota is whose turn is still to come. All are contacted once in a round, in an order that is drawn for each: with each
// drawn anew from all, one that few know of could wait for very long.
type rota []uint64

func (r *rota) next(rng *rand.Rand, pool []*store.Member) *store.Member {
	for {
		if len(*r) == 0 {
			for _, m := range pool {
				*r = append(*r, m.ID)
			}
			rng.Shuffle(len(*r), func(i, j int) { (*r)[i], (*r)[j] = (*r)[j], (*r)[i] })
		}
		last := len(*r) - 1
		id := (*r)[last]
		*r = (*r)[:last]
		if i := slices.IndexFunc(pool, func(m *store.Member) bool { return m.ID == id }); i >= 0 {
			return pool[i]
		}
	}
}

// failed lists the failed, the latest first.
func (d *Door) failed() []*store.Member {
	var out []*store.Member
	for _, m := range d.st.All() {
		if !m.InView() && m.End.Cause == wire.Failed && m.ID != d.self {
			out = append(out, m)
		}
	}
	slices.SortStableFunc(out, func(a, b *store.Member) int { return cmp.Compare(b.End.At, a.End.At) })
	return out
}

// absentSeeds lists the seed addresses that are in nobody's hands in this view.
func (d *Door) absentSeeds() []netip.AddrPort {
	seeds := d.foreignSeeds()
	if len(seeds) == 0 {
		return nil
	}
	held := make(map[netip.AddrPort]bool, d.st.View().Len())
	for _, m := range d.st.View().All() {
		held[m.Addr] = true
	}
	return slices.DeleteFunc(seeds, func(a netip.AddrPort) bool { return held[a] })
}
