package spread

import (
	"cmp"
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
	maxRanges = 64       // of one owner
	maxHeld   = 64 << 10 // bytes of one owner
	maxAllGap = 4 << 20  // bytes in all
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
	asked := p != nil && p.from == from.ID || s.stream(from.ID) != nil
	if status == early {
		s.hold(now, from, d, asked)
		return
	}
	if e := s.edge(from.ID); e != nil {
		e.has(d.Owner, d.To)
	}
	switch s.st.Apply(now, d, from.ID, asked) {
	case store.Gap:
		s.hold(now, from, d, asked)
	case store.Applied:
		if p != nil {
			s.drain(now, p)
			s.progress(now, p, from.ID)
		}
	}
}

// count counts what came; have is what is held of the namespace.
func (s *Spread) count(d *wire.Delta, have uint64) {
	c := &s.counts
	c.Copies += uint64(len(d.Entries))
	for _, e := range d.Entries {
		c.Payload += uint64(len(e.Key) + len(e.Value))
		switch {
		case d.Owner.ID == s.self:
			c.Known++
			c.Echoes++
		case e.Version <= have:
			c.Known++
		}
	}
}

// hold keeps a range until what is missing before it has come; its sender is asked for that if it does not come soon.
func (s *Spread) hold(now time.Duration, from *view.Member, d *wire.Delta, bulk bool) {
	p := s.pull(d.Owner)
	if p == nil {
		if p = s.openPull(now, d.Owner); p == nil {
			return
		}
		p.due = now + gapWait
	}
	p.note(from.ID, d.To)
	s.wake(p.due)
	size := wire.DeltaOverhead
	for _, e := range d.Entries {
		size += wire.EntrySize(e)
	}
	if len(p.ranges) >= maxRanges || p.bytes+size > maxHeld || s.held+size > maxAllGap {
		return // it will be asked for with what is missing
	}
	i, found := slices.BinarySearchFunc(p.ranges, d, func(h held, d *wire.Delta) int {
		return cmp.Or(cmp.Compare(h.delta.From, d.From), cmp.Compare(h.delta.To, d.To))
	})
	if found {
		return
	}
	p.ranges = slices.Insert(p.ranges, i, held{*d, from.ID, bulk, size})
	p.bytes += size
	s.held += size
}

// drain merges the ranges that connect by now.
func (s *Spread) drain(now time.Duration, p *pull) {
	for len(p.ranges) > 0 {
		h := &p.ranges[0]
		if s.st.Apply(now, &h.delta, h.from, h.bulk) == store.Gap {
			return
		}
		s.held -= h.size
		p.bytes -= h.size
		p.ranges = p.ranges[1:]
	}
}
