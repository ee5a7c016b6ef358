package antientropy

import (
	"math"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/view"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// endedFor is how long the versions of somebody who ended are compared too, so that last words are repaired.
const endedFor = 10 * time.Minute

// listed is all that a digest tells of: the view, and those that ended lately.
func (x *Exchange) listed(now time.Duration) []wire.Versioned {
	var all []wire.Versioned
	for _, m := range x.st.All() {
		if speaks(m) && (m.InView() || now-m.End.At < endedFor) {
			all = append(all, wire.Versioned{Owner: m.Owner(), Version: m.Space.Max()})
		}
	}
	return all
}

const digestLines = (wire.MaxSection - wire.DigestOverhead) / wire.MaxVersionedSize

// sendDigest sends all versions held, in pages that together cover all ids, so that what is absent is known to be.
func (x *Exchange) sendDigest(now time.Duration, to *view.Member) {
	x.paged = max(now, 1)
	all := x.listed(now)
	pages(all, digestLines, func(v wire.Versioned) uint64 { return v.Owner.ID }, func(page []wire.Versioned, lo, hi uint64) {
		x.host.Send(to, wire.Digest{Lo: lo, Hi: hi, Versions: page})
	})
}

// pages cuts lines that are sorted by id into pages of at most n, whose ranges of ids leave nothing out.
func pages[T any](all []T, n int, id func(T) uint64, send func(page []T, lo, hi uint64)) {
	lo := uint64(0)
	for len(all) > n {
		hi := id(all[n-1])
		send(all[:n], lo, hi)
		all, lo = all[n:], hi+1
	}
	send(all, lo, math.MaxUint64)
}

// receiveDigest pulls what the sender has more of, tells it what it has less of, and asks for the lives of owners that
// are not known here.
func (x *Exchange) receiveDigest(now time.Duration, from *view.Member, d wire.Digest) {
	var newer []wire.Versioned
	var unknown []uint64
	listed := make(map[uint64]wire.Versioned, len(d.Versions))
	for _, v := range d.Versions {
		listed[v.Owner.ID] = v
		m := x.st.Find(v.Owner.ID)
		switch {
		case m == nil || m.Record.Life.Generation < v.Owner.Generation:
			unknown = append(unknown, v.Owner.ID)
			newer = append(newer, v)
		case m.Owner() == v.Owner && m.Space.Max() < v.Version:
			newer = append(newer, v)
		}
	}
	if len(unknown) > 0 {
		x.host.Send(from, wire.Want{IDs: unknown})
	}
	x.offer(now, from, newer)
	if d.Reply {
		return
	}
	var lacks []wire.Versioned
	for _, v := range x.listed(now) {
		theirs, ok := listed[v.Owner.ID]
		inRange := v.Owner.ID >= d.Lo && v.Owner.ID <= d.Hi
		if inRange && (!ok || theirs.Owner == v.Owner && theirs.Version < v.Version || theirs.Owner.Generation < v.Owner.Generation) {
			lacks = append(lacks, v)
		}
	}
	lacks = x.replyByPlace(from, d, lacks)
	if len(lacks) > 0 {
		pages(lacks, digestLines, func(v wire.Versioned) uint64 { return v.Owner.ID }, func(page []wire.Versioned, lo, hi uint64) {
			x.host.Send(from, wire.Digest{Lo: max(lo, d.Lo), Hi: min(hi, d.Hi), Versions: page, Reply: true})
		})
	}
}
