package sim

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/gossip"
)

// ErrDown says that no process of that member runs.
var ErrDown = errors.New("no process runs")

// Member describes a member that is to be started. Zero fields: a name and an address of its own, no seeds, the
// world's host and settings.
type Member struct {
	Name       string
	Addr       uint32 // its number; 0: the next free one
	Seeds      []uint32
	Host       *Host
	Settings   *Settings
	Cluster    string
	Generation uint64
}

// Start adds a member.
func (w *World) Start(c Member) *Node {
	n := &Node{Name: c.Name, Index: len(w.nodes), w: w, addr: c.Addr, host: w.cfg.Host, seeds: c.Seeds}
	if n.Name == "" {
		n.Name = fmt.Sprintf("n%d", n.Index)
	}
	if n.addr == 0 {
		n.addr = w.freeAddr()
	}
	if c.Host != nil {
		n.host = *c.Host
	}
	s := w.cfg.Settings
	if c.Settings != nil {
		s = *c.Settings
	}
	n.config = gossip.Config{
		Name: n.Name, Cluster: c.Cluster, Generation: c.Generation, Phi: s.Phi, Interval: s.Interval, Quick: s.Quick,
		MaxKey: s.MaxKey, MaxValue: s.MaxValue, MaxSpace: s.MaxSpace, Budget: s.Budget,
		Variant: s.Variant, Compare: s.Compare, Tree: s.Tree,
	}
	if n.config.Cluster == "" {
		n.config.Cluster = "sim"
	}
	w.nodes = append(w.nodes, n)
	w.boot(n)
	return n
}

// StartMany starts members at once, all with the first of them as their seed.
func (w *World) StartMany(count int) []*Node {
	out := make([]*Node, 0, count)
	for i := range count {
		c := Member{}
		if i > 0 {
			c.Seeds = []uint32{out[0].addr}
		}
		out = append(out, w.Start(c))
	}
	return out
}

func (w *World) freeAddr() uint32 { return uint32(max(len(w.net.at), 1)) }

// boot starts a process of the member at its address. Its chance depends on the seed, the name and the number of the
// process alone, so that other members' faults do not change it.
func (w *World) boot(n *Node) {
	n.lives++
	rng := rand.New(rand.NewPCG(w.cfg.Seed^uint64(n.Index+1)<<20, uint64(n.lives)))
	n.up, n.snap = true, nil
	n.still, n.slept, n.busy, n.armed, n.streams = 0, 0, 0, 0, nil
	n.inbox.clear()
	n.offset = upTo(rng, 1000*time.Second) // the zero of a monotonic clock means nothing
	n.last = 0
	cfg := n.config
	cfg.Addr = AddrPort(n.addr)
	cfg.Boot = rng.Uint64() | 1
	cfg.Rand = rng
	cfg.HasSeeds = len(n.seeds) > 0
	cfg.Shared, cfg.Unread = w.shared, !w.cfg.apart
	w.net.place(n.addr, n)
	n.m = gossip.New(n.clock(w.now), cfg)
	w.checkStart(n)
	if len(n.seeds) > 0 {
		_, _ = n.m.Do(n.clock(w.now), gossip.SetSeeds{Addrs: addrPorts(n.seeds)}) // a new process can't have left
		w.checkStep(n)
	}
	w.finish(n, w.now, 0)
}

func addrPorts(addrs []uint32) []netip.AddrPort {
	out := make([]netip.AddrPort, len(addrs))
	for i, a := range addrs {
		out[i] = AddrPort(a)
	}
	return out
}

// Crash ends the process at once.
func (w *World) Crash(n *Node) {
	if !n.up {
		return
	}
	w.checkCrash(n)
	for _, s := range n.streams {
		if s.open {
			w.closeStream(s, errReset)
		}
	}
	n.up = false
	n.lives++
	n.config.Generation = n.snap.Self.Life.Generation
	n.inbox.clear()
	if w.net.holder(n.addr) == n {
		w.net.place(n.addr, nil)
	}
}

// Restart starts another process of a member whose process has ended. With its data kept it knows the generation of the
// one before; without, it has to learn it. Seeds replace those it had, unless nil.
func (w *World) Restart(n *Node, kept bool, seeds []uint32) {
	if n.up {
		return
	}
	if kept {
		n.config.Generation++
	} else {
		n.config.Generation = 0
	}
	if seeds != nil {
		n.seeds = seeds
	}
	if h := w.net.holder(n.addr); h != nil {
		n.addr = w.freeAddr()
	}
	w.boot(n)
}

// Move gives a member whose process has ended another address, as when a container is started elsewhere.
func (w *World) Move(n *Node) {
	if !n.up {
		n.addr = w.freeAddr()
		w.net.place(n.addr, nil)
	}
}

// Do gives a command to a member. A process that stands still does it when it wakes.
func (w *World) Do(n *Node, c gossip.Command) (gossip.Result, error) {
	if !n.up {
		return gossip.Result{}, ErrDown
	}
	if n.still > w.now {
		n.inbox.push(item{what: itemCommand, at: w.now, do: c})
		return gossip.Result{}, nil
	}
	r, err := n.m.Do(n.clock(w.now), c)
	w.checkStep(n)
	n.due = min(n.due, w.now) // what came of it goes out as soon as the process is free
	n.poke()
	return r, err
}

// Set writes one of a member's keys.
func (w *World) Set(n *Node, key, value string) error {
	_, err := w.Do(n, gossip.Set{Key: key, Value: []byte(value)})
	return err
}

// Delete removes one of a member's keys.
func (w *World) Delete(n *Node, key string) error {
	_, err := w.Do(n, gossip.Delete{Key: key})
	return err
}

// Leave has a member end its own life.
func (w *World) Leave(n *Node) error {
	_, err := w.Do(n, gossip.Leave{})
	return err
}

// Join has a member contact addresses.
func (w *World) Join(n *Node, addrs ...uint32) error {
	_, err := w.Do(n, gossip.Join{Addrs: addrPorts(addrs)})
	return err
}

// Pause makes a process stand still. Its clock goes on, as in a collection of garbage or under SIGSTOP; with asleep it
// stands still too, as Linux's does while the machine is suspended.
func (w *World) Pause(n *Node, d time.Duration, asleep bool) {
	if !n.up || n.still > w.now {
		return
	}
	n.still = w.now + d
	if asleep {
		n.slept = d
		n.offset -= d
	}
	n.arm(n.still)
}

// Freeze lets a process stand still without a clock that shows it: a virtual machine that is stopped, and whose time is
// not set right when it goes on.
func (w *World) Freeze(n *Node, d time.Duration) {
	if n.up && n.still <= w.now {
		n.offset -= d
		w.Pause(n, d, false)
	}
}

// SetHost replaces the computer that a member runs on.
func (w *World) SetHost(n *Node, h Host) { n.host = h }

// Host is the computer that a member runs on.
func (n *Node) Host() Host { return n.host }
