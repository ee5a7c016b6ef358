// Package local runs a cluster of real members in one process, over real sockets on loopback, and plays with it: members
// are killed and revived, links cut, packets lost and delayed.
package local

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/netip"
	"sync"
	"time"

	"github.com/grapevine-gossip/grapevine/transport"
)

// Chaos is what the links between the members of one process suffer.
type Chaos struct {
	Loss    float64       // share of datagrams lost
	Latency time.Duration // one way

	mu   sync.RWMutex
	side map[netip.AddrPort]int // links between different sides are cut; a member that is not listed is on side 0
}

var errCut = errors.New("the link is cut")

// Split puts the addresses on a side of their own.
func (c *Chaos) Split(addrs []netip.AddrPort, side int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.side == nil {
		c.side = map[netip.AddrPort]int{}
	}
	for _, a := range addrs {
		c.side[a] = side
	}
}

// Heal mends every link.
func (c *Chaos) Heal() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.side = nil
}

func (c *Chaos) cut(a, b netip.AddrPort) bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.side[a] != c.side[b]
}

// wrap makes everything that a transport sends suffer.
func (c *Chaos) wrap(t transport.Transport) transport.Transport {
	return &chaotic{Transport: t, chaos: c, self: t.LocalAddr()}
}

type chaotic struct {
	transport.Transport
	chaos *Chaos
	self  netip.AddrPort
}

func (t *chaotic) WriteTo(b []byte, to netip.AddrPort) error {
	if t.chaos.cut(t.self, to) || t.chaos.Loss > 0 && rand.Float64() < t.chaos.Loss {
		return nil
	}
	if t.chaos.Latency == 0 {
		return t.Transport.WriteTo(b, to)
	}
	later := append([]byte(nil), b...)
	time.AfterFunc(t.chaos.Latency, func() {
		// Lost if the transport is closed by then, as on a real network.
		_ = t.Transport.WriteTo(later, to)
	})
	return nil
}

func (t *chaotic) Dial(ctx context.Context, to netip.AddrPort) (transport.Stream, error) {
	if t.chaos.cut(t.self, to) {
		return nil, errCut
	}
	s, err := t.Transport.Dial(ctx, to)
	if err != nil {
		return nil, err
	}
	return &chaoticStream{Stream: s, t: t, to: to}, nil
}

// chaoticStream is the dialling side, the only one that knows the addresses of both members.
type chaoticStream struct {
	transport.Stream
	t  *chaotic
	to netip.AddrPort
}

func (s *chaoticStream) ReadFrame(buf []byte) ([]byte, error) {
	b, err := s.Stream.ReadFrame(buf)
	if err == nil && s.t.chaos.cut(s.t.self, s.to) {
		s.Stream.Close()
		return nil, errCut
	}
	return b, err
}

func (s *chaoticStream) WriteFrame(b []byte) error {
	if s.t.chaos.cut(s.t.self, s.to) {
		s.Stream.Close()
		return errCut
	}
	return s.Stream.WriteFrame(b)
}
