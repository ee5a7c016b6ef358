package spread

import (
	"cmp"
	"math/bits"
	"slices"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/store"
	"github.com/grapevine-gossip/grapevine/internal/view"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// Rule gap: packets of one burst overtake each other all the time, so a range that does not connect waits a little
// before what is missing is asked for.
const (
	gapWait   = 3 * time.Millisecond
	maxRanges = 64        // of one owner, and as many entries in parts
	maxHeld   = 256 << 10 // bytes of one owner
	maxAllGap = 8 << 20   // bytes in all
)

// held is a range that came too early.
type held struct {
	delta wire.Delta
	from  uint64
	bulk  bool
	size  int
}

func (s *Spread) receiveDelta(now time.Duration, from *view.Member, d *wire.Delta) {
	status, have := s.standing(d.Owner)
	s.count(d, have)
	if status == useless {
		return
	}
	p := s.pull(d.Owner)
	s.came(now, p, from.ID, wire.DeltaSize(d))
	s.merge(now, from, d, p)
	s.goOn(p)
}

// merge merges a delta, or keeps it until it connects.
func (s *Spread) merge(now time.Duration, from *view.Member, d *wire.Delta, p *pull) {
	status, have := s.standing(d.Owner)
	asked := p != nil && p.from == from.ID || s.stream(from.ID) != nil
	if status == early {
		s.hold(now, from, d, have, asked)
		return
	}
	if e := s.edge(from.ID); e != nil {
		e.has(d.Owner, d.To)
	}
	switch s.st.Apply(now, d, from.ID, asked) {
	case store.Gap:
		s.hold(now, from, d, have, asked)
	case store.Applied:
		if p != nil {
			s.drain(now, p)
			s.progress(now, p)
		}
	}
}

// count counts what came; have is what is held of the namespace.
func (s *Spread) count(d *wire.Delta, have uint64) {
	for _, e := range d.Entries {
		s.counts.Payload += uint64(len(e.Key) + len(e.Value))
		s.countOne(d.Owner, e.Version, have)
	}
}

func (s *Spread) countOne(o wire.Owner, version, have uint64) {
	s.counts.Copies++
	switch {
	case o.ID == s.self:
		s.counts.Known++
		s.counts.Echoes++
	case version <= have:
		s.counts.Known++
	}
}

// hold keeps a range until what is missing before it has come; its sender is asked for that if it does not come soon.
func (s *Spread) hold(now time.Duration, from *view.Member, d *wire.Delta, have uint64, bulk bool) {
	p := s.pull(d.Owner)
	if p == nil {
		if p = s.openPull(now, d.Owner); p == nil {
			return
		}
		p.due = now + s.gap()
		s.wake(p.due)
	}
	p.note(from.ID, d.To)
	size := wire.DeltaSize(d)
	if len(p.ranges) >= maxRanges || !s.keep(p, size) {
		return // it will be asked for with what is missing
	}
	i, found := slices.BinarySearchFunc(p.ranges, d, func(h held, d *wire.Delta) int {
		return cmp.Or(cmp.Compare(h.delta.From, d.From), cmp.Compare(h.delta.To, d.To))
	})
	if found {
		s.release(p, size)
		return
	}
	p.ranges = slices.Insert(p.ranges, i, held{*d, from.ID, bulk, size})
	p.gained = now
	s.expect(now, p, have)
}

// keep takes room in the reorder buffer, if there is any.
func (s *Spread) keep(p *pull, size int) bool {
	if p.bytes+size > maxHeld || s.held+size > maxAllGap {
		return false
	}
	p.bytes += size
	s.held += size
	return true
}

func (s *Spread) release(p *pull, size int) {
	p.bytes -= size
	s.held -= size
}

// drain merges the ranges that connect by now, and forgets parts that came whole from elsewhere.
func (s *Spread) drain(now time.Duration, p *pull) {
	for len(p.ranges) > 0 {
		h := &p.ranges[0]
		if s.st.Apply(now, &h.delta, h.from, h.bulk) == store.Gap {
			break
		}
		s.release(p, h.size)
		p.ranges = p.ranges[1:]
	}
	if space := s.space(p.owner); space != nil && space.Max() > 0 {
		s.forgetParts(p, space.Max())
	}
}

// gap is how long a range may be late.
func (s *Spread) gap() time.Duration { return max(gapWait, min(2*s.late, mostPause)) }

// place is how far a namespace came: whole entries up to a version, and of the one that follows some parts.
type place struct {
	version uint64
	parts   uint64 // as bits
}

// reached is the furthest that came of a namespace, whatever is missing before.
func (p *pull) reached(have uint64) place {
	at := place{version: have}
	if n := len(p.ranges); n > 0 {
		at.version = max(have, p.ranges[n-1].delta.To)
	}
	if n := len(p.parts); n > 0 && p.parts[n-1].From >= at.version {
		x := p.parts[n-1]
		at = place{x.From, 1<<bits.Len64(x.have) - 1}
	}
	return at
}

// end is the version up to which something came, whole or in parts.
func (p *pull) end(have uint64) uint64 {
	for _, h := range p.ranges {
		have = max(have, h.delta.To)
	}
	for _, x := range p.parts {
		have = max(have, x.To)
	}
	return have
}

// missing lists what did not come between after and before.
func (p *pull) missing(after, before place) (holes []wire.Hole) {
	end := after.version
	hole := func(from, to, mask uint64) {
		if from < to {
			holes = append(holes, wire.Hole{Owner: p.owner, From: from, To: to, Mask: mask})
		}
	}
	ranges, parts := p.ranges, p.parts
	for len(ranges)+len(parts) > 0 {
		if len(parts) == 0 || len(ranges) > 0 && ranges[0].delta.From <= parts[0].From {
			d := &ranges[0].delta
			ranges = ranges[1:]
			hole(end, min(d.From, before.version), 0)
			end = max(end, d.To)
			continue
		}
		x := parts[0]
		parts = parts[1:]
		hole(end, min(x.From, before.version), 0)
		lacks := x.all() &^ x.have
		if x.From == after.version {
			lacks &^= after.parts
		}
		if x.From == before.version {
			lacks &= before.parts
		}
		if x.From >= end && x.From <= before.version && lacks != 0 {
			hole(x.From, x.To, lacks)
		}
		end = max(end, x.To)
	}
	return holes
}

// expect starts the wait for what is missing before something that came.
func (s *Spread) expect(now time.Duration, p *pull, have uint64) {
	if p.holes == 0 {
		p.holes, p.mark = now+s.gap(), p.reached(have)
		s.wake(p.holes)
	}
}

// tickHoles asks for what was overtaken too long ago.
func (s *Spread) tickHoles(now time.Duration, p *pull) {
	if p.holes == 0 {
		return
	}
	p.holes = 0
	space, to := s.space(p.owner), s.member(p.from)
	if space == nil || to == nil || p.stream {
		return // the pull is asked for as a whole when it is due
	}
	after := place{version: space.Max()}
	if now < p.refill && p.filled.version >= after.version {
		after = p.filled
	}
	if holes := p.missing(after, p.mark); len(holes) > 0 {
		s.fill(to, holes)
		if after != p.filled {
			p.refill = now + s.timeout(0)
		}
		p.filled = p.mark
	}
	if len(p.ranges)+len(p.parts) > 0 {
		s.expect(now, p, space.Max())
	}
}
