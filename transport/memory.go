package transport

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"net/netip"
	"sync"
	"syscall"
	"time"
)

// Memory is a network inside the process. Addresses on it are what the caller says they are; nothing leaves the process.
//
// In a testing/synctest bubble, make the network and everything on it inside the bubble. Each direction between two
// addresses has its own random numbers from the seed: the fate of the n-th datagram from one to the other is the same in
// every run, however the goroutines of others were scheduled.
//
// A new network loses nothing, delays nothing and connects all. All settings may be changed at any time.
type Memory struct {
	seed uint64

	mu      sync.Mutex
	hosts   map[netip.AddrPort]*memoryTransport
	paths   map[path]*rand.Rand
	loss    float64
	latency time.Duration
	jitter  time.Duration
	link    func(from, to netip.AddrPort) bool
	changed chan struct{} // closed, and replaced, when link changes
}

// path is one direction between two addresses. Streams have numbers of their own, or a stream's traffic, which comes in
// pieces of arbitrary size, would change what happens to the datagrams beside it.
type path struct {
	from, to netip.AddrPort
	streams  bool
}

// NewMemory makes a network.
func NewMemory(seed uint64) *Memory {
	return &Memory{
		seed: seed, hosts: map[netip.AddrPort]*memoryTransport{}, paths: map[path]*rand.Rand{},
		changed: make(chan struct{}),
	}
}

// Listen makes a transport at an address, which is the same for datagrams and streams. Options.SocketBuffer has no
// meaning here. If the address is taken, errors.Is(err, [syscall.EADDRINUSE]) holds; Close frees it.
func (m *Memory) Listen(at netip.AddrPort, opts Options) (Transport, error) {
	at = unmap(at)
	if !at.IsValid() || at.Addr().IsUnspecified() || at.Port() == 0 {
		return nil, fmt.Errorf("transport: memory address %v: it must have an IP and a port, neither of them zero", at)
	}
	t := newMemoryTransport(m, at, opts.withDefaults())
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.hosts[at] != nil {
		return nil, fmt.Errorf("transport: memory address %v: %w", at, syscall.EADDRINUSE)
	}
	m.hosts[at] = t
	return t, nil
}

// SetLoss sets the share of datagrams that get lost, 0 to 1. Streams lose nothing, as TCP repeats what is lost.
func (m *Memory) SetLoss(share float64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.loss = share
}

// SetLatency sets how long a datagram, or a piece of a stream, is on its way: fixed, plus up to jitter, evenly spread.
// Jitter above the distance between two datagrams changes their order; a stream's pieces keep theirs. To dial takes one
// way there and one back.
func (m *Memory) SetLatency(fixed, jitter time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.latency, m.jitter = max(fixed, 0), max(jitter, 0)
}

// SetLink sets which address can send to which; nil connects all. The function is called from many goroutines, often,
// and must give the same answer for the same addresses until the next SetLink.
//
// A datagram has to find its link up when it is sent and when it is read. A stream over a link that is down stalls: its
// bytes wait, and go on when the link is up again; deadlines and Options.IdleTimeout end it meanwhile. A dial waits for
// both directions.
func (m *Memory) SetLink(link func(from, to netip.AddrPort) bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.link = link
	close(m.changed)
	m.changed = make(chan struct{})
}

// up tells whether a link is up, and when to ask again. The caller holds no lock: the answer is a user's function.
func (m *Memory) up(from, to netip.AddrPort) (bool, <-chan struct{}) {
	m.mu.Lock()
	link, changed := m.link, m.changed
	m.mu.Unlock()
	return link == nil || link(from, to), changed
}

func (m *Memory) host(at netip.AddrPort) *memoryTransport {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.hosts[at]
}

func (m *Memory) remove(t *memoryTransport) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.hosts[t.local] == t {
		delete(m.hosts, t.local)
	}
}

// travel decides how long the next thing on p is on its way, and whether it gets lost there. It takes the same count of
// random numbers whatever the settings are, so a change of them does not shift the rest of the run.
func (m *Memory) travel(p path) (took time.Duration, lost bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	rng := m.paths[p]
	if rng == nil {
		rng = rand.New(rand.NewPCG(m.seed, p.hash()))
		m.paths[p] = rng
	}
	fate, share := rng.Float64(), rng.Float64()
	return m.latency + time.Duration(share*float64(m.jitter)), fate < m.loss
}

func (p path) hash() uint64 {
	h := fnv.New64a()
	_, _ = fmt.Fprintf(h, "%v %v %v", p.from, p.to, p.streams) // a hash does not fail
	return h.Sum64()
}
