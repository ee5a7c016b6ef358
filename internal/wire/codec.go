// Package wire is the language in which members talk: the messages, and how they are laid out in frames. The layout is
// specified in docs/wire.md.
//
// Parsing is total and canonical: any bytes give messages or an error, and what is read and written again gives the
// same bytes. No memory is taken for what a frame merely claims to hold.
package wire

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

// Layout of what comes before the header.
const (
	flagsAt    = 1
	checksumAt = 2
	clusterAt  = 6
	prefixSize = 10
)

// flagSealed marks a frame whose body is encrypted and authenticated; every other flag must be zero.
const flagSealed = 1

// frameVersion is the version of the frame's layout, its first byte.
const frameVersion = 1

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Codec writes and reads the frames of one cluster. It holds no state beyond its name: any number of goroutines may
// share one.
type Codec struct {
	tag uint32
}

// NewCodec makes the codec of the cluster of that name.
func NewCodec(cluster string) *Codec {
	return &Codec{tag: uint32(mix(fnv1a(fnvOffset, cluster)) >> 32)}
}

// AppendFrame appends a frame to dst. The sections are what AppendSection gave, one after another.
func (c *Codec) AppendFrame(dst []byte, h Header, sections []byte) []byte {
	start := len(dst)
	dst = append(dst, frameVersion, 0, 0, 0, 0, 0)
	dst = appendU32(dst, c.tag)
	dst = appendHeader(dst, h)
	dst = append(dst, sections...)
	sum := crc32.Checksum(dst[start+clusterAt:], castagnoli)
	binary.LittleEndian.PutUint32(dst[start+checksumAt:], sum)
	return dst
}

func appendHeader(b []byte, h Header) []byte {
	b = appendRef(b, h.From)
	b = appendU32(b, h.To)
	b = appendU64(b, h.View)
	return appendU64(b, h.State)
}

func (r *reader) header() Header {
	return Header{From: r.ref(), To: r.u32(), View: r.u64(), State: r.u64()}
}

// AppendSection appends m, one of this package's messages or a pointer to one, as a section. It checks no limits: a
// frame with a section that breaks them is rejected where it arrives.
func AppendSection(dst []byte, m Message) []byte {
	dst = append(dst, byte(m.Kind()), 0)
	start := len(dst)
	dst = m.(interface{ encode([]byte) []byte }).encode(dst)
	n := len(dst) - start
	// Most payloads are below 128 bytes and their length fits into the byte left for it; others move up.
	if extra := uvarintSize(uint64(n)) - 1; extra > 0 {
		dst = append(dst, make([]byte, extra)...)
		copy(dst[start+extra:], dst[start:start+n])
	}
	binary.PutUvarint(dst[start-1:], uint64(n))
	return dst
}

// Open reads a frame and appends its messages to into. Sections of an unknown kind are skipped. It reads all or
// nothing: with an error, into is returned as it was. The messages share no memory with the frame.
func (c *Codec) Open(frame []byte, into []Message) (Header, []Message, error) {
	return c.open(frame, into, nil)
}

func (c *Codec) open(frame []byte, into []Message, reuse *Inbox) (Header, []Message, error) {
	tag, body, err := unwrap(frame)
	if err != nil {
		return Header{}, into, err
	}
	if tag != c.tag {
		return Header{}, into, fmt.Errorf("%w: its tag is %08x, ours %08x", ErrCluster, tag, c.tag)
	}
	var r *reader
	if reuse == nil {
		r = &reader{b: body}
	} else {
		r = &reuse.reader
		*r = reader{b: body, reuse: reuse}
	}
	h := r.header()
	if r.err != nil {
		return Header{}, into, fmt.Errorf("%w: header: %s", r.err, r.what)
	}
	held := len(into)
	for len(r.b) > 0 {
		kind, m, _ := r.section()
		if r.err != nil {
			clear(into[held:])
			return Header{}, into[:held], fmt.Errorf("%w: section %s: %s", r.err, kind, r.what)
		}
		if m != nil {
			into = append(into, m)
		}
	}
	return h, into, nil
}

// unwrap checks what comes before the header, and gives the tag of the cluster and what follows it.
func unwrap(frame []byte) (tag uint32, body []byte, err error) {
	switch {
	case len(frame) > MaxStreamFrame:
		return 0, nil, fmt.Errorf("%w: %d bytes", ErrLimit, len(frame))
	case len(frame) == 0:
		return 0, nil, fmt.Errorf("%w: no bytes", ErrTruncated)
	case frame[0] != frameVersion: // another version may put everything else elsewhere
		return 0, nil, fmt.Errorf("%w: %d", ErrVersion, frame[0])
	case len(frame) < prefixSize:
		return 0, nil, fmt.Errorf("%w: %d bytes", ErrTruncated, len(frame))
	case frame[flagsAt] == flagSealed:
		return 0, nil, ErrKey
	case frame[flagsAt] != 0:
		return 0, nil, fmt.Errorf("%w: unknown flags %#02x", ErrMalformed, frame[flagsAt])
	}
	sum := binary.LittleEndian.Uint32(frame[checksumAt:])
	if crc32.Checksum(frame[clusterAt:], castagnoli) != sum {
		return 0, nil, ErrChecksum
	}
	return binary.LittleEndian.Uint32(frame[clusterAt:]), frame[prefixSize:], nil
}

// section reads one section; m is nil if its kind is unknown. The size is that of the payload.
func (r *reader) section() (kind Kind, m Message, size int) {
	kind = Kind(r.byte())
	size = int(r.uvarint(MaxStreamFrame, "section is too long"))
	payload := r.bytes(size)
	if r.err != nil || kinds[kind].read == nil {
		return kind, nil, size
	}
	rest := r.b
	r.b = payload
	if r.reuse == nil {
		m = kinds[kind].read(r)
	} else {
		m = r.reuse.read(r, kind)
	}
	if len(r.b) > 0 {
		r.fail(ErrMalformed, "bytes are left over")
	}
	r.b = rest
	return kind, m, size
}
