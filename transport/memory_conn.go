package transport

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"time"
)

// memoryWindow is how many bytes one direction of a stream takes before writing waits for the other side to read.
const memoryWindow = 256 << 10

// memoryConn is one side of a stream's bytes.
type memoryConn struct {
	remote  netip.AddrPort
	in, out *pipe
}

// newMemoryConns joins two addresses. The far side sees the near one at seen.
func newMemoryConns(m *Memory, near, far, seen netip.AddrPort) (*memoryConn, *memoryConn) {
	there, back := newPipe(m, near, far), newPipe(m, far, near)
	return &memoryConn{remote: far, in: back, out: there}, &memoryConn{remote: seen, in: there, out: back}
}

func (c *memoryConn) Read(b []byte) (int, error)  { return c.in.read(b) }
func (c *memoryConn) Write(b []byte) (int, error) { return c.out.write(b) }

func (c *memoryConn) CloseWrite() error {
	c.out.shut()
	return nil
}

func (c *memoryConn) Close() error {
	c.in.leave()
	c.out.shut()
	return nil
}

func (c *memoryConn) SetReadDeadline(t time.Time) error {
	c.in.set(&c.in.readBy, t)
	return nil
}

func (c *memoryConn) SetWriteDeadline(t time.Time) error {
	c.out.set(&c.out.writeBy, t)
	return nil
}

// piece is what one write put into a pipe.
type piece struct {
	at   time.Time // when it arrives
	data []byte
}

// pipe is one direction of a stream.
type pipe struct {
	network  *Memory
	from, to netip.AddrPort

	mu      sync.Mutex
	pieces  []piece
	size    int       // bytes in pieces
	last    time.Time // arrival of the newest piece, which no later one overtakes
	ended   bool      // the writer is done; that arrives at last
	left    bool      // the reader is gone
	readBy  time.Time
	writeBy time.Time
	changed chan struct{} // closed, and replaced, at every change of the above
}

func newPipe(m *Memory, from, to netip.AddrPort) *pipe {
	return &pipe{network: m, from: from, to: to, changed: make(chan struct{})}
}

// wakeAll is called with the lock held.
func (p *pipe) wakeAll() {
	close(p.changed)
	p.changed = make(chan struct{})
}

func (p *pipe) set(deadline *time.Time, t time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	*deadline = t
	p.wakeAll()
}

// leave is the reader's end: nothing it has not read yet will be read.
func (p *pipe) leave() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.left, p.pieces, p.size = true, nil, 0
	p.wakeAll()
}

// shut is the writer's end: what was written still arrives.
func (p *pipe) shut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.ended {
		p.ended = true
		p.depart(time.Now())
		p.wakeAll()
	}
}

// depart returns when what is sent now arrives: after all that was sent before it.
func (p *pipe) depart(now time.Time) time.Time {
	took, _ := p.network.travel(path{from: p.from, to: p.to, streams: true})
	if at := now.Add(took); at.After(p.last) {
		p.last = at
	}
	return p.last
}

func (p *pipe) read(b []byte) (int, error) {
	for {
		up, linkChanged := p.network.up(p.from, p.to)
		p.mu.Lock()
		n, next, err := p.tryRead(b, up, time.Now())
		changed := p.changed
		p.mu.Unlock()
		if n > 0 || errors.Is(err, io.EOF) {
			return n, err
		}
		if err != nil {
			return 0, memoryError("read", p.to, p.from, err)
		}
		await(next, changed, linkChanged)
	}
}

// tryRead does what can be done now, or says when to look again.
func (p *pipe) tryRead(b []byte, up bool, now time.Time) (n int, next time.Time, err error) {
	if p.left {
		return 0, time.Time{}, net.ErrClosed
	}
	if expired(p.readBy, now) {
		return 0, time.Time{}, os.ErrDeadlineExceeded
	}
	if !up || (len(p.pieces) == 0 && !p.ended) {
		return 0, p.readBy, nil
	}
	at := p.last
	if len(p.pieces) > 0 {
		at = p.pieces[0].at
	}
	if at.After(now) {
		return 0, earlier(p.readBy, at), nil
	}
	if len(p.pieces) == 0 {
		return 0, time.Time{}, io.EOF
	}
	head := &p.pieces[0]
	n = copy(b, head.data)
	head.data = head.data[n:]
	if len(head.data) == 0 {
		p.pieces = p.pieces[1:]
	}
	p.size -= n
	p.wakeAll()
	return n, time.Time{}, nil
}

func (p *pipe) write(b []byte) (int, error) {
	written := 0
	for written < len(b) {
		up, linkChanged := p.network.up(p.from, p.to)
		p.mu.Lock()
		n, err := p.tryWrite(b[written:], up, time.Now())
		changed, by := p.changed, p.writeBy
		p.mu.Unlock()
		if err != nil {
			return written, memoryError("write", p.from, p.to, err)
		}
		written += n
		if n == 0 {
			await(by, changed, linkChanged)
		}
	}
	return written, nil
}

func (p *pipe) tryWrite(b []byte, up bool, now time.Time) (int, error) {
	switch {
	case p.ended:
		return 0, net.ErrClosed
	case expired(p.writeBy, now):
		return 0, os.ErrDeadlineExceeded
	case p.left && up: // over a link that is down nobody learns of it
		return 0, syscall.EPIPE
	}
	n := min(len(b), memoryWindow-p.size)
	if n == 0 {
		return 0, nil
	}
	data := make([]byte, n)
	copy(data, b)
	p.pieces = append(p.pieces, piece{at: p.depart(now), data: data})
	p.size += n
	p.wakeAll()
	return n, nil
}

func expired(deadline, now time.Time) bool { return !deadline.IsZero() && !now.Before(deadline) }
