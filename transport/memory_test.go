package transport_test

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"slices"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grapevine-gossip/grapevine/transport"
)

// pair is a network with two transports on it.
func pair(t *testing.T, seed uint64) (m *transport.Memory, a, b transport.Transport) {
	t.Helper()
	m = transport.NewMemory(seed)
	return m, attach(t, m, "10.0.0.1:7787"), attach(t, m, "10.0.0.2:7787")
}

// arrival is a datagram's number and when it came.
type arrival struct {
	number int
	after  time.Duration
}

// arrivals collects what comes at tr until the bubble has been quiet for a minute.
func arrivals(t *testing.T, tr transport.Transport) []arrival {
	t.Helper()
	start := time.Now()
	heard := make(chan arrival)
	go func() {
		defer close(heard)
		buf := make([]byte, 100)
		for {
			n, _, err := tr.ReadFrom(buf)
			if err != nil {
				return
			}
			heard <- arrival{int(binary.BigEndian.Uint32(buf[:n])), time.Since(start)}
		}
	}()
	var all []arrival
	for {
		select {
		case a := <-heard:
			all = append(all, a)
		case <-time.After(time.Minute):
			_ = tr.Close()
			<-heard
			return all
		}
	}
}

func send(t *testing.T, from, to transport.Transport, count int) {
	t.Helper()
	for i := range count {
		if err := from.WriteTo(binary.BigEndian.AppendUint32(nil, uint32(i)), to.LocalAddr()); err != nil {
			t.Error(err)
		}
	}
}

func TestMemoryLosesTheShareThatWasSet(t *testing.T) {
	for share, want := range map[float64][2]int{0: {1000, 1000}, 0.3: {650, 750}, 1: {0, 0}} {
		synctest.Test(t, func(t *testing.T) {
			m, a, b := pair(t, 7)
			m.SetLoss(share)
			send(t, a, b, 1000)
			if got := len(arrivals(t, b)); got < want[0] || got > want[1] {
				t.Errorf("loss %v: %d of 1000 arrive, want %d to %d", share, got, want[0], want[1])
			}
		})
	}
}

func TestMemoryLatency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, a, b := pair(t, 7)
		m.SetLatency(40*time.Millisecond, 0)
		send(t, a, b, 100)
		for i, got := range arrivals(t, b) {
			if want := (arrival{i, 40 * time.Millisecond}); got != want {
				t.Errorf("arrival %d is %v, want %v", i, got, want)
			}
		}
	})
}

func TestMemoryJitterIsBoundedAndReorders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, a, b := pair(t, 7)
		m.SetLatency(40*time.Millisecond, 20*time.Millisecond)
		send(t, a, b, 1000)
		all := arrivals(t, b)
		if len(all) != 1000 {
			t.Fatalf("%d of 1000 arrive", len(all))
		}
		if slices.IsSortedFunc(all, func(a, b arrival) int { return a.number - b.number }) {
			t.Error("nothing is reordered")
		}
		first, last := all[0].after, all[len(all)-1].after
		if first < 40*time.Millisecond || first > 41*time.Millisecond || last < 59*time.Millisecond || last > 60*time.Millisecond {
			t.Errorf("arrivals are spread from %v to %v, want 40ms to 60ms", first, last)
		}
	})
}

func TestMemorySeedDecides(t *testing.T) {
	run := func(seed uint64) (all []arrival) {
		synctest.Test(t, func(t *testing.T) {
			m, a, b := pair(t, seed)
			m.SetLoss(0.5)
			m.SetLatency(0, time.Second)
			// What others send must not matter.
			other := attach(t, m, "10.0.0.3:7787")
			go send(t, other, a, 100)
			go send(t, a, other, 100)
			send(t, a, b, 200)
			all = arrivals(t, b)
		})
		return all
	}
	first := run(1)
	if !slices.Equal(first, run(1)) {
		t.Error("the same seed makes two worlds")
	}
	if slices.Equal(first, run(2)) {
		t.Error("two seeds make the same world")
	}
}

func TestMemoryFullQueueDrops(t *testing.T) {
	const queue = 2048
	synctest.Test(t, func(t *testing.T) {
		_, a, b := pair(t, 7)
		send(t, a, b, queue+100)
		all := arrivals(t, b)
		if len(all) != queue || all[queue-1].number != queue-1 {
			t.Errorf("%d arrive, want the first %d", len(all), queue)
		}
	})
}

