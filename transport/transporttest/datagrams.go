package transporttest

import (
	"context"
	"errors"
	"net"
	"testing"

	"github.com/grapevine-gossip/grapevine/transport"
)

func datagramRoundTrip(t *testing.T, h Harness) {
	a, b := open(t, h), open(t, h)
	for _, size := range []int{1, 100, 1200} {
		there, back := payload(size), append(payload(size-1), 0)
		if from := deliver(t, a, b, there); from != a.LocalAddr() {
			t.Errorf("a datagram from %v seems to come from %v", a.LocalAddr(), from)
		}
		if from := deliver(t, b, a, back); from != b.LocalAddr() {
			t.Errorf("a datagram from %v seems to come from %v", b.LocalAddr(), from)
		}
	}
}

func datagramTooLarge(t *testing.T, h Harness) {
	a, b := open(t, h), open(t, h)
	err := a.WriteTo(make([]byte, transport.MaxDatagram+1), b.LocalAddr())
	wantError(t, "WriteTo with too much", err, transport.ErrTooLarge)
	deliver(t, a, b, []byte("the next one passes"))
}

func datagramToNobody(t *testing.T, h Harness) {
	a, b := open(t, h), open(t, h)
	_ = a.WriteTo([]byte("lost"), dead(t, h)) // the system may or may not know that nobody is there
	deliver(t, b, a, []byte("and yet reading goes on"))
	deliver(t, a, b, []byte("and writing too"))
}

func closeUnblocksReadFrom(t *testing.T, h Harness) {
	a := open(t, h)
	reading := start(func() (int, error) {
		n, _, err := a.ReadFrom(make([]byte, 10))
		return n, err
	})
	if err := a.Close(); err != nil {
		t.Error("Close:", err)
	}
	_, err := finish(t, "ReadFrom", reading)
	wantError(t, "ReadFrom during Close", err, net.ErrClosed)
}

func closeUnblocksAccept(t *testing.T, h Harness) {
	a := open(t, h)
	accepting := start(a.Accept)
	if err := a.Close(); err != nil {
		t.Error("Close:", err)
	}
	_, err := finish(t, "Accept", accepting)
	wantError(t, "Accept during Close", err, net.ErrClosed)
}

func closedTransportRefuses(t *testing.T, h Harness) {
	a, b := open(t, h), open(t, h)
	at := a.LocalAddr()
	if err := a.Close(); err != nil {
		t.Error("Close:", err)
	}
	if err := a.Close(); err != nil {
		t.Error("second Close:", err)
	}
	if a.LocalAddr() != at {
		t.Errorf("LocalAddr is %v after Close, was %v", a.LocalAddr(), at)
	}
	wantError(t, "WriteTo", a.WriteTo([]byte("x"), b.LocalAddr()), net.ErrClosed)
	_, _, err := a.ReadFrom(make([]byte, 10))
	wantError(t, "ReadFrom", err, net.ErrClosed)
	_, err = a.Accept()
	wantError(t, "Accept", err, net.ErrClosed)
	_, err = a.Dial(t.Context(), b.LocalAddr())
	wantError(t, "Dial", err, net.ErrClosed)
}

func dialDead(t *testing.T, h Harness) {
	a, at := open(t, h), dead(t, h)
	ctx, cancel := context.WithTimeout(t.Context(), again)
	defer cancel()
	s, err := finish(t, "Dial to nobody", start(func() (transport.Stream, error) { return a.Dial(ctx, at) }))
	if err == nil {
		_ = s.Close()
		t.Fatalf("somebody answered at %v, where nobody should be", at)
	}
	if errors.Is(err, net.ErrClosed) {
		t.Errorf("Dial: error %v, but the transport is open", err)
	}
}

func dialCanceled(t *testing.T, h Harness) {
	a, b := open(t, h), open(t, h)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := finish(t, "Dial", start(func() (transport.Stream, error) { return a.Dial(ctx, b.LocalAddr()) }))
	wantError(t, "Dial with a canceled context", err, context.Canceled)
}
