// Package transport carries what cluster members send each other: datagrams, and streams of frames, both on one address.
//
// [Listen] does it with UDP and TCP on one port. [Memory] is the same inside one process, with loss, latency and cut
// links, for tests; it works in a testing/synctest bubble. Both pass the suite in package transporttest, which is there
// for transports of your own as well.
//
// # Guarantees
//
// Every address that comes out is unmapped: an IPv4 peer of a dual-stack socket is 10.0.0.1, not ::ffff:10.0.0.1.
// A length claimed by a peer takes no memory: it is checked against [MaxFrame], and a buffer grows with the bytes that
// arrive. Streams that send nothing, or arrive in too large a number, are ended or refused (see [Options]).
// After Close every blocked call returns, every stream is closed and no goroutine is left.
//
// # Limitations
//
// Nothing is authenticated or encrypted here; that is done to the frames, by those who send them. Datagrams may be lost,
// doubled and reordered. A socket bound to all addresses answers from the address that the route prefers, which on a
// machine with several addresses need not be the one it was spoken to.
package transport

import (
	"context"
	"errors"
	"net/netip"
	"time"
)

const (
	// MaxFrame is the most bytes in one frame of a stream, the same at both ends.
	MaxFrame = 1 << 17

	// MaxDatagram is the most bytes in one datagram: what UDP over IPv4 can hold. Whoever wants to pass every network
	// unfragmented stays below 1,200.
	MaxDatagram = 65507
)

// ErrTooLarge is returned for a datagram above [MaxDatagram], of which nothing was sent, and for a frame above
// [MaxFrame]: when writing, nothing was sent and the stream remains usable; when reading, the stream is broken.
var ErrTooLarge = errors.New("transport: too large")

// Transport carries datagrams and framed streams on one address. Its methods may be called at the same time, but only
// one goroutine reads datagrams and only one accepts streams.
type Transport interface {
	// LocalAddr is the bound address. Its IP is unspecified if the transport is bound to all addresses.
	LocalAddr() netip.AddrPort

	// WriteTo sends a datagram. It does not wait for anybody: when buffers are full the datagram is lost. An error means
	// that it was not sent; no error does not mean that it arrives. It keeps no reference to b.
	WriteTo(b []byte, to netip.AddrPort) error

	// ReadFrom waits for a datagram. Of one that is longer than b the rest is lost, on some systems with an error: give a
	// buffer longer than what you accept. After Close the error is [net.ErrClosed]; any other error is transient, such as
	// a remote port that was closed: count it and call again.
	ReadFrom(b []byte) (n int, from netip.AddrPort, err error)

	// Dial opens a stream. It gives up when ctx ends and after Options.DialTimeout, whichever is first.
	Dial(ctx context.Context, to netip.AddrPort) (Stream, error)

	// Accept waits for a stream that somebody else dials. Whoever takes the stream closes it. After Close the error is
	// [net.ErrClosed]; any other error is transient: count it and call again.
	Accept() (Stream, error)

	// Close unblocks all calls and closes all streams. Only its first call can return an error.
	Close() error
}

// Stream carries whole frames, each of 0 to [MaxFrame] bytes. One side's frames arrive in the order in which they were
// sent. The side that dialed sends the first frame, at once, or the other gives up on it.
//
// Reading and writing may go on at the same time. After an error other than [ErrTooLarge] on writing, that direction is
// broken and repeats the error: what is left to do is Close.
type Stream interface {
	// ReadFrame waits for a frame and appends it to buf[:0]. The error is [io.EOF] if the other side ended cleanly,
	// between two frames; [os.ErrDeadlineExceeded] if the frame was not there, whole, in time.
	ReadFrame(buf []byte) ([]byte, error)

	// WriteFrame sends a frame. It waits while the other side does not read. It keeps no reference to b.
	WriteFrame(b []byte) error

	// CloseWrite tells the other side that no frame follows. Reading goes on.
	CloseWrite() error

	// SetDeadline ends reads and writes, also those that wait already, at t. Zero means no deadline but those of Options.
	SetDeadline(t time.Time) error

	// RemoteAddr is the other side. On the side that accepted, the port is not one that can be dialed.
	RemoteAddr() netip.AddrPort

	// Close ends both directions and unblocks all calls. The other side may lose what it has not read yet; to end
	// cleanly call CloseWrite, read up to io.EOF, then Close.
	Close() error
}

// RefusedCounter is what a Transport may offer beside the rest, for metrics. Those of this package do.
type RefusedCounter interface {
	// Refused is how many inbound streams were closed at once because of MaxInbound or MaxInboundPerIP.
	Refused() uint64
}

// Options bounds what strangers can take from a transport. In every field zero means the default, negative means off.
type Options struct {
	// MaxInbound is how many accepted streams may be open at once; one more is closed at once. Default 64.
	MaxInbound int

	// MaxInboundPerIP is how many of them may come from one IP address, so that a single host cannot take them all.
	// Loopback addresses are not counted: there, whole clusters share one. Default 32.
	MaxInboundPerIP int

	// FirstFrameTimeout is how long after Accept the first frame of an accepted stream must be there. It ends
	// connections of port scanners and other garbage. Default 5 s.
	FirstFrameTimeout time.Duration

	// IdleTimeout is how long a single ReadFrame or WriteFrame may take, for the whole frame: neither silence nor a
	// trickle holds a stream. Default 30 s.
	IdleTimeout time.Duration

	// DialTimeout bounds Dial where its context does not. Default 10 s.
	DialTimeout time.Duration

	// SocketBuffer is the size in bytes that is asked for the kernel's buffers for datagrams. The system may grant less
	// (on Linux net.core.rmem_max is the limit) without an error. Default 4 MiB: some hundred milliseconds of a busy
	// member's traffic, so that a pause of the process loses little.
	SocketBuffer int
}

func (o Options) withDefaults() Options {
	defaultTo(&o.MaxInbound, 64)
	defaultTo(&o.MaxInboundPerIP, 32)
	defaultTo(&o.FirstFrameTimeout, 5*time.Second)
	defaultTo(&o.IdleTimeout, 30*time.Second)
	defaultTo(&o.DialTimeout, 10*time.Second)
	defaultTo(&o.SocketBuffer, 4<<20)
	return o
}

func defaultTo[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

func unmap(a netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()) }
