package antientropy

import (
	"slices"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/store"
	"github.com/grapevine-gossip/grapevine/internal/view"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

const (
	lifeLines = (wire.MaxSection - wire.DigestOverhead) / wire.LifeTagSize
	wantLines = (wire.MaxSection - wire.MaxListOverhead) / 8
)

// sendLifeDigest sends the lives of the view in pages that together cover all ids.
func (x *Exchange) sendLifeDigest(to *view.Member) {
	var all []wire.LifeTag
	for _, m := range x.st.View().All() {
		all = append(all, wire.LifeTag{ID: m.ID, Tag: m.Tag})
	}
	pages(all, lifeLines, func(t wire.LifeTag) uint64 { return t.ID }, func(page []wire.LifeTag, lo, hi uint64) {
		x.host.Send(to, wire.LifeDigest{Lo: lo, Hi: hi, Members: page})
	})
}

// receiveLifeDigest answers each difference with this member's own record or end, and asks for the other's where that
// may be the newer one.
func (x *Exchange) receiveLifeDigest(now time.Duration, from *view.Member, d wire.LifeDigest) {
	var answer bundle
	var want []uint64
	listed := make(map[uint64]bool, len(d.Members))
	for _, t := range d.Members {
		listed[t.ID] = true
		m := x.st.Find(t.ID)
		switch {
		case m == nil:
			want = append(want, t.ID)
		case m.InView() && m.View().Tag == t.Tag:
		case !m.InView() && wire.Tag(m.ID, m.End.Life) == t.Tag:
			answer.ends = append(answer.ends, m)
		default:
			answer.add(m)
			want = append(want, t.ID)
		}
	}
	for _, m := range x.st.View().All() {
		if m.ID >= d.Lo && m.ID <= d.Hi && !listed[m.ID] {
			answer.add(x.st.Find(m.ID))
		}
	}
	x.sendBundle(now, from, answer)
	for page := range slices.Chunk(want, wantLines) {
		x.host.Send(from, wire.Want{IDs: page})
	}
}

// receiveWant gives the life, and the end if there is one, of each id.
func (x *Exchange) receiveWant(now time.Duration, from *view.Member, w wire.Want) {
	var answer bundle
	for _, id := range w.IDs {
		if m := x.st.Find(id); m != nil {
			answer.add(m)
		}
	}
	x.sendBundle(now, from, answer)
}

// bundle is what is told of some members' membership.
type bundle struct {
	lives []*store.Member // in the view
	ends  []*store.Member // only the end is told
	over  []*store.Member // life and end
}

func (b *bundle) add(m *store.Member) {
	if m.InView() {
		b.lives = append(b.lives, m)
	} else {
		b.over = append(b.over, m)
	}
}

func (x *Exchange) sendBundle(now time.Duration, to *view.Member, b bundle) {
	// An end goes before its life, and as near to it as can be: alone, the life would bring the dead back into the view
	// until the end arrives.
	for _, m := range b.over {
		x.host.Send(to, wire.Ends{Ends: []wire.End{aged(now, m)}})
		x.host.Send(to, wire.Lives{Records: []wire.Record{m.Record}})
	}
	sections(b.ends, func(m *store.Member) int { return wire.EndSize(m.End.End) }, func(page []*store.Member) {
		var e wire.Ends
		for _, m := range page {
			e.Ends = append(e.Ends, aged(now, m))
		}
		x.host.Send(to, e)
	})
	sections(b.lives, func(m *store.Member) int { return wire.RecordSize(m.Record) }, func(page []*store.Member) {
		var l wire.Lives
		for _, m := range page {
			l.Records = append(l.Records, m.Record)
		}
		x.host.Send(to, l)
	})
}

// aged is a member's end with the age it has by now.
func aged(now time.Duration, m *store.Member) wire.End {
	e := m.End.End
	e.Age = min(max(now-m.End.At, 0), wire.MaxDuration)
	return e
}

// sections cuts a list into runs that fit into a datagram each.
func sections(all []*store.Member, size func(*store.Member) int, send func([]*store.Member)) {
	first, bytes := 0, wire.MaxListOverhead
	for i, m := range all {
		n := size(m)
		if bytes+n > wire.MaxSection && i > first {
			send(all[first:i])
			first, bytes = i, wire.MaxListOverhead
		}
		bytes += n
	}
	if first < len(all) {
		send(all[first:])
	}
}
