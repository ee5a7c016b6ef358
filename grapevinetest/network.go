// Package grapevinetest is a network for tests of programs that use Grapevine: nodes in one process talk over it, it
// loses, delays and cuts as the test says, and nothing leaves the process.
//
// Give each node a transport of the network in its configuration. In a testing/synctest bubble time passes by itself as
// soon as everybody waits, so a test of an hour's partition takes milliseconds and has no sleeps to tune; make the
// network and the nodes inside the bubble, and close the nodes before it ends.
//
// # Guarantees
//
// The same seed loses and delays the same datagrams of each sender to each receiver. After Partition or Isolate returns,
// no datagram and no byte of a stream passes a cut link until Heal.
//
// # Limitations
//
// The seed does not order goroutines: two nodes that send at the same moment may be heard in either order. Bandwidth is
// not limited, and datagrams are not doubled; package transport says how the rest behaves.
package grapevinetest

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"github.com/grapevine-gossip/grapevine/transport"
)

// DefaultPort is the port of addresses that the network chooses.
const DefaultPort = 7787

// Network connects the transports made from it. Its methods may be called at any time, from any goroutine.
type Network struct {
	memory *transport.Memory

	mu    sync.Mutex
	next  netip.Addr    // the next address to choose
	apart map[pair]bool // both orders of each pair
	alone map[netip.AddrPort]bool
}

type pair struct{ from, to netip.AddrPort }

// NewNetwork makes a network that loses nothing, delays nothing and connects all.
func NewNetwork(seed uint64) *Network {
	n := &Network{memory: transport.NewMemory(seed), next: netip.AddrFrom4([4]byte{10, 0, 0, 1})}
	n.Heal()
	return n
}

// Transport makes a transport at an address such as "10.0.0.1:7787"; "" means the next free one, counted from there. A
// closed transport frees its address, so that a node can be started again where it was.
//
// It panics if the address has no IP and port, or is taken: that is a mistake in the test.
func (n *Network) Transport(at string) transport.Transport {
	if at == "" {
		return n.nextTransport()
	}
	addr, err := netip.ParseAddrPort(at)
	if err != nil {
		panic(fmt.Sprintf("grapevinetest: address %q: %v", at, err))
	}
	t, err := n.memory.Listen(addr, transport.Options{})
	if err != nil {
		panic(fmt.Sprintf("grapevinetest: %v", err))
	}
	return t
}

func (n *Network) nextTransport() transport.Transport {
	n.mu.Lock()
	defer n.mu.Unlock()
	for {
		at := netip.AddrPortFrom(n.next, DefaultPort)
		n.next = n.next.Next()
		t, err := n.memory.Listen(at, transport.Options{})
		if err == nil {
			return t
		}
		if !errors.Is(err, syscall.EADDRINUSE) { // the test has chosen that one itself
			panic(fmt.Sprintf("grapevinetest: %v", err))
		}
	}
}

// SetLoss sets the share of datagrams that get lost, 0 to 1. Streams lose nothing.
func (n *Network) SetLoss(share float64) { n.memory.SetLoss(share) }

// SetLatency sets how long everything is on its way, in each direction: fixed, plus up to jitter, evenly spread.
func (n *Network) SetLatency(fixed, jitter time.Duration) { n.memory.SetLatency(fixed, jitter) }

// Partition cuts every link between an address of a and one of b, in both directions. Links within a and within b, and
// what earlier calls have cut, stay as they are. An address need not be in use yet.
func (n *Network) Partition(a, b []netip.AddrPort) {
	n.mu.Lock()
	defer n.mu.Unlock()
	apart := maps.Clone(n.apart)
	for _, x := range a {
		for _, y := range b {
			apart[pair{x, y}], apart[pair{y, x}] = true, true
		}
	}
	n.cut(apart, n.alone)
}

// Isolate cuts an address off from all others.
func (n *Network) Isolate(at netip.AddrPort) {
	n.mu.Lock()
	defer n.mu.Unlock()
	alone := maps.Clone(n.alone)
	alone[at] = true
	n.cut(n.apart, alone)
}

// Heal takes back all that Partition and Isolate have cut. Streams that were stalled go on; datagrams are lost.
func (n *Network) Heal() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.cut(map[pair]bool{}, map[netip.AddrPort]bool{})
}

// cut is called with the lock held. The maps are not changed afterwards: the network reads them without the lock.
func (n *Network) cut(apart map[pair]bool, alone map[netip.AddrPort]bool) {
	n.apart, n.alone = apart, alone
	n.memory.SetLink(func(from, to netip.AddrPort) bool {
		return !apart[pair{from, to}] && (from == to || !alone[from] && !alone[to])
	})
}
