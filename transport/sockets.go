package transport

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	// portTries bounds the search for a port that is free for both protocols. One in a few thousand is taken for the
	// other on an ordinary machine; 32 misses in a row mean that none is left.
	portTries = 32

	// writeWait is how long a datagram may wait for a full kernel buffer. The kernel empties it at the line's rate, so
	// one that is full for longer is lost in substance.
	writeWait = 10 * time.Millisecond

	// errorPause keeps a caller that calls again, as it should, from spinning on an error that stays: no descriptor
	// left for Accept, an interface that is down for ReadFrom.
	errorPause = 20 * time.Millisecond

	// freeReadErrors is how many errors of ReadFrom in a row are returned at once. Windows reports each closed remote
	// port that way; real packets wait behind.
	freeReadErrors = 16
)

// Listen opens UDP and TCP on one port. The bind address is host:port; an empty or unspecified host means all addresses
// of both families, a name means its first address, IPv4 preferred. Port 0 means one that is free for both protocols.
//
// If the port is taken, errors.Is(err, [syscall.EADDRINUSE]) holds and the error says for which protocol and address.
// The transport implements [RefusedCounter].
func Listen(bind string, opts Options) (Transport, error) {
	at, err := resolve(bind)
	if err != nil {
		return nil, fmt.Errorf("transport: bind address %q: %w", bind, err)
	}
	tcp, udp, err := listenBoth(at)
	if err != nil {
		return nil, fmt.Errorf("transport: %w", err)
	}
	opts = opts.withDefaults()
	if opts.SocketBuffer > 0 {
		// A smaller buffer than asked for loses more in a burst, and that is all.
		_ = udp.SetReadBuffer(opts.SocketBuffer)
		_ = udp.SetWriteBuffer(opts.SocketBuffer)
	}
	s := &sockets{
		tcp: tcp, udp: udp, opts: opts, streams: newStreams(opts), started: time.Now(),
		local: unmap(udp.LocalAddr().(*net.UDPAddr).AddrPort()),
	}
	s.done, s.cancel = context.WithCancel(context.Background())
	return s, nil
}

func resolve(bind string) (*net.TCPAddr, error) {
	_, port, err := net.SplitHostPort(bind)
	if err != nil {
		return nil, err
	}
	if port == "" { // package net takes that for 0, which nobody can have meant
		return nil, errors.New("missing port")
	}
	return net.ResolveTCPAddr("tcp", bind)
}

func listenBoth(at *net.TCPAddr) (*net.TCPListener, *net.UDPConn, error) {
	tries := 1
	if at.Port == 0 {
		tries = portTries
	}
	var last error
	for range tries {
		tcp, err := net.ListenTCP("tcp", at)
		if err != nil {
			return nil, nil, explain(err)
		}
		port := tcp.Addr().(*net.TCPAddr).Port
		udp, err := net.ListenUDP("udp", &net.UDPAddr{IP: at.IP, Zone: at.Zone, Port: port})
		if err == nil {
			return tcp, udp, nil
		}
		_ = tcp.Close() // it has served nobody
		last = err
	}
	return nil, nil, explain(last)
}

// explain lets errors.Is find EADDRINUSE where the system calls it by another number. The text of err, from package
// net, has protocol and address.
func explain(err error) error {
	const wsaEADDRINUSE = syscall.Errno(10048)
	if runtime.GOOS == "windows" && errors.Is(err, wsaEADDRINUSE) {
		return fmt.Errorf("%w (%w)", err, syscall.EADDRINUSE)
	}
	return err
}

// sockets is a Transport on UDP and TCP.
type sockets struct {
	*streams
	tcp   *net.TCPListener
	udp   *net.UDPConn
	local netip.AddrPort
	opts  Options

	done   context.Context // ends at Close
	cancel context.CancelFunc

	started    time.Time
	renewAt    atomic.Int64 // nanoseconds since started; from then on the UDP write deadline has to be set anew
	readErrors atomic.Int64 // in a row

	closeOnce sync.Once
	closeErr  error
}

func (s *sockets) LocalAddr() netip.AddrPort { return s.local }

func (s *sockets) WriteTo(b []byte, to netip.AddrPort) error {
	if len(b) > MaxDatagram {
		return fmt.Errorf("%w: a datagram of %d bytes, the limit is %d", ErrTooLarge, len(b), MaxDatagram)
	}
	to = unmap(to)
	start := time.Since(s.started)
	s.renewWriteDeadline(start, false)
	_, err := s.udp.WriteToUDPAddrPort(b, to)
	if errors.Is(err, os.ErrDeadlineExceeded) && time.Since(s.started)-start < writeWait/2 {
		// This call did not wait: the scheduler held it back before the write until the deadline was over.
		s.renewWriteDeadline(time.Since(s.started), true)
		_, err = s.udp.WriteToUDPAddrPort(b, to)
	}
	return err
}

// renewWriteDeadline keeps the deadline between a half and the whole of writeWait ahead. Setting it for each datagram
// would cost as much as sending it.
func (s *sockets) renewWriteDeadline(now time.Duration, force bool) {
	if !force && int64(now) < s.renewAt.Load() {
		return
	}
	// It can only fail after Close, and then so does the write. It is set before the others are told that it is.
	_ = s.udp.SetWriteDeadline(s.started.Add(now + writeWait))
	s.renewAt.Store(int64(now + writeWait/2))
}

func (s *sockets) ReadFrom(b []byte) (int, netip.AddrPort, error) {
	n, from, err := s.udp.ReadFromUDPAddrPort(b)
	if err == nil {
		s.readErrors.Store(0)
		return n, unmap(from), nil
	}
	if s.readErrors.Add(1) > freeReadErrors {
		s.pause()
	}
	return 0, netip.AddrPort{}, s.closedOr(err)
}

func (s *sockets) Dial(ctx context.Context, to netip.AddrPort) (Stream, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.done, cancel)()
	dialer := net.Dialer{Timeout: max(s.opts.DialTimeout, 0)}
	if ip := s.local.Addr(); !ip.IsUnspecified() {
		// Streams come from the address that the datagrams come from, or a firewall lets only one of them pass.
		dialer.LocalAddr = net.TCPAddrFromAddrPort(netip.AddrPortFrom(ip, 0))
	}
	c, err := dialer.DialContext(ctx, "tcp", unmap(to).String())
	if err != nil {
		return nil, s.closedOr(err)
	}
	st, err := s.add(c.(*net.TCPConn), to, false)
	if err != nil {
		return nil, err
	}
	return st, nil
}

func (s *sockets) Accept() (Stream, error) {
	for {
		c, err := s.tcp.AcceptTCP()
		if err != nil {
			s.pause()
			return nil, s.closedOr(err)
		}
		st, err := s.add(c, c.RemoteAddr().(*net.TCPAddr).AddrPort(), true)
		switch {
		case err == nil:
			return st, nil
		case !errors.Is(err, errRefused):
			return nil, err
		}
	}
}

// closedOr gives the same error for all that Close ends.
func (s *sockets) closedOr(err error) error {
	if s.done.Err() != nil {
		return net.ErrClosed
	}
	return err
}

// pause waits for errorPause or for Close.
func (s *sockets) pause() {
	t := time.NewTimer(errorPause)
	defer t.Stop()
	select {
	case <-t.C:
	case <-s.done.Done():
	}
}

func (s *sockets) Close() error {
	s.closeOnce.Do(func() {
		s.cancel()
		s.closeErr = errors.Join(s.udp.Close(), s.tcp.Close())
		s.streams.close()
	})
	return s.closeErr
}
