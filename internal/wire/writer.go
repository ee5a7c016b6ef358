package wire

import (
	"encoding/binary"
	"net/netip"
	"time"
)

// The functions here append one value each. What no frame may hold (a name with spaces, a list beyond its limit) is
// written as it is, and rejected by whoever reads it.

func appendU32(b []byte, v uint32) []byte { return binary.LittleEndian.AppendUint32(b, v) }

func appendU64(b []byte, v uint64) []byte { return binary.LittleEndian.AppendUint64(b, v) }

func appendUvarint[T uint32 | uint64](b []byte, v T) []byte {
	return binary.AppendUvarint(b, uint64(v))
}

func appendBool(b []byte, v bool) []byte {
	if v {
		return append(b, 1)
	}
	return append(b, 0)
}

// appendDuration drops what is below a millisecond and keeps d within [0, MaxDuration]: a clock that misbehaves must
// not make a frame unreadable.
func appendDuration(b []byte, d time.Duration) []byte {
	d = min(max(d, 0), MaxDuration)
	return binary.AppendUvarint(b, uint64(d/time.Millisecond))
}

func appendText(b []byte, s string) []byte {
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}

// appendAddr unmaps IPv4 addresses in IPv6 form and drops zones, which mean nothing to another host.
func appendAddr(b []byte, ap netip.AddrPort) []byte {
	a := ap.Addr().Unmap()
	switch {
	case a.Is4():
		v := a.As4()
		b = append(append(b, 4), v[:]...)
	case a.Is6():
		v := a.As16()
		b = append(append(b, 6), v[:]...)
	default:
		return append(b, 0)
	}
	return binary.LittleEndian.AppendUint16(b, ap.Port())
}

func appendList[T any](b []byte, l []T, appendOne func([]byte, T) []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(l)))
	for _, e := range l {
		b = appendOne(b, e)
	}
	return b
}
