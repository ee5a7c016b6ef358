package fabric

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grapevine-gossip/grapevine/transport"
)

var (
	one = netip.MustParseAddrPort("127.0.0.1:1")
	two = netip.MustParseAddrPort("127.0.0.1:2")
)

// Both wrappers of streams count the same bytes for the same content: what is written, framing included, at the side that
// writes.
func TestStreamsAreCountedAlike(t *testing.T) {
	content := bytes.Repeat([]byte("x"), 1000)
	a, b := net.Pipe()
	left, right := &Port{Faults: &Faults{}, Counter: &Counter{}}, &Port{Faults: &Faults{}, Counter: &Counter{}}
	wrapped := left.Conn(a, two)
	go func() {
		_, _ = io.Copy(io.Discard, right.Conn(b, netip.AddrPort{}))
	}()
	if _, err := wrapped.Write(content); err != nil {
		t.Fatal(err)
	}
	if got := left.Counter.Read(); got.StreamBytes != 1000 || got.Writes != 1 || got.Bytes() != 1000 {
		t.Errorf("a stream of bytes: %+v", got)
	}
	if got := right.Counter.Read(); got != (Sent{}) {
		t.Errorf("the reader sent nothing and counts %+v", got)
	}

	from, to := listen(t), listen(t)
	st, err := from.transport.Dial(t.Context(), to.port.Self)
	if err != nil {
		t.Fatal(err)
	}
	if err := st.WriteFrame(content); err != nil {
		t.Fatal(err)
	}
	if got := from.port.Counter.Read(); got.StreamBytes != 1004 || got.Writes != 1 || got.Dials != 1 {
		t.Errorf("a stream of frames: %+v", got)
	}
}

type member struct {
	port      *Port
	transport transport.Transport
}

// listen opens real sockets.
func listen(t *testing.T) member {
	t.Helper()
	inner, err := transport.Listen("127.0.0.1:0", transport.Options{})
	if err != nil {
		t.Fatal(err)
	}
	p := &Port{Faults: &Faults{}, Counter: &Counter{}, Self: inner.LocalAddr()}
	m := member{p, p.Transport(inner)}
	t.Cleanup(func() { m.transport.Close() })
	return m
}

// A datagram counts when it is handed over, also if the link loses it.
func TestLostDatagramsCount(t *testing.T) {
	m := listen(t)
	m.port.Faults.SetLoss(1)
	for range 10 {
		if err := m.transport.WriteTo(make([]byte, 100), two); err != nil {
			t.Fatal(err)
		}
	}
	got := m.port.Counter.Read()
	if got.Datagrams != 10 || got.DatagramBytes != 1000 || got.Packets() != 10 {
		t.Errorf("counted %+v", got)
	}
	if got.Minus(got) != (Sent{}) || got.Plus(got).Minus(got) != got {
		t.Error("sums don't add up")
	}
}

func TestDatagramsAreLostInTheGivenShare(t *testing.T) {
	f := &Faults{}
	f.SetLoss(0.3)
	const all = 20000
	arrived := 0
	for range all {
		if err := f.Datagram(one, two, nil, func([]byte) error { arrived++; return nil }); err != nil {
			t.Fatal(err)
		}
	}
	// Six standard deviations.
	if share := float64(arrived) / all; share < 0.68 || share > 0.72 {
		t.Errorf("%.3f arrived, not 0.7", share)
	}
}

func TestDelayedDatagramIsACopy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &Faults{}
		f.SetDelay(time.Second)
		b := []byte("before")
		var got []byte
		var at time.Time
		begin := time.Now()
		err := f.Datagram(one, two, b, func(b []byte) error { got, at = b, time.Now(); return nil })
		if err != nil {
			t.Fatal(err)
		}
		copy(b, "after!")
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if string(got) != "before" || at.Sub(begin) != time.Second {
			t.Errorf("%q came after %v", got, at.Sub(begin))
		}
	})
}

// As with TCP, a dial over a cut link takes all the time that it is given, and one that the link's healing finds waiting
// succeeds with the next repetition.
func TestDialOverACutLink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &Faults{}
		f.Cut([]netip.AddrPort{two})
		begin := time.Now()
		if err := f.Dial(t.Context(), one, two, 5*time.Second); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("error %v", err)
		}
		if took := time.Since(begin); took != 5*time.Second {
			t.Errorf("it took %v", took)
		}
		begin = time.Now()
		time.AfterFunc(2*time.Second, func() { f.Cut(nil) })
		if err := f.Dial(t.Context(), one, two, 20*time.Second); err != nil {
			t.Error(err)
		}
		if took := time.Since(begin); took != 3*time.Second { // repeated after 1 s and 2 s more
			t.Errorf("it took %v", took)
		}
	})
}

func TestSegmentsStallUntilTheLinkHeals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &Faults{}
		f.Cut([]netip.AddrPort{two})
		begin := time.Now()
		time.AfterFunc(time.Second, func() { f.Cut(nil) })
		if err := f.Segments(t.Context(), one, two, 1, false); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(begin); took != 1400*time.Millisecond { // 200, 400, 800 ms
			t.Errorf("it took %v", took)
		}
		f.Cut([]netip.AddrPort{two})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := f.Segments(ctx, one, two, 1, false); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
	})
}

// The link's delay is taken once for each turn of a conversation, not for each write.
func TestDelayOfAStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &Port{Faults: &Faults{}, Counter: &Counter{}, Self: one}
		p.Faults.SetDelay(time.Second)
		a, b := net.Pipe()
		defer b.Close()
		c := p.Conn(a, two)
		go func() {
			_, _ = io.ReadFull(b, make([]byte, 3))
			_, _ = b.Write([]byte("y"))
		}()
		begin := time.Now()
		for range 3 {
			if _, err := c.Write([]byte("x")); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(begin); took != time.Second {
			t.Errorf("three writes took %v", took)
		}
		if _, err := c.Read(make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(begin); took != 2*time.Second {
			t.Errorf("with the answer it took %v", took)
		}
	})
}

func TestClosingEndsAStall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &Port{Faults: &Faults{}, Counter: &Counter{}, Self: one}
		p.Faults.SetLoss(1)
		a, b := net.Pipe()
		defer b.Close()
		c := p.Conn(a, two)
		time.AfterFunc(time.Minute, func() { c.Close() })
		if _, err := c.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
			t.Errorf("error %v", err)
		}
		if err := c.SetDeadline(time.Now()); err == nil {
			t.Error("a closed pipe takes a deadline")
		}
	})
}