// cut makes a link function that stops one direction.
func cut(from, to transport.Transport) func(a, b netip.AddrPort) bool {
	return func(a, b netip.AddrPort) bool { return a != from.LocalAddr() || b != to.LocalAddr() }
}

func TestMemoryCutIsOfOneDirection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, a, b := pair(t, 7)
		m.SetLink(cut(a, b))
		send(t, a, b, 10)
		send(t, b, a, 10)
		if got := len(arrivals(t, b)); got != 0 {
			t.Errorf("%d datagrams pass a cut link", got)
		}
		if got := len(arrivals(t, a)); got != 10 {
			t.Errorf("%d of 10 datagrams pass the other direction", got)
		}
	})
}

func TestMemoryCutLosesWhatIsOnItsWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, a, b := pair(t, 7)
		m.SetLatency(time.Second, 0)
		send(t, a, b, 10)
		m.SetLink(cut(a, b))
		if got := len(arrivals(t, b)); got != 0 {
			t.Errorf("%d datagrams pass a link that was cut meanwhile", got)
		}
	})
}

// join opens a stream and sends a first frame, so that no FirstFrameTimeout is left.
func join(t *testing.T, a, b transport.Transport) (dialed, accepted transport.Stream) {
	t.Helper()
	dialed, err := a.Dial(t.Context(), b.LocalAddr())
	if err != nil {
		t.Fatal(err)
	}
	if err := dialed.WriteFrame(nil); err != nil {
		t.Fatal(err)
	}
	accepted, err = b.Accept()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := accepted.ReadFrame(nil); err != nil {
		t.Fatal(err)
	}
	return dialed, accepted
}

func TestMemoryStreamHasLatency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, a, b := pair(t, 7)
		m.SetLatency(40*time.Millisecond, 0)
		start := time.Now()
		dialed, accepted := join(t, a, b)
		if took := time.Since(start); took != 120*time.Millisecond {
			t.Errorf("to dial and to send a frame takes %v, want three ways of 40ms", took)
		}
		start = time.Now()
		if err := dialed.WriteFrame([]byte("x")); err != nil {
			t.Fatal(err)
		}
		if err := dialed.Close(); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("writing waits %v", took)
		}
		if frame, err := accepted.ReadFrame(nil); string(frame) != "x" || time.Since(start) != 40*time.Millisecond {
			t.Errorf("%q, %v after %v", frame, err, time.Since(start))
		}
		if _, err := accepted.ReadFrame(nil); err != io.EOF {
			t.Errorf("error %v, want EOF", err)
		}
	})
}

func TestMemoryStreamKeepsOrderUnderJitter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, a, b := pair(t, 7)
		m.SetLatency(0, time.Second)
		dialed, accepted := join(t, a, b)
		go func() {
			for i := range 500 {
				_ = dialed.WriteFrame(binary.BigEndian.AppendUint32(nil, uint32(i)))
			}
			_ = dialed.CloseWrite()
		}()
		for i := range 500 {
			frame, err := accepted.ReadFrame(nil)
			if err != nil || binary.BigEndian.Uint32(frame) != uint32(i) {
				t.Fatalf("frame %d: %x, %v", i, frame, err)
			}
		}
		if _, err := accepted.ReadFrame(nil); err != io.EOF {
			t.Errorf("error %v, want EOF", err)
		}
	})
}

func TestMemoryStreamStallsWhileCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, a, b := pair(t, 7)
		dialed, accepted := join(t, a, b)
		m.SetLink(cut(a, b))
		if err := dialed.WriteFrame([]byte("x")); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		time.AfterFunc(20*time.Second, func() { m.SetLink(nil) })
		frame, err := accepted.ReadFrame(nil)
		if err != nil || string(frame) != "x" || time.Since(start) != 20*time.Second {
			t.Errorf("%q, %v after %v; want x when the link is up again", frame, err, time.Since(start))
		}

		m.SetLink(cut(a, b))
		start = time.Now()
		_, err = accepted.ReadFrame(nil)
		if !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(start) != patient.IdleTimeout {
			t.Errorf("reading: %v after %v, want a deadline after IdleTimeout", err, time.Since(start))
		}
		for err = nil; err == nil; {
			err = dialed.WriteFrame(make([]byte, transport.MaxFrame))
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("writing: %v, want a deadline", err)
		}
	})
}

func TestTimeoutsCanBeOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, a, _ := pair(t, 7)
		b, err := m.Listen(netip.MustParseAddrPort("10.0.0.3:7787"), transport.Options{FirstFrameTimeout: -1, IdleTimeout: -1})
		if err != nil {
			t.Fatal(err)
		}
		defer b.Close()
		dialed, err := a.Dial(t.Context(), b.LocalAddr())
		if err != nil {
			t.Fatal(err)
		}
		accepted, err := b.Accept()
		if err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(24*time.Hour, func() { _ = dialed.WriteFrame([]byte("x")) })
		if frame, err := accepted.ReadFrame(nil); string(frame) != "x" || err != nil {
			t.Errorf("%q, %v; want x after a day", frame, err)
		}
	})
}

func TestMemoryDialWaitsWhileCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, a, b := pair(t, 7)
		m.SetLink(cut(b, a)) // the answer does not come
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		start := time.Now()
		_, err := a.Dial(ctx, b.LocalAddr())
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 3*time.Second {
			t.Errorf("%v after %v, want the context's deadline", err, time.Since(start))
		}
		start = time.Now()
		_, err = a.Dial(t.Context(), b.LocalAddr())
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 10*time.Second {
			t.Errorf("%v after %v, want the default DialTimeout", err, time.Since(start))
		}
		start = time.Now()
		time.AfterFunc(time.Second, func() { m.SetLink(nil) })
		if _, err := a.Dial(t.Context(), b.LocalAddr()); err != nil || time.Since(start) != time.Second {
			t.Errorf("%v after %v, want a stream when the link is up again", err, time.Since(start))
		}
	})
}

func TestMemoryCloseUnblocksDial(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, a, b := pair(t, 7)
		m.SetLink(cut(a, b))
		dialing := make(chan error)
		go func() {
			_, err := a.Dial(t.Context(), b.LocalAddr())
			dialing <- err
		}()
		synctest.Wait()
		start := time.Now()
		_ = a.Close()
		if err := <-dialing; !errors.Is(err, net.ErrClosed) {
			t.Errorf("error %v, want net.ErrClosed", err)
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("it took %v", took)
		}
	})
}

func TestMemoryRefusesWhatNobodyAccepts(t *testing.T) {
	const backlog = 128
	synctest.Test(t, func(t *testing.T) {
		_, a, b := pair(t, 7)
		var last transport.Stream
		for range backlog {
			s, err := a.Dial(t.Context(), b.LocalAddr())
			if err != nil {
				t.Fatal(err)
			}
			last = s
		}
		if _, err := a.Dial(t.Context(), b.LocalAddr()); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("one more: error %v, want a refusal", err)
		}
		_ = b.Close()
		if _, err := last.ReadFrame(nil); err != io.EOF {
			t.Errorf("after Close of the other side: error %v, want EOF", err)
		}
	})
}

func TestMemoryAddresses(t *testing.T) {
	m := transport.NewMemory(7)
	for _, bad := range []string{"0.0.0.0:1", "[::]:1", "10.0.0.1:0", "[::ffff:0.0.0.0]:1"} {
		if _, err := m.Listen(netip.MustParseAddrPort(bad), transport.Options{}); err == nil {
			t.Errorf("%s: no error", bad)
		}
	}
	if _, err := m.Listen(netip.AddrPort{}, transport.Options{}); err == nil {
		t.Error("no address: no error")
	}
	at := netip.MustParseAddrPort("10.0.0.1:7787")
	first := attach(t, m, at.String())
	if _, err := m.Listen(mapped(at), transport.Options{}); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("a taken address: error %v, want EADDRINUSE", err)
	}
	_ = first.Close()
	second := attach(t, m, mapped(at).String())
	_ = first.Close() // again: it must not take the address from the second
	if second.LocalAddr() != at {
		t.Errorf("address %v, want %v", second.LocalAddr(), at)
	}
	third := attach(t, m, "10.0.0.3:7787")
	s, err := third.Dial(t.Context(), mapped(at))
	if err != nil {
		t.Fatal(err)
	}
	if s.RemoteAddr() != at {
		t.Errorf("dialed %v, the stream says %v", at, s.RemoteAddr())
	}
	if err := third.WriteTo(nil, netip.AddrPort{}); err == nil {
		t.Error("a datagram to no address: no error")
	}
}
