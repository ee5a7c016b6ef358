package transport_test

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/grapevine-gossip/grapevine/transport"
)

// patience is how long a thing may take that should take next to nothing.
const patience = 60 * time.Second

func TestListenSaysWhatIsTaken(t *testing.T) {
	for _, protocol := range []string{"tcp", "udp"} {
		var err error
		// Somebody else may hold the port of the other protocol; not time and again.
		for range 10 {
			at, free := take(t, protocol)
			_, err = transport.Listen(at, transport.Options{})
			free()
			if !errors.Is(err, syscall.EADDRINUSE) {
				t.Fatalf("%s port taken: error %v, want EADDRINUSE", protocol, err)
			}
			if strings.Contains(err.Error(), protocol+" "+at) {
				err = nil
				break
			}
		}
		if err != nil {
			t.Errorf("error %q does not say that it is %s, and where", err, protocol)
		}
	}
}

// take binds one protocol's port.
func take(t *testing.T, protocol string) (at string, free func()) {
	t.Helper()
	if protocol == "tcp" {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		return l.Addr().String(), func() { _ = l.Close() }
	}
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return c.LocalAddr().String(), func() { _ = c.Close() }
}

func TestListenRefusesBadAddresses(t *testing.T) {
	for _, bind := range []string{"", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "[::1:7787", "a b:1"} {
		tr, err := transport.Listen(bind, transport.Options{})
		if err == nil {
			t.Errorf("%q is bound to %v", bind, tr.LocalAddr())
			_ = tr.Close()
		} else if !strings.HasPrefix(err.Error(), "transport: ") {
			t.Errorf("%q: error %q does not say whose it is", bind, err)
		}
	}
}

func TestListenOnPortZeroTakesOnePortForBoth(t *testing.T) {
	for range 20 {
		tr := listen(t, "127.0.0.1:0", transport.Options{})
		at := tr.LocalAddr().String()
		if l, err := net.Listen("tcp", at); err == nil {
			_ = l.Close()
			t.Errorf("the TCP port of %s is free", at)
		}
		if c, err := net.ListenPacket("udp", at); err == nil {
			_ = c.Close()
			t.Errorf("the UDP port of %s is free", at)
		}
	}
}

func TestUnspecifiedAddressServesBothFamilies(t *testing.T) {
	for _, bind := range []string{":0", "0.0.0.0:0", "[::]:0"} {
		all := listen(t, bind, patient)
		if !all.LocalAddr().Addr().IsUnspecified() {
			t.Errorf("bound to %s, LocalAddr is %v", bind, all.LocalAddr())
		}
		for _, host := range []string{"127.0.0.1", "::1"} {
			t.Run(bind+" from "+host, func(t *testing.T) {
				needHost(t, host)
				reachesAt(t, all, host)
			})
		}
	}
}

func reachesAt(t *testing.T, all transport.Transport, host string) {
	t.Helper()
	one := listen(t, net.JoinHostPort(host, "0"), patient)
	to := netip.AddrPortFrom(netip.MustParseAddr(host), all.LocalAddr().Port())

	froms := make(chan netip.AddrPort, 1)
	go func() {
		_, from, _ := all.ReadFrom(make([]byte, 10))
		froms <- from
	}()
	from := sendUntil(t, one, to, froms)
	if from != one.LocalAddr() {
		t.Errorf("a datagram from %v seems to come from %v", one.LocalAddr(), from)
	}

	for _, dialed := range []netip.AddrPort{to, mapped(to)} {
		s, err := one.Dial(t.Context(), dialed)
		if err != nil {
			t.Fatal(err)
		}
		in, err := all.Accept()
		if err != nil {
			t.Fatal(err)
		}
		if got := s.RemoteAddr(); got != to {
			t.Errorf("dialed %v, the stream says %v", dialed, got)
		}
		if got := in.RemoteAddr().Addr(); got != one.LocalAddr().Addr() {
			t.Errorf("a stream from %v seems to come from %v", one.LocalAddr(), got)
		}
		_, _ = s.Close(), in.Close()
	}
}

