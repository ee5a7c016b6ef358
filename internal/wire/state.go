package wire

import (
	"bytes"
	"encoding/binary"
)

// The least bytes that an element of a list can take.
const (
	minOwner     = 13
	minVersioned = minOwner + 1
	minFrom      = minOwner + 2
	minEntry     = 4 // key 2, version 1, value 1
	minHole      = minOwner + 2 + 8
)

func (m Delta) encode(b []byte) []byte {
	b = appendOwner(b, m.Owner)
	b = appendUvarint(b, m.From)
	b = appendUvarint(b, m.To-m.From)
	b = appendUvarint(b, m.Floor)
	b = binary.AppendUvarint(b, uint64(len(m.Entries)))
	last := m.From
	for _, e := range m.Entries {
		b = appendEntry(b, e, last)
		last = e.Version
	}
	return b
}

func readDelta(r *reader) Delta {
	m := Delta{Owner: r.owner(), From: r.counter()}
	m.To = r.step(m.From)
	m.Floor = r.counter()
	last := m.From
	m.Entries = list(r, anyLength, minEntry, func(r *reader) Entry {
		e := readEntry(r, last)
		if r.err == nil && (e.Version == last || e.Version > m.To) {
			r.fail(ErrMalformed, "entry's version does not rise or leaves the delta's range")
		}
		last = e.Version
		return e
	})
	return m
}

// step reads how far a version lies above base.
func (r *reader) step(base uint64) uint64 {
	v := base + r.counter()
	if r.err == nil && v >= MaxCounter {
		r.fail(ErrLimit, "version is too large")
	}
	return v
}

// appendEntry writes the version as the distance to the one before it. The length of the value is raised by one, so
// that 0 can stand for a deletion.
func appendEntry(b []byte, e Entry, last uint64) []byte {
	b = appendText(b, e.Key)
	b = appendUvarint(b, e.Version-last)
	if e.Deleted {
		return append(b, 0)
	}
	b = binary.AppendUvarint(b, uint64(len(e.Value))+1)
	return append(b, e.Value...)
}

func readEntry(r *reader, last uint64) Entry {
	e := Entry{Key: r.key(), Version: r.step(last)}
	n := r.uvarint(MaxValue+2, "value is too long")
	if n == 0 {
		e.Deleted = true
		return e
	}
	if n > 1 {
		e.Value = bytes.Clone(r.bytes(int(n - 1)))
	}
	return e
}

func appendVersioned(b []byte, v Versioned) []byte {
	return appendUvarint(appendOwner(b, v.Owner), v.Version)
}

func readVersioned(r *reader) Versioned { return Versioned{Owner: r.owner(), Version: r.counter()} }

func (m Announce) encode(b []byte) []byte { return appendList(b, m.Versions, appendVersioned) }

func readAnnounce(r *reader) Announce {
	return Announce{Versions: list(r, anyLength, minVersioned, readVersioned)}
}

func (m Places) encode(b []byte) []byte { return appendList(appendU64(b, m.View), m.Held, appendPlace) }

func readPlaces(r *reader) Places {
	return Places{View: r.u64(), Held: list(r, anyLength, 2, readPlace)}
}

func appendPlace(b []byte, p Place) []byte {
	return appendUvarint(appendUvarint(b, uint64(p.Skip)), p.Version)
}

func readPlace(r *reader) Place { return Place{Skip: r.count32(), Version: r.counter()} }

func (m Congestion) encode(b []byte) []byte { return appendDuration(appendDuration(b, m.Age), m.Ago) }

func readCongestion(r *reader) Congestion { return Congestion{Age: r.duration(), Ago: r.duration()} }

func (m Request) encode(b []byte) []byte { return appendList(b, m.Wants, appendFrom) }

func readRequest(r *reader) Request { return Request{Wants: list(r, anyLength, minFrom, readFrom)} }

func appendFrom(b []byte, f From) []byte {
	b = appendOwner(b, f.Owner)
	b = appendUvarint(b, f.Version)
	return appendUvarint(b, f.Base)
}

func readFrom(r *reader) From {
	return From{Owner: r.owner(), Version: r.counter(), Base: r.counter()}
}

func (m Recent) encode(b []byte) []byte { return appendList(b, m.Versions, appendVersioned) }

func readRecent(r *reader) Recent {
	return Recent{Versions: list(r, anyLength, minVersioned, readVersioned)}
}

func (m Digest) encode(b []byte) []byte {
	b = appendU64(b, m.Lo)
	b = appendU64(b, m.Hi)
	b = appendList(b, m.Versions, appendVersioned)
	return appendBool(b, m.Reply)
}

func readDigest(r *reader) Digest {
	m := Digest{
		Lo:       r.u64(),
		Hi:       r.u64(),
		Versions: list(r, anyLength, minVersioned, readVersioned),
		Reply:    r.bool(),
	}
	checkRange(r, m.Lo, m.Hi, m.Versions, func(v Versioned) uint64 { return v.Owner.ID })
	return m
}

func (m Sketch) encode(b []byte) []byte {
	b = appendU64(b, m.View)
	b = appendU64(b, m.State)
	b = appendUvarint(b, uint64(m.First))
	return appendList(b, m.Cells, appendU64)
}

func readSketch(r *reader) Sketch {
	return Sketch{View: r.u64(), State: r.u64(), First: r.count32(), Cells: list(r, anyLength, 8, (*reader).u64)}
}

func (m Versions) encode(b []byte) []byte {
	b = appendU64(b, m.View)
	b = appendUvarint(b, uint64(m.First))
	b = appendList(b, m.Versions, appendUvarint)
	return appendBool(b, m.Reply)
}

func readVersions(r *reader) Versions {
	return Versions{View: r.u64(), First: r.count32(), Versions: list(r, anyLength, 1, (*reader).counter), Reply: r.bool()}
}

func (m Bulk) encode(b []byte) []byte { return appendList(b, m.Owners, appendOwner) }

func readBulk(r *reader) Bulk { return Bulk{Owners: list(r, anyLength, minOwner, (*reader).owner)} }

func (m More) encode(b []byte) []byte { return appendList(b, m.Wants, appendProgress) }

func readMore(r *reader) More { return More{Wants: list(r, anyLength, minFrom+1, readProgress)} }

func appendProgress(b []byte, p Progress) []byte { return appendUvarint(appendFrom(b, p.From), p.Got) }

func readProgress(r *reader) Progress { return Progress{From: readFrom(r), Got: r.counter()} }

func (m Fill) encode(b []byte) []byte { return appendList(b, m.Holes, appendHole) }

func readFill(r *reader) Fill { return Fill{Holes: list(r, anyLength, minHole, readHole)} }

func appendHole(b []byte, h Hole) []byte {
	b = appendOwner(b, h.Owner)
	b = appendUvarint(b, h.From)
	b = appendUvarint(b, h.To-h.From)
	return appendU64(b, h.Mask)
}

func readHole(r *reader) Hole {
	h := Hole{Owner: r.owner(), From: r.counter()}
	h.To = r.step(h.From)
	h.Mask = r.u64()
	if r.err == nil && h.To == h.From {
		r.fail(ErrMalformed, "nothing lies between the two versions")
	}
	return h
}
