package gossip

import (
	"container/heap"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/publish"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// world runs machines in virtual time over a network that delays, loses and cuts as a test says. One seed makes one
// world.
type world struct {
	t       testing.TB
	rng     *rand.Rand
	now     time.Duration
	queue   events
	serial  uint64
	nodes   []*node
	byAddr  map[netip.AddrPort]*node
	loss    float64
	cut     func(from, to *node) bool
	streams map[uint64]*worldStream
	nextIn  uint64
	sent    struct{ packets, bytes int }
	largest int
}

type node struct {
	name    string
	addr    netip.AddrPort
	m       *Machine
	up      bool
	stopped time.Duration // until when it stands still
	backlog []func()
	wake    uint64 // serial of the timer that counts
	events  []publish.Event
	snap    *publish.Snapshot
}

type event struct {
	at     time.Duration
	serial uint64
	do     func()
}

type events []event

func (q events) Len() int { return len(q) }
func (q events) Less(i, j int) bool {
	return q[i].at < q[j].at || q[i].at == q[j].at && q[i].serial < q[j].serial
}
func (q events) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *events) Push(x any)   { *q = append(*q, x.(event)) }
func (q *events) Pop() any {
	old := *q
	x := old[len(old)-1]
	*q = old[:len(old)-1]
	return x
}

func newWorld(t testing.TB, seed uint64) *world {
	return &world{
		t: t, rng: rand.New(rand.NewPCG(seed, 1)), now: time.Second, byAddr: map[netip.AddrPort]*node{},
		streams: map[uint64]*worldStream{},
	}
}

func (w *world) at(d time.Duration, do func()) uint64 {
	w.serial++
	heap.Push(&w.queue, event{w.now + d, w.serial, do})
	return w.serial
}

func addrOf(i int) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), 7787)
}

// start adds a member at its own address; seeds are addresses of others.
func (w *world) start(name string, addr netip.AddrPort, cfg Config, seeds ...netip.AddrPort) *node {
	cfg.Addr = addr
	return w.startConfig(name, addr, cfg, seeds)
}

// startAs adds a member that advertises another address than the one it has.
func (w *world) startAs(name string, addr, advertised netip.AddrPort, seeds ...netip.AddrPort) *node {
	return w.startConfig(name, addr, Config{Addr: advertised}, seeds)
}

func (w *world) startConfig(name string, addr netip.AddrPort, cfg Config, seeds []netip.AddrPort) *node {
	cfg.Name = name
	if cfg.Cluster == "" {
		cfg.Cluster = "test"
	}
	cfg.Boot = w.rng.Uint64() | 1
	cfg.Rand = rand.New(rand.NewPCG(w.rng.Uint64(), 2))
	cfg.HasSeeds = len(seeds) > 0
	n := &node{name: name, addr: addr, up: true, m: New(w.now, cfg)}
	w.nodes = append(w.nodes, n)
	w.byAddr[addr] = n
	if len(seeds) > 0 {
		w.do(n, SetSeeds{Addrs: seeds})
	}
	w.turn(n)
	return n
}

func (n *node) addrs() []netip.AddrPort { return []netip.AddrPort{n.addr} }

// startMany starts n members at once, all with the first as their seed.
func (w *world) startMany(n int) []*node {
	out := []*node{w.start("n0", addrOf(1), Config{})}
	for i := 1; i < n; i++ {
		out = append(out, w.start(fmt.Sprintf("n%d", i), addrOf(i+1), Config{}, out[0].addr))
	}
	return out
}

func (w *world) crash(n *node) {
	n.up = false
	if w.byAddr[n.addr] == n {
		delete(w.byAddr, n.addr)
	}
	w.nodes = slices.DeleteFunc(w.nodes, func(o *node) bool { return o == n })
}

// stop makes a member stand still, as SIGSTOP does: what arrives waits for it.
func (w *world) stop(n *node, d time.Duration) {
	n.stopped = w.now + d
	w.at(d, func() {
		waiting := n.backlog
		n.backlog = nil
		for _, f := range waiting {
			f()
		}
		w.turn(n)
	})
}

func (w *world) do(n *node, c Command) Result {
	w.t.Helper()
	r, err := n.m.Do(w.now, c)
	if err != nil {
		w.t.Fatalf("%s: %T: %v", n.name, c, err)
	}
	w.turn(n)
	return r
}

// into runs f as a delivery to n, now or when it wakes.
func (w *world) into(n *node, f func()) {
	if n.up && n.stopped > w.now {
		if len(n.backlog) < 1000 {
			n.backlog = append(n.backlog, f)
		}
		return
	}
	if n.up {
		f()
		w.turn(n)
	}
}

// turn takes what the machine has to say and arms its timer.
func (w *world) turn(n *node) {
	if !n.up || n.stopped > w.now {
		return
	}
	if n.m.Next() <= w.now {
		n.m.Tick(w.now)
	}
	w.pump(n)
	out := n.m.Ready()
	for _, p := range out.Packets {
		w.send(n, p)
	}
	n.events = append(n.events, out.Events...)
	for _, c := range out.Streams {
		w.stream(n, c)
	}
	n.snap = out.Snapshot
	w.pump(n)
	next := max(n.m.Next(), w.now+time.Microsecond)
	var serial uint64
	serial = w.at(next-w.now, func() {
		if n.wake == serial && n.up && n.stopped <= w.now {
			w.turn(n)
		}
	})
	n.wake = serial
}

var trace func(*node, Packet)

