package wire

import "math/bits"

// What things take at most on the wire, in bytes, for whoever packs datagrams.
const (
	// FrameOverhead is what AppendFrame adds to the sections: 10 bytes before the header, and the header.
	FrameOverhead = prefixSize + 44
	// SectionOverhead is what AppendSection adds to a payload.
	SectionOverhead = 1 + 3
	// DeltaOverhead is a Delta section without its entries.
	DeltaOverhead = SectionOverhead + maxOwner + 3*maxCounter + maxCount
	// MaxListOverhead is a section that is nothing but a list, without its elements.
	MaxListOverhead = SectionOverhead + maxCount
	// DigestOverhead is a Digest or LifeDigest section without its lines.
	DigestOverhead = MaxListOverhead + 8 + 8 + 1

	// SketchOverhead is a Sketch section without its cells.
	SketchOverhead = MaxListOverhead + 8 + 8 + 5
	// VersionsOverhead is a Versions section without its versions.
	VersionsOverhead = MaxListOverhead + 8 + 5 + 1

	// PlacesOverhead is a Places section without its lines.
	PlacesOverhead = MaxListOverhead + 8

	MaxVersionedSize = maxOwner + maxCounter
	MaxFromSize      = maxOwner + 2*maxCounter
	MaxOwnerSize     = maxOwner
	MaxHoleSize      = maxOwner + 2*maxCounter + 8
	MaxProgressSize  = MaxFromSize + maxCounter
	LifeTagSize      = 8 + 4
)

const (
	maxOwner   = 8 + 4 + 6
	maxCounter = 8 // a uvarint below MaxCounter
	maxCount   = 3 // a count of elements within MaxStreamFrame
)

// A section that has to fit into a datagram does so whatever the header holds.
const _ uint = MaxDatagram - FrameOverhead - MaxSection

// EntrySize is an upper bound of the bytes that e takes in a Delta.
func EntrySize(e Entry) int {
	if e.Deleted {
		return textSize(len(e.Key)) + maxCounter + 1
	}
	return textSize(len(e.Key)) + maxCounter + uvarintSize(uint64(len(e.Value))+1) + len(e.Value)
}

// DeltaSize is an upper bound of the bytes that d takes as a section.
func DeltaSize(d *Delta) int {
	size := DeltaOverhead
	for _, e := range d.Entries {
		size += EntrySize(e)
	}
	return size
}

// RecordSize is an upper bound of the bytes that r takes in a list of records.
func RecordSize(r Record) int {
	const addr = 1 + 16 + 2
	return textSize(len(r.Name)) + lifeSize(r.Life) + addr + uvarintSize(r.AddrVersion) + 2
}

// EndSize is an upper bound of the bytes that e takes in a list of ends.
func EndSize(e End) int {
	const duration = 5
	return textSize(len(e.Name)) + lifeSize(e.Life) + 2 + duration +
		uvarintSize(uint64(len(e.Accusers))) + 8*len(e.Accusers)
}

// VersionSize is the bytes that v takes in a list of versions.
func VersionSize(v uint64) int { return uvarintSize(v) }

// PlaceSize is the bytes that p takes in a list of places.
func PlaceSize(p Place) int { return uvarintSize(uint64(p.Skip)) + uvarintSize(p.Version) }

// SectionSize is the length of what AppendSection appends for m. It encodes m to find out: whoever adds elements one
// by one adds up their sizes instead.
func SectionSize(m Message) int {
	const usual = 512
	return len(AppendSection(make([]byte, 0, usual), m))
}

func lifeSize(l Life) int { return uvarintSize(l.Generation) + 8 + uvarintSize(l.Incarnation) }

func textSize(n int) int { return uvarintSize(uint64(n)) + n }

func uvarintSize(v uint64) int { return (bits.Len64(v|1) + 6) / 7 }
