package local

import (
	"context"
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/grapevine-gossip/grapevine/transport"
)

func pair(t *testing.T, c *Chaos) (a, b transport.Transport) {
	t.Helper()
	var both [2]transport.Transport
	for i := range both {
		l, err := transport.Listen("127.0.0.1:0", transport.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		both[i] = c.wrap(l)
	}
	return both[0], both[1]
}

// arrives sends datagrams until one arrives, or none did for a while.
func arrives(t *testing.T, a, b transport.Transport) bool {
	t.Helper()
	got := make(chan struct{})
	go func() {
		if n, _, err := b.ReadFrom(make([]byte, 100)); err == nil && n == 1 {
			close(got)
		}
	}()
	for range 20 {
		if err := a.WriteTo([]byte{1}, b.LocalAddr()); err != nil {
			t.Fatal(err)
		}
		select {
		case <-got:
			return true
		case <-time.After(10 * time.Millisecond):
		}
	}
	return false
}

func TestCutLinksCarryNothing(t *testing.T) {
	c := &Chaos{}
	a, b := pair(t, c)
	if !arrives(t, a, b) {
		t.Fatal("nothing arrives on a good link")
	}
	s, err := a.Dial(context.Background(), b.LocalAddr())
	if err != nil {
		t.Fatal(err)
	}
	c.Split([]netip.AddrPort{b.LocalAddr()}, 1)
	if err := s.WriteFrame([]byte("x")); !errors.Is(err, errCut) {
		t.Errorf("a frame on an open stream: %v", err)
	}
	if _, err := a.Dial(context.Background(), b.LocalAddr()); !errors.Is(err, errCut) {
		t.Errorf("a dial: %v", err)
	}
	if arrives(t, a, b) {
		t.Error("a datagram crosses")
	}
	c.Heal()
	if _, err := a.Dial(context.Background(), b.LocalAddr()); err != nil {
		t.Errorf("a dial after healing: %v", err)
	}
}

func TestLossAndLatency(t *testing.T) {
	lossy := &Chaos{Loss: 1}
	a, b := pair(t, lossy)
	if arrives(t, a, b) {
		t.Error("a datagram arrives although all are lost")
	}
	slow := &Chaos{Latency: 30 * time.Millisecond}
	a, b = pair(t, slow)
	start := time.Now()
	if !arrives(t, a, b) || time.Since(start) < slow.Latency {
		t.Errorf("arrived after %v", time.Since(start))
	}
}
