package fabric

import (
	"context"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"
)

// end is one end of a stream, of bytes or of frames, that suffers what the link does to it.
type end struct {
	port   *Port
	peer   netip.AddrPort // the member that was dialed; zero at that member itself, where nothing is suffered
	ctx    context.Context
	cancel context.CancelFunc // at Close

	mu      sync.Mutex
	by      time.Time // the owner's deadline
	reading bool      // the last that went over the stream was read; the first write begins a turn
}

func newEnd(p *Port, peer netip.AddrPort) end {
	ctx, cancel := context.WithCancel(context.Background())
	return end{port: p, peer: peer, ctx: ctx, cancel: cancel, reading: true}
}

func (e *end) deadline(t time.Time) {
	e.mu.Lock()
	e.by = t
	e.mu.Unlock()
}

// suffer takes the time that the link costs for n bytes, at most until the owner's deadline.
func (e *end) suffer(n int, reading bool) error {
	if !e.peer.IsValid() {
		return nil
	}
	e.mu.Lock()
	turn := e.reading != reading
	e.reading = reading
	by := e.by
	e.mu.Unlock()
	ctx := e.ctx
	if !by.IsZero() {
		limited, cancel := context.WithDeadline(ctx, by)
		defer cancel()
		ctx = limited
	}
	if err := e.port.Faults.Segments(ctx, e.port.Self, e.peer, n, turn); err != nil {
		if e.ctx.Err() != nil {
			return net.ErrClosed
		}
		return os.ErrDeadlineExceeded
	}
	return nil
}
