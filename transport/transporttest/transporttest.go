// Package transporttest checks that a transport does what its users rely on. The transports of package transport pass it;
// a transport of your own should:
//
//	func TestTransport(t *testing.T) {
//		transporttest.Run(t, transporttest.Harness{New: func(t *testing.T) transport.Transport {
//			return mytransport.Listen(t)
//		}})
//	}
//
// # Limitations
//
// The suite sends datagrams again until they arrive, so it does not see how many get lost. It does not see goroutines
// that are left behind either; go.uber.org/goleak in your TestMain does.
package transporttest

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/grapevine-gossip/grapevine/transport"
)

// Harness is where the transports under test come from.
type Harness struct {
	// New opens a transport. Each has an address of its own that all others reach, bound to one IP, so that LocalAddr is
	// what the others see and dial. They must let in 16 streams from one address. The suite closes them.
	New func(t *testing.T) transport.Transport

	// Dead returns an address where nobody listens. If nil, it is that of a transport that was closed.
	Dead func(t *testing.T) netip.AddrPort
}

// Case is one check of the suite.
type Case struct {
	Name string
	Run  func(t *testing.T, h Harness)
}

// Run runs all cases, each as a subtest.
func Run(t *testing.T, h Harness) {
	t.Helper()
	for _, c := range Cases() {
		t.Run(c.Name, func(t *testing.T) { c.Run(t, h) })
	}
}

// Cases lists the suite, for those who put something around each case, such as a testing/synctest bubble.
func Cases() []Case {
	return []Case{
		{"DatagramRoundTrip", datagramRoundTrip},
		{"DatagramTooLarge", datagramTooLarge},
		{"DatagramToNobody", datagramToNobody},
		{"CloseUnblocksReadFrom", closeUnblocksReadFrom},
		{"CloseUnblocksAccept", closeUnblocksAccept},
		{"ClosedTransportRefuses", closedTransportRefuses},
		{"FramesOfAllSizes", framesOfAllSizes},
		{"FrameTooLarge", frameTooLarge},
		{"BufferIsReused", bufferIsReused},
		{"StreamAddresses", streamAddresses},
		{"HalfClose", halfClose},
		{"RemoteClose", remoteClose},
		{"LocalClose", localClose},
		{"CloseEndsStreams", closeEndsStreams},
		{"ManyStreams", manyStreams},
		{"DialDead", dialDead},
		{"DialCanceled", dialCanceled},
		{"ReadDeadline", readDeadline},
		{"WriteDeadline", writeDeadline},
		{"SlowStreamHoldsNoOther", slowStreamHoldsNoOther},
	}
}

const (
	// patience is how long a thing may take that should take next to nothing: other tests may have the processors.
	patience = 60 * time.Second

	// again is when a datagram that has not arrived is sent again.
	again = 200 * time.Millisecond
)

func open(t *testing.T, h Harness) transport.Transport {
	t.Helper()
	tr := h.New(t)
	t.Cleanup(func() { _ = tr.Close() })
	return tr
}

// dead is an address where nobody listens.
func dead(t *testing.T, h Harness) netip.AddrPort {
	t.Helper()
	if h.Dead != nil {
		return h.Dead(t)
	}
	tr := h.New(t)
	if err := tr.Close(); err != nil {
		t.Fatal("close:", err)
	}
	return tr.LocalAddr()
}

// result is what a call that may block returned.
type result[T any] struct {
	value T
	err   error
}

// start runs f beside the test.
func start[T any](f func() (T, error)) <-chan result[T] {
	done := make(chan result[T], 1)
	go func() {
		v, err := f()
		done <- result[T]{v, err}
	}()
	return done
}

// finish waits for what start began.
func finish[T any](t *testing.T, what string, done <-chan result[T]) (T, error) {
	t.Helper()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case r := <-done:
		return r.value, r.err
	case <-timer.C:
		t.Fatalf("%s still blocks after %v", what, patience)
		panic("unreachable")
	}
}

func must[T any](t *testing.T, what string, done <-chan result[T]) T {
	t.Helper()
	v, err := finish(t, what, done)
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	return v
}

func wantError(t *testing.T, what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("%s: error %v, want %v", what, got, want)
	}
}

func payload(size int) []byte {
	rng := rand.New(rand.NewPCG(uint64(size), 1))
	b := make([]byte, size)
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	return b
}

// connect opens a stream between two transports.
func connect(t *testing.T, from, to transport.Transport) (dialed, accepted transport.Stream) {
	t.Helper()
	accepting := start(to.Accept)
	dialed = must(t, "Dial", start(func() (transport.Stream, error) { return from.Dial(t.Context(), to.LocalAddr()) }))
	accepted = must(t, "Accept", accepting)
	t.Cleanup(func() {
		_ = dialed.Close()
		_ = accepted.Close()
	})
	return dialed, accepted
}

// write sends a copy of b and spoils it afterwards: a stream keeps no reference.
func write(s transport.Stream, b []byte) error {
	c := bytes.Clone(b)
	err := s.WriteFrame(c)
	clear(c)
	return err
}

func read(s transport.Stream) func() ([]byte, error) {
	return func() ([]byte, error) { return s.ReadFrame(nil) }
}

// pass sends one frame over a stream.
func pass(t *testing.T, from, to transport.Stream, b []byte) {
	t.Helper()
	reading := start(read(to))
	must(t, "WriteFrame", start(func() (struct{}, error) { return struct{}{}, write(from, b) }))
	if got := must(t, "ReadFrame", reading); !bytes.Equal(got, b) {
		t.Fatalf("a frame of %d bytes arrived as %d bytes, or others", len(b), len(got))
	}
}

// deliver sends a datagram until it arrives and returns whom it came from.
func deliver(t *testing.T, from, to transport.Transport, b []byte) netip.AddrPort {
	t.Helper()
	arrived := start(func() (netip.AddrPort, error) { return receive(to, b) })
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	ticker := time.NewTicker(again)
	defer ticker.Stop()
	for {
		c := bytes.Clone(b)
		if err := from.WriteTo(c, to.LocalAddr()); err != nil {
			t.Logf("WriteTo: %v", err) // it may be transient
		}
		clear(c)
		select {
		case r := <-arrived:
			if r.err != nil {
				t.Fatal("ReadFrom:", r.err)
			}
			return r.value
		case <-ticker.C:
		case <-ctx.Done():
			t.Fatalf("no datagram arrived from %v at %v", from.LocalAddr(), to.LocalAddr())
		}
	}
}

// receive reads until b comes.
func receive(tr transport.Transport, b []byte) (netip.AddrPort, error) {
	buf := make([]byte, transport.MaxDatagram)
	for {
		n, from, err := tr.ReadFrom(buf)
		if errors.Is(err, net.ErrClosed) {
			return from, err
		}
		if err == nil && bytes.Equal(buf[:n], b) {
			return from, nil
		}
	}
}
