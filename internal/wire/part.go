package wire

import (
	"bytes"
	"fmt"
)

// An entry that is too large for a datagram is cut into parts. They are of one size, so that a set of them is a number.
const (
	PartSize = 1040 // bytes of the entry in each part but the last
	MaxParts = 64
)

// maxEntry is what one entry takes at most.
const maxEntry = 2 + MaxKey + maxCounter + 3 + MaxValue

const (
	_ uint = MaxParts*PartSize - maxEntry
	_ uint = MaxSection - PartSize - PartOverhead
)

// PartOverhead is a Part section without the bytes of the entry, at most.
const PartOverhead = SectionOverhead + maxOwner + 3*maxCounter + maxCount + 1

// Cut gives the parts of a delta of one entry.
func Cut(d Delta) []Part {
	whole := appendEntry(nil, d.Entries[0], d.From)
	p := Part{Owner: d.Owner, From: d.From, To: d.To, Floor: d.Floor, Size: uint32(len(whole))}
	out := make([]Part, 0, p.Count())
	for ; len(whole) > 0; p.Index++ {
		n := min(PartSize, len(whole))
		p.Bytes, whole = whole[:n:n], whole[n:]
		out = append(out, p)
	}
	return out
}

// Count is how many parts the delta of p has.
func (p *Part) Count() int { return (int(p.Size) + PartSize - 1) / PartSize }

// Join reads the delta of p from its whole entry, which is in the parts one after another.
func (p *Part) Join(whole []byte) (Delta, error) {
	r := reader{b: whole}
	e := readEntry(&r, p.From)
	switch {
	case r.err != nil:
	case len(r.b) > 0:
		r.fail(ErrMalformed, "bytes are left over")
	case e.Version == p.From || e.Version > p.To:
		r.fail(ErrMalformed, "entry's version leaves the delta's range")
	}
	if r.err != nil {
		return Delta{}, fmt.Errorf("%w: joined parts: %s", r.err, r.what)
	}
	return Delta{Owner: p.Owner, From: p.From, To: p.To, Floor: p.Floor, Entries: []Entry{e}}, nil
}

func (p Part) encode(b []byte) []byte {
	b = appendOwner(b, p.Owner)
	b = appendUvarint(b, p.From)
	b = appendUvarint(b, p.To-p.From)
	b = appendUvarint(b, p.Floor)
	b = appendUvarint(b, p.Size)
	b = append(b, p.Index)
	return append(b, p.Bytes...)
}

func readPart(r *reader) Part {
	p := Part{Owner: r.owner(), From: r.counter()}
	p.To = r.step(p.From)
	p.Floor = r.counter()
	p.Size = uint32(r.uvarint(maxEntry+1, "entry is too long"))
	p.Index = r.byte()
	rest := int(p.Size) - int(p.Index)*PartSize
	if rest <= 0 {
		r.fail(ErrMalformed, "part lies beyond the entry")
		return p
	}
	p.Bytes = bytes.Clone(r.bytes(min(PartSize, rest)))
	return p
}
