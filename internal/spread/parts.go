package spread

import (
	"cmp"
	"slices"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/view"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// partial is an entry that comes in parts.
type partial struct {
	wire.Part // the first that came, for what all have in common
	have      uint64
	whole     []byte
}

func (x *partial) all() uint64 { return 1<<x.Count() - 1 } // a shift by 64 gives 0, less 1 all bits

// put reports whether the part is new.
func (x *partial) put(p *wire.Part) bool {
	before := x.have
	x.have |= 1 << p.Index
	copy(x.whole[int(p.Index)*wire.PartSize:], p.Bytes)
	return x.have != before
}

// comparePart orders by what a part is of.
func comparePart(a, b *wire.Part) int {
	return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To), cmp.Compare(a.Size, b.Size), cmp.Compare(a.Floor, b.Floor))
}

// receivePart takes a part of what was asked for; nobody sends parts unasked.
func (s *Spread) receivePart(now time.Duration, from *view.Member, part *wire.Part) {
	status, have := s.standing(part.Owner)
	s.counts.Payload += uint64(len(part.Bytes))
	if part.Index == 0 {
		s.countOne(part.Owner, part.To, have)
	}
	p := s.pull(part.Owner)
	if status != current || p == nil {
		return
	}
	s.came(now, p, from.ID, len(part.Bytes))
	if part.To > have {
		if x := s.partial(p, part); x != nil {
			p.note(from.ID, part.To)
			if x.put(part) {
				p.tries, p.gained = 0, now
			}
			s.expect(now, p, have)
			if x.have == x.all() {
				s.join(now, from, p, x)
			}
		}
	}
	s.goOn(p)
}

// partial is where the part belongs; nil if there is no room.
func (s *Spread) partial(p *pull, part *wire.Part) *partial {
	i, found := slices.BinarySearchFunc(p.parts, part, func(x *partial, part *wire.Part) int { return comparePart(&x.Part, part) })
	if found {
		return p.parts[i]
	}
	if len(p.parts) >= maxRanges || !s.keep(p, int(part.Size)) {
		return nil
	}
	x := &partial{Part: *part, whole: make([]byte, part.Size)}
	x.Bytes = nil
	p.parts = slices.Insert(p.parts, i, x)
	return x
}

// join merges an entry of which all parts are here.
func (s *Spread) join(now time.Duration, from *view.Member, p *pull, x *partial) {
	s.forgetPart(p, x)
	d, err := x.Join(x.whole)
	if err != nil {
		s.host.Malformed(err)
		return
	}
	s.merge(now, from, &d, p)
}

func (s *Spread) forgetPart(p *pull, x *partial) {
	s.release(p, int(x.Size))
	p.parts = slices.DeleteFunc(p.parts, func(o *partial) bool { return o == x })
}

// forgetParts drops those of entries that are held by now.
func (s *Spread) forgetParts(p *pull, have uint64) {
	for _, x := range slices.Clone(p.parts) {
		if x.To <= have {
			s.forgetPart(p, x)
		}
	}
}

// forgetHeld drops all that came out of order.
func (s *Spread) forgetHeld(p *pull) {
	s.held -= p.bytes
	p.ranges, p.parts, p.bytes, p.holes = nil, nil, 0, 0
}

// fill asks a member once more for what was lost.
func (s *Spread) fill(to *view.Member, holes []wire.Hole) {
	const perSection = (wire.MaxSection - wire.MaxListOverhead) / wire.MaxHoleSize
	for page := range slices.Chunk(holes, perSection) {
		s.send(to, wire.Fill{Holes: page})
	}
}