// mapped writes an IPv4 address as IPv6.
func mapped(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom16(a.Addr().As16()), a.Port())
}

// sendUntil sends a datagram again until something is heard.
func sendUntil[T any](t *testing.T, from transport.Transport, to netip.AddrPort, heard <-chan T) T {
	t.Helper()
	again := time.NewTicker(200 * time.Millisecond)
	defer again.Stop()
	for end := time.Now().Add(patience); time.Now().Before(end); {
		if err := from.WriteTo([]byte("x"), to); err != nil {
			t.Log(err)
		}
		select {
		case v := <-heard:
			return v
		case <-again.C:
		}
	}
	t.Fatalf("nothing arrives at %v", to)
	panic("unreachable")
}

// accepted opens a raw connection to a new transport.
func accepted(t *testing.T, opts transport.Options) (net.Conn, transport.Stream, transport.Transport) {
	t.Helper()
	tr := listen(t, "127.0.0.1:0", opts)
	raw, err := net.Dial("tcp", tr.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = raw.Close() })
	if err := raw.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	s, err := tr.Accept()
	if err != nil {
		t.Fatal(err)
	}
	return raw, s, tr
}

func TestGarbageBreaksAStreamForGood(t *testing.T) {
	raw, s, _ := accepted(t, patient)
	if _, err := raw.Write([]byte("GET / HTTP/1.1\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := s.ReadFrame(nil); !errors.Is(err, transport.ErrTooLarge) {
			t.Errorf("error %v, want ErrTooLarge", err)
		}
	}
}

func TestWireFormat(t *testing.T) {
	raw, s, _ := accepted(t, patient)
	if err := s.WriteFrame([]byte("abc")); err != nil {
		t.Fatal(err)
	}
	if err := s.WriteFrame(nil); err != nil {
		t.Fatal(err)
	}
	if err := s.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(raw)
	if want := "\x00\x00\x00\x03abc\x00\x00\x00\x00"; err != nil || string(got) != want {
		t.Errorf("%q on the wire, error %v; want %q", got, err, want)
	}
}

func TestConnectionWithoutAWholeFrameEnds(t *testing.T) {
	for _, sent := range []string{"", "\x00\x00", "\x00\x00\x00\x09abc"} {
		raw, s, _ := accepted(t, transport.Options{FirstFrameTimeout: 50 * time.Millisecond})
		if _, err := raw.Write([]byte(sent)); err != nil {
			t.Fatal(err)
		}
		if _, err := s.ReadFrame(nil); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("after %q: error %v, want a deadline", sent, err)
		}
	}
}

func TestOneConnectionTooManyIsClosedAtOnce(t *testing.T) {
	opts := patient
	opts.MaxInbound = 1
	_, first, tr := accepted(t, opts)
	accepting := make(chan error, 1)
	go func() {
		s, err := tr.Accept()
		if err == nil {
			_, err = s.ReadFrame(nil)
		}
		accepting <- err
	}()
	if err := dialAndRead(tr.LocalAddr()); err == nil {
		t.Error("the second connection stays open")
	}
	if got := tr.(transport.RefusedCounter).Refused(); got != 1 {
		t.Errorf("%d refused, want 1", got)
	}
	_ = first.Close()
	raw, err := net.Dial("tcp", tr.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	if _, err := raw.Write([]byte{0, 0, 0, 0}); err != nil {
		t.Fatal(err)
	}
	if err := <-accepting; err != nil {
		t.Error("after the first has gone:", err)
	}
}

func dialAndRead(at netip.AddrPort) error {
	raw, err := net.Dial("tcp", at.String())
	if err != nil {
		return err
	}
	defer raw.Close()
	if err := raw.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	if _, err = raw.Read(make([]byte, 1)); errors.Is(err, os.ErrDeadlineExceeded) {
		return nil
	}
	return err
}
