package transport

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"
)

const (
	// memoryBacklog is how many streams may wait for Accept; one more is refused.
	memoryBacklog = 128

	// firstEphemeral is where the ports start that dialing takes, as on most systems.
	firstEphemeral = 49152
)

// memoryTransport is a Transport on a Memory network. It has no goroutine: what is on its way lies in a queue of the
// receiver, with the time at which it may be seen.
type memoryTransport struct {
	*streams
	network *Memory
	local   netip.AddrPort
	opts    Options
	inbox   *inbox

	done   context.Context // ends at Close
	cancel context.CancelFunc

	mu      sync.Mutex // guards closed together with what is in backlog, and dialed
	closed  bool
	backlog chan *memoryConn
	dialed  uint16
}

func newMemoryTransport(m *Memory, at netip.AddrPort, opts Options) *memoryTransport {
	t := &memoryTransport{
		streams: newStreams(opts), network: m, local: at, opts: opts,
		inbox: newInbox(), backlog: make(chan *memoryConn, memoryBacklog),
	}
	t.done, t.cancel = context.WithCancel(context.Background())
	return t
}

func (t *memoryTransport) LocalAddr() netip.AddrPort { return t.local }

func (t *memoryTransport) WriteTo(b []byte, to netip.AddrPort) error {
	if len(b) > MaxDatagram {
		return fmt.Errorf("%w: a datagram of %d bytes, the limit is %d", ErrTooLarge, len(b), MaxDatagram)
	}
	to = unmap(to)
	if !to.IsValid() {
		return t.failed("write", to, errors.New("missing address"))
	}
	if t.done.Err() != nil {
		return t.failed("write", to, net.ErrClosed)
	}
	up, _ := t.network.up(t.local, to)
	host := t.network.host(to)
	if host == nil {
		return nil
	}
	took, lost := t.network.travel(path{from: t.local, to: to})
	if up && !lost {
		host.inbox.put(b, t.local, time.Now(), took)
	}
	return nil
}

func (t *memoryTransport) ReadFrom(b []byte) (int, netip.AddrPort, error) {
	for {
		if t.done.Err() != nil {
			return 0, netip.AddrPort{}, net.ErrClosed
		}
		d, next, wake := t.inbox.take(time.Now())
		if d == nil {
			await(next, wake, t.done.Done())
			continue
		}
		if up, _ := t.network.up(d.from, t.local); up {
			return copy(b, d.data), d.from, nil
		}
	}
}

func (t *memoryTransport) Dial(ctx context.Context, to netip.AddrPort) (Stream, error) {
	to = unmap(to)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(t.done, cancel)()
	if t.opts.DialTimeout > 0 {
		timed, stop := context.WithTimeout(ctx, t.opts.DialTimeout)
		defer stop()
		ctx = timed
	}
	if err := t.reach(ctx, to); err != nil {
		if t.done.Err() != nil {
			return nil, net.ErrClosed
		}
		return nil, t.failed("dial", to, err)
	}
	host := t.network.host(to)
	if host == nil {
		return nil, t.failed("dial", to, syscall.ECONNREFUSED)
	}
	near, far := newMemoryConns(t.network, t.local, to, t.ephemeral())
	s, err := t.add(near, to, false)
	if err != nil {
		return nil, err
	}
	if !host.offer(far) {
		_ = s.Close() // nobody is at the other end
		return nil, t.failed("dial", to, syscall.ECONNREFUSED)
	}
	return s, nil
}

// reach waits as long as a first packet and its answer take, and as long as the link is down.
func (t *memoryTransport) reach(ctx context.Context, to netip.AddrPort) error {
	there, _ := t.network.travel(path{from: t.local, to: to, streams: true})
	back, _ := t.network.travel(path{from: to, to: t.local, streams: true})
	arrives := time.Now().Add(there + back)
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		upThere, changed := t.network.up(t.local, to)
		upBack, _ := t.network.up(to, t.local)
		wait := time.Until(arrives)
		if upThere && upBack && wait <= 0 {
			return nil
		}
		var next time.Time
		if wait > 0 {
			next = arrives
		}
		await(next, changed, ctx.Done())
	}
}

func (t *memoryTransport) Accept() (Stream, error) {
	for {
		if t.done.Err() != nil {
			return nil, net.ErrClosed
		}
		select {
		case <-t.done.Done():
		case c := <-t.backlog:
			s, err := t.add(c, c.remote, true)
			switch {
			case err == nil:
				return s, nil
			case !errors.Is(err, errRefused):
				return nil, err
			}
		}
	}
}

// offer leaves a stream to Accept, or says that it is refused.
func (t *memoryTransport) offer(c *memoryConn) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return false
	}
	select {
	case t.backlog <- c:
		return true
	default:
		return false
	}
}

// ephemeral is the address that the other side of a dialed stream sees.
func (t *memoryTransport) ephemeral() netip.AddrPort {
	t.mu.Lock()
	defer t.mu.Unlock()
	port := firstEphemeral + t.dialed%(1<<16-firstEphemeral)
	t.dialed++
	return netip.AddrPortFrom(t.local.Addr(), port)
}

func (t *memoryTransport) Close() error {
	t.mu.Lock()
	first := !t.closed
	t.closed = true
	t.mu.Unlock()
	if !first {
		return nil
	}
	t.cancel()
	t.network.remove(t)
	t.streams.close()
	for {
		select {
		case c := <-t.backlog:
			_ = c.Close() // it never fails
		default:
			return nil
		}
	}
}

func (t *memoryTransport) failed(op string, to netip.AddrPort, err error) error {
	return memoryError(op, t.local, to, err)
}

func memoryError(op string, from, to netip.AddrPort, err error) error {
	return fmt.Errorf("%s memory %v->%v: %w", op, from, to, err)
}

// await returns at next, unless that is zero, or when one of the channels has something.
func await(next time.Time, wake, other <-chan struct{}) {
	var timer <-chan time.Time
	if !next.IsZero() {
		t := time.NewTimer(time.Until(next))
		defer t.Stop()
		timer = t.C
	}
	select {
	case <-timer:
	case <-wake:
	case <-other:
	}
}
