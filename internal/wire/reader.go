package wire

import (
	"encoding/binary"
	"net/netip"
	"time"
)

// A reader takes values off the front of b. After the first failure it gives zero values only, so that decoders need
// not look at each step.
type reader struct {
	b    []byte
	err  error  // one of the sentinels
	what string // what was wrong

	reuse *Inbox // nil: every message is new
}

func (r *reader) fail(err error, what string) {
	if r.err == nil {
		r.err, r.what = err, what
	}
	r.b = nil
}

func (r *reader) bytes(n int) []byte {
	if n > len(r.b) {
		r.fail(ErrTruncated, "ends within a field")
		return nil
	}
	p := r.b[:n]
	r.b = r.b[n:]
	return p
}

func (r *reader) byte() uint8 {
	if p := r.bytes(1); p != nil {
		return p[0]
	}
	return 0
}

func (r *reader) bool() bool {
	v := r.byte()
	if v > 1 {
		r.fail(ErrMalformed, "boolean is neither 0 nor 1")
	}
	return v == 1
}

func (r *reader) u32() uint32 {
	if p := r.bytes(4); p != nil {
		return binary.LittleEndian.Uint32(p)
	}
	return 0
}

func (r *reader) u64() uint64 {
	if p := r.bytes(8); p != nil {
		return binary.LittleEndian.Uint64(p)
	}
	return 0
}

// uvarint reads a number below limit.
func (r *reader) uvarint(limit uint64, what string) uint64 {
	v, n := binary.Uvarint(r.b)
	switch {
	case n == 0:
		r.fail(ErrTruncated, "ends within a number")
		return 0
	case n < 0:
		r.fail(ErrMalformed, "number exceeds 64 bits")
		return 0
	case n > 1 && r.b[n-1] == 0:
		r.fail(ErrMalformed, "number is longer than needed")
		return 0
	case v >= limit:
		r.fail(ErrLimit, what)
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) counter() uint64 { return r.uvarint(MaxCounter, "counter is too large") }

func (r *reader) count32() uint32 { return uint32(r.uvarint(1<<32, "number exceeds 32 bits")) }

func (r *reader) duration() time.Duration {
	ms := r.uvarint(uint64(MaxDuration/time.Millisecond)+1, "duration is too long")
	return time.Duration(ms) * time.Millisecond
}

// text reads a string of at most limit bytes.
func (r *reader) text(limit uint64, what string) string {
	return string(r.bytes(int(r.uvarint(limit+1, what))))
}

func (r *reader) name() string {
	s := r.optionalName()
	if r.err == nil && s == "" {
		r.fail(ErrMalformed, "name is missing")
	}
	return s
}

// optionalName reads a name that may be empty.
func (r *reader) optionalName() string {
	s := r.text(MaxName, "name is too long")
	if r.err == nil && s != "" && !validName(s) {
		r.fail(ErrMalformed, "name has characters that are not allowed")
	}
	return s
}

func (r *reader) key() string {
	s := r.text(MaxKey, "key is too long")
	if r.err == nil && !validKey(s) {
		r.fail(ErrMalformed, "key has characters that are not allowed")
	}
	return s
}

// optionalAddr reads an address that may be absent.
func (r *reader) optionalAddr() netip.AddrPort {
	var a netip.Addr
	switch r.byte() {
	case 0:
		return netip.AddrPort{}
	case 4:
		if p := r.bytes(4); p != nil {
			a = netip.AddrFrom4([4]byte(p))
		}
	case 6:
		if p := r.bytes(16); p != nil {
			a = netip.AddrFrom16([16]byte(p))
		}
		if a.Is4In6() {
			r.fail(ErrMalformed, "address is an IPv4 one in IPv6 form")
		}
	default:
		r.fail(ErrMalformed, "address is of an unknown family")
	}
	if p := r.bytes(2); p != nil {
		return netip.AddrPortFrom(a, binary.LittleEndian.Uint16(p))
	}
	return netip.AddrPort{}
}

func (r *reader) addr() netip.AddrPort {
	a := r.optionalAddr()
	if r.err == nil && !a.IsValid() {
		r.fail(ErrMalformed, "address is missing")
	}
	return a
}

// firstCapacity is how many elements memory is taken for before the first one is read; the rest must earn it.
const firstCapacity = 32

// list reads at most limit elements, each of at least size bytes. An empty list is nil.
func list[T any](r *reader, limit, size int, read func(*reader) T) []T {
	n := r.uvarint(uint64(limit)+1, "list is too long")
	if n > uint64(len(r.b)/size) {
		r.fail(ErrTruncated, "list claims more than there is")
	}
	if n == 0 || r.err != nil {
		return nil
	}
	l := make([]T, 0, min(n, firstCapacity))
	for range n {
		e := read(r)
		if r.err != nil {
			return nil
		}
		l = append(l, e)
	}
	return l
}

// anyLength is the limit of lists that only the size of the frame bounds.
const anyLength = MaxStreamFrame
