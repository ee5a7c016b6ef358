package transport

import (
	"bufio"
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"
)

// errRefused never leaves the package: Accept goes on to the next.
var errRefused = errors.New("transport: too many inbound streams")

// streams is the set of a transport's open streams: it bounds those that came from outside and ends all at Close.
type streams struct {
	opts Options

	mu      sync.Mutex
	closed  bool
	open    map[*stream]struct{}
	inbound int
	perIP   map[netip.Addr]int // inbound ones; no entry is zero
	refused uint64
}

func newStreams(opts Options) *streams {
	return &streams{opts: opts, open: map[*stream]struct{}{}, perIP: map[netip.Addr]int{}}
}

// add makes a stream of c, or closes c: the error is net.ErrClosed or errRefused.
func (r *streams) add(c conn, remote netip.AddrPort, inbound bool) (*stream, error) {
	s := &stream{
		conn: c, remote: unmap(remote), inbound: inbound, streams: r,
		reader: bufio.NewReaderSize(c, readSize), idle: r.opts.IdleTimeout,
	}
	if inbound && r.opts.FirstFrameTimeout > 0 {
		s.firstBy = time.Now().Add(r.opts.FirstFrameTimeout)
	}
	if err := r.register(s); err != nil {
		_ = c.Close() // nobody has used it yet: there is nothing to lose
		return nil, err
	}
	return s, nil
}

func (r *streams) register(s *stream) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return net.ErrClosed
	}
	if s.inbound {
		if r.full(s.remote.Addr()) {
			r.refused++
			return errRefused
		}
		r.inbound++
		r.perIP[s.remote.Addr()]++
	}
	r.open[s] = struct{}{}
	return nil
}

func (r *streams) full(from netip.Addr) bool {
	if r.opts.MaxInbound > 0 && r.inbound >= r.opts.MaxInbound {
		return true
	}
	return r.opts.MaxInboundPerIP > 0 && !from.IsLoopback() && r.perIP[from] >= r.opts.MaxInboundPerIP
}

func (r *streams) remove(s *stream) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.open, s)
	if !s.inbound {
		return
	}
	r.inbound--
	from := s.remote.Addr()
	if r.perIP[from]--; r.perIP[from] == 0 {
		delete(r.perIP, from)
	}
}

// close ends all streams; add then refuses new ones.
func (r *streams) close() {
	r.mu.Lock()
	r.closed = true
	all := make([]*stream, 0, len(r.open))
	for s := range r.open {
		all = append(all, s)
	}
	r.mu.Unlock()
	for _, s := range all {
		_ = s.Close() // the transport goes away whatever it says
	}
}

// Refused implements RefusedCounter.
func (r *streams) Refused() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.refused
}
