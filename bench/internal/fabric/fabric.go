// Package fabric is what lies between a library and its sockets in a comparison: it counts what every member sends, and
// makes the links lossy, slow or cut, by the same code for all libraries.
//
// Counting: a datagram is one packet with its payload, counted when it is handed over, also if it is then lost. On a
// stream every write is one packet with its bytes, framing included. Headers of UDP, TCP and IP, handshakes and
// acknowledgements are not counted; the number of streams that were dialed is, so that they can be added.
//
// Faults: a datagram is lost at its sender. A stream loses nothing, it stalls as TCP does: see [Faults.Dial] and
// [Faults.Segments]. Both directions of a stream are made to suffer at the dialing side, the only one that knows both
// members' addresses.
package fabric

import (
	"net/netip"
	"sync/atomic"
)

// Counter counts what one member sends.
type Counter struct {
	datagrams, datagramBytes, writes, streamBytes, dials atomic.Uint64
}

// Datagram counts one of so many bytes.
func (c *Counter) Datagram(bytes int) {
	c.datagrams.Add(1)
	c.datagramBytes.Add(uint64(bytes))
}

// Write counts one write of so many bytes to a stream.
func (c *Counter) Write(bytes int) {
	c.writes.Add(1)
	c.streamBytes.Add(uint64(bytes))
}

// Dial counts a stream that this member opened.
func (c *Counter) Dial() { c.dials.Add(1) }

// Read returns what was counted so far.
func (c *Counter) Read() Sent {
	return Sent{
		Datagrams: c.datagrams.Load(), DatagramBytes: c.datagramBytes.Load(),
		Writes: c.writes.Load(), StreamBytes: c.streamBytes.Load(), Dials: c.dials.Load(),
	}
}

// Sent is a number of packets and bytes.
type Sent struct {
	Datagrams, DatagramBytes uint64
	Writes, StreamBytes      uint64 // of streams, at both ends
	Dials                    uint64 // streams that were opened
}

// Plus is the sum.
func (s Sent) Plus(o Sent) Sent {
	return Sent{
		s.Datagrams + o.Datagrams, s.DatagramBytes + o.DatagramBytes,
		s.Writes + o.Writes, s.StreamBytes + o.StreamBytes, s.Dials + o.Dials,
	}
}

// Minus is what was added since o.
func (s Sent) Minus(o Sent) Sent {
	return Sent{
		s.Datagrams - o.Datagrams, s.DatagramBytes - o.DatagramBytes,
		s.Writes - o.Writes, s.StreamBytes - o.StreamBytes, s.Dials - o.Dials,
	}
}

// Bytes is the payload of datagrams and streams.
func (s Sent) Bytes() uint64 { return s.DatagramBytes + s.StreamBytes }

// Packets is datagrams and writes.
func (s Sent) Packets() uint64 { return s.Datagrams + s.Writes }

// Port is one member's place in the fabric.
type Port struct {
	Faults  *Faults
	Counter *Counter
	Self    netip.AddrPort
}
