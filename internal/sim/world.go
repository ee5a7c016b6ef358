// Package sim runs the protocol in worlds made of numbers: many machines of internal/gossip, with real encoded packets, in
// virtual time, over a network and on computers whose faults are drawn from one seed. The same seed makes the same
// world, packet for packet, on every processor. It is a test of the protocol, and a way to ask how a cluster of a given
// size and network would behave.
//
// Single-threaded: a World and all in it belong to one goroutine.
package sim

import (
	"math/rand/v2"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/gossip"
	"github.com/grapevine-gossip/grapevine/internal/publish"
)

// Config describes a world. The zero Config is an empty, perfect one.
type Config struct {
	Seed       uint64
	Link       Link
	Host       Host
	Cores      int // processors that all members share; 0: each has one of its own
	Settings   Settings
	KeepEvents bool // in Node.Events
	Check      Checks

	GoOn func() bool // asked now and then, if not nil; false ends the world for good

	apart bool // members share no memory, and somebody reads what they measure, as in processes of their own
}

// Checks says which invariants are checked.
type Checks uint8

// The checks. All of them look at each member's whole state after every step: work that grows with the size.
const (
	NoChecks    Checks = iota
	OraclesOnly        // reports of stability, and sizes
	AllChecks
)

// Settings are the members' configuration, by the names of gossip.Config.
type Settings struct {
	Phi      float64
	Interval time.Duration
	Quick    int
	MaxKey   int
	MaxValue int
	MaxSpace int
	Budget   int
	Variant  gossip.Variant
	Compare  gossip.Comparison
	Tree     bool
}

// World is a network, the members on it, and what time it is.
type World struct {
	cfg    Config
	rng    *rand.Rand // for those who play with the world; the network has its own
	now    time.Duration
	queue  queue
	net    network
	cores  cores
	nodes  []*Node
	trace  trace
	steps  uint64 // of machines: the order of things within an instant
	count  uint64 // events handled
	shared *gossip.Shared

	OnEvent   func(*Node, *publish.Event) // called for each event that a member publishes
	OnPublish func(*Node)                 // called when a member has published another snapshot
	Largest   int                         // bytes of the largest datagram

	checkers   *checkers
	sightings  []*Sighting
	violations []Violation
	stopped    bool
}

// New makes a world without members.
func New(cfg Config) *World {
	w := &World{cfg: cfg, rng: rand.New(rand.NewPCG(cfg.Seed, 1)), now: time.Second}
	if !cfg.apart {
		w.shared = gossip.NewShared()
	}
	w.net = network{link: cfg.Link, rng: rand.New(rand.NewPCG(cfg.Seed, 2)), weather: map[pair]*weather{}}
	w.cores.free = make([]time.Duration, cfg.Cores)
	if cfg.Check != NoChecks {
		w.checkers = newCheckers(cfg.Check)
	}
	return w
}

// Now is the time since the beginning of the world, which is at one second.
func (w *World) Now() time.Duration { return w.now }

// Rand is the generator for those who play with the world.
func (w *World) Rand() *rand.Rand { return w.rng }

// Nodes are all members that ever were, in the order of their first start.
func (w *World) Nodes() []*Node { return w.nodes }

// Handled is how many events of the queue were handled so far.
func (w *World) Handled() uint64 { return w.count }

// Dropped tells how many packets links lost, and how many went to addresses that nobody has.
func (w *World) Dropped() (lost, nobody uint64) { return w.net.lost, w.net.nobody }

// At has a function called after d.
func (w *World) At(d time.Duration, call func()) {
	w.queue.add(w.now+max(d, 0), atCall).call = call
}

// Run lets d pass.
func (w *World) Run(d time.Duration) {
	end := w.now + d
	for w.queue.len() > 0 && w.queue.next() <= end && !w.broken() {
		w.step()
	}
	w.now = end
}

// Until runs until cond holds, which is looked at every few milliseconds. It returns how long that took, and whether it
// held within the limit.
func (w *World) Until(limit time.Duration, cond func() bool) (time.Duration, bool) {
	start := w.now
	for !cond() {
		if w.now-start >= limit || w.broken() {
			return w.now - start, false
		}
		w.Run(min(glance, start+limit-w.now))
	}
	return w.now - start, true
}

const glance = 5 * time.Millisecond

// askEvery is how many events are handled between two calls of Config.GoOn: a fraction of a second.
const askEvery = 1 << 12

// Stopped reports whether Config.GoOn ended the world.
func (w *World) Stopped() bool { return w.stopped }

// step handles the earliest event.
func (w *World) step() {
	at, e := w.queue.take()
	w.now = at
	if w.count++; w.count%askEvery == 1 && w.cfg.GoOn != nil && !w.cfg.GoOn() {
		w.stopped = true
	}
	switch e.kind {
	case atPacket:
		if to := w.net.holder(e.addr); to != nil {
			to.arrivesOverLine(e.src, e.data)
		} else {
			w.net.nobody++
			w.net.recycle(e.data)
		}
	case atTurn:
		w.timer(e.to, e.lives)
	case atStream:
		e.to.streamArrives(e.lives, e.item)
	case atCall:
		e.call()
	}
	w.queue.release(e)
}

// timer gives a process its turn if that is what the event was for.
func (w *World) timer(n *Node, lives uint32) {
	if !n.up || n.lives != lives || n.armed != w.now {
		return
	}
	n.armed = 0
	if n.inbox.n == 0 && n.slept == 0 && w.now < n.due {
		n.arm(n.due) // a deadline that was put off since
		return
	}
	n.poke()
}