func (w *world) send(from *node, p Packet) {
	if trace != nil {
		trace(from, p)
	}
	w.sent.packets++
	w.sent.bytes += len(p.Data)
	w.largest = max(w.largest, len(p.Data))
	if len(p.Data) > wire.MaxDatagram {
		w.t.Errorf("%s sent %d bytes", from.name, len(p.Data))
	}
	if w.loss > 0 && w.rng.Float64() < w.loss {
		return
	}
	data := slices.Clone(p.Data)
	to := p.To
	w.at(w.latency(), func() {
		n := w.byAddr[to]
		if n == nil || !n.up || w.cut != nil && w.cut(from, n) {
			return
		}
		w.into(n, func() { n.m.Step(w.now, from.addr, data) })
	})
}

func (w *world) latency() time.Duration {
	return 200*time.Microsecond + time.Duration(w.rng.Int64N(int64(800*time.Microsecond)))
}

// run lets d pass.
func (w *world) run(d time.Duration) {
	end := w.now + d
	for len(w.queue) > 0 && w.queue[0].at <= end {
		e := heap.Pop(&w.queue).(event)
		w.now = e.at
		e.do()
	}
	w.now = end
}

// until runs until cond holds and returns how long that took; it fails the test after limit.
func (w *world) until(what string, limit time.Duration, cond func() bool) time.Duration {
	w.t.Helper()
	start := w.now
	for !cond() {
		if w.now-start > limit {
			w.dump()
			w.t.Fatalf("not within %v: %s", limit, what)
		}
		w.run(5 * time.Millisecond)
	}
	return w.now - start
}

func (w *world) dump() {
	for _, n := range w.nodes {
		var names []string
		for _, m := range n.m.raw.All() {
			names = append(names, fmt.Sprintf("%s.%d.%d", m.Name, m.Life.Generation, m.Life.Incarnation))
		}
		slices.Sort(names)
		if len(names) > 4 {
			names = append(names[:4], "…")
		}
		w.t.Logf("%s standing %d view %x of %d stable %v waiting for %v: %v", n.name, n.snap.Standing, n.snap.View, n.snap.Size,
			n.snap.Stable, n.snap.WaitingFor, names)
	}
}

// agreed reports whether these members all hold exactly the view of themselves.
func agreed(nodes []*node) bool {
	for _, n := range nodes {
		if n.m.raw.Len() != len(nodes) || n.m.raw.Hash() != nodes[0].m.raw.Hash() {
			return false
		}
	}
	return true
}

func stable(nodes []*node) bool {
	for _, n := range nodes {
		if n.snap.Size != len(nodes) || !n.snap.Stable || n.snap.View != nodes[0].snap.View {
			return false
		}
	}
	return true
}

// value reads a key of owner at n.
func (n *node) value(owner, key string) string {
	m, ok := n.snap.Members.Get(owner)
	if !ok {
		return ""
	}
	e, ok := m.Keys.Get(key)
	if !ok {
		return ""
	}
	return string(e.Value)
}

// count is how many events of a kind about a name n has seen; "" is anybody.
func (n *node) count(kind publish.EventKind, name string) int {
	c := 0
	for _, e := range n.events {
		if e.Kind == kind && (name == "" || e.Member != nil && e.Member.Name == name) {
			c++
		}
	}
	return c
}

// worldStream is one stream: a pipe of frames in each direction.
type worldStream struct {
	a, b     *node
	ida, idb uint64
	up       bool
	done     [2]bool
}

func (w *world) stream(n *node, c StreamCall) {
	if c.Close {
		for id, s := range w.streams {
			if s.a == n && s.ida == c.ID || s.b == n && s.idb == c.ID {
				w.breakStream(id, s, fmt.Errorf("closed by the other side"), n)
			}
		}
		return
	}
	w.nextIn++
	id := w.nextIn
	w.at(w.latency(), func() {
		to := w.byAddr[c.To]
		if to == nil || w.cut != nil && (w.cut(n, to) || w.cut(to, n)) {
			w.into(n, func() { n.m.StreamDown(w.now, c.ID, fmt.Errorf("no route")) })
			return
		}
		s := &worldStream{a: n, b: to, ida: c.ID, idb: 2*id + 1, up: true}
		w.streams[id] = s
		w.into(to, func() { to.m.StreamUp(w.now, s.idb, n.addr) })
		w.into(n, func() { n.m.StreamUp(w.now, s.ida, to.addr) })
	})
}

func (w *world) breakStream(id uint64, s *worldStream, err error, by *node) {
	delete(w.streams, id)
	for _, end := range []struct {
		n  *node
		id uint64
	}{{s.a, s.ida}, {s.b, s.idb}} {
		if end.n != by && end.n.up {
			w.at(w.latency(), func() { w.into(end.n, func() { end.n.m.StreamDown(w.now, end.id, err) }) })
		}
	}
}

// pump writes what the machine has for its streams.
func (w *world) pump(n *node) {
	ids := make([]uint64, 0, len(w.streams))
	for id := range w.streams {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		s := w.streams[id]
		side, me, to, toID := 0, s.ida, s.b, s.idb
		if s.b == n {
			side, me, to, toID = 1, s.idb, s.a, s.ida
		} else if s.a != n {
			continue
		}
		for !s.done[side] {
			frame, more := n.m.Fill(me, nil)
			if frame != nil {
				w.at(w.latency(), func() { w.into(to, func() { to.m.StreamFrame(w.now, toID, frame) }) })
			}
			if !more {
				s.done[side] = true
				if s.done[0] && s.done[1] {
					w.at(3*time.Millisecond, func() { w.breakStream(id, s, nil, nil) })
				}
			}
			if frame == nil {
				break
			}
		}
	}
}
