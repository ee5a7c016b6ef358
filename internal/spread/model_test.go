package spread_test

import (
	"container/heap"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/antientropy"
	"github.com/grapevine-gossip/grapevine/internal/spread"
	"github.com/grapevine-gossip/grapevine/internal/store"
	"github.com/grapevine-gossip/grapevine/internal/view"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// The model of section 0 of the rules: a link takes 0.2 to 1.0 ms one way, the same for each packet of a pair, and up
// to 0.1 ms more for each; packets are lost independently. Every packet is encoded and read again.

type event struct {
	at  time.Duration
	seq int
	do  func()
}

type events []event

func (q events) Len() int { return len(q) }
func (q events) Less(i, j int) bool {
	return q[i].at < q[j].at || q[i].at == q[j].at && q[i].seq < q[j].seq
}
func (q events) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *events) Push(x any)   { *q = append(*q, x.(event)) }
func (q *events) Pop() any {
	old := *q
	e := old[len(old)-1]
	*q = old[:len(old)-1]
	return e
}

type network struct {
	t     testing.TB
	rng   *rand.Rand
	now   time.Duration
	seq   int
	queue events
	codec *wire.Codec
	nodes []*node
	byID  map[uint64]*node

	loss      float64
	cut       func(from, to *node) bool // whether nothing passes
	lose      func(from, to *node, m wire.Message) bool
	failPulls int // that many streams fail
	check     func(from, to *node, m wire.Message)

	packets, bytes  int
	streams, stream int // bytes of streams
	kinds           map[wire.Kind]int
	trace           uint64 // hash of all that was sent
}

type node struct {
	net    *network
	name   string
	id     uint64
	st     *store.Store
	sp     *spread.Spread
	ae     *antientropy.Exchange // nil: none
	raw    *view.View
	out    map[uint64][]byte // sections by receiver
	order  []uint64
	tick   time.Duration // when the next tick is queued
	got    int           // entries received
	reach  map[string]time.Duration
	source map[string]uint64
	events []store.Change
	keep   bool // gather events
}

type options struct {
	n      int
	seed   uint64
	loss   float64
	budget int
	ae     bool
	pings  bool // a packet that says nothing goes from each member to a neighbour each second
}

func record(name string, i int) wire.Record {
	return wire.Record{
		Name: name, Life: wire.Life{Generation: 1, Boot: uint64(i) + 1},
		Addr:       netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), 7787),
		MinVersion: 1, MaxVersion: 1,
	}
}

// newNetwork makes a settled cluster.
func newNetwork(t testing.TB, o options) *network {
	net := &network{
		t: t, rng: rand.New(rand.NewPCG(o.seed, 1)), codec: wire.NewCodec("model"), byID: map[uint64]*node{},
		loss: o.loss, kinds: map[wire.Kind]int{}, now: time.Second,
	}
	records := make([]wire.Record, o.n)
	members := make([]*view.Member, o.n)
	for i := range records {
		records[i] = record(fmt.Sprintf("m%d", i), i)
		members[i] = view.NewMember(records[i])
	}
	v := view.New(members)
	for i, r := range records {
		n := net.add(r, o, uint64(i))
		for _, r := range records {
			n.st.MergeRecord(net.now, r, 0, true)
		}
		n.st.Changes()
		n.raw = v
		n.sp.SetView(net.now, v, v)
		if n.ae != nil {
			n.ae.SetView(net.now, v)
		}
		n.wake()
		if o.pings {
			net.at(net.now+time.Duration(net.rng.Int64N(int64(time.Second))), n.ping)
		}
	}
	return net
}

// ping carries the hashes to a neighbour, as probes do.
func (n *node) ping() {
	near := n.raw.Neighbors(n.id)
	n.Send(near[n.net.rng.IntN(len(near))], wire.Want{})
	n.settle()
	n.net.at(n.net.now+time.Second, n.ping)
}

func (net *network) add(r wire.Record, o options, i uint64) *node {
	n := &node{net: net, name: r.Name, id: wire.ID(r.Name), out: map[uint64][]byte{}}
	n.reach, n.source = map[string]time.Duration{}, map[string]uint64{}
	n.st = store.New(r, store.Limits{})
	rng := rand.New(rand.NewPCG(o.seed, i+100))
	n.sp = spread.New(spread.Config{Rand: rng, Budget: o.budget}, n.id, n.st, counting{n})
	if o.ae {
		n.ae = antientropy.New(antientropy.Config{Rand: rng}, n.id, n.st, n)
	}
	net.nodes = append(net.nodes, n)
	net.byID[n.id] = n
	return n
}

func (net *network) at(t time.Duration, do func()) {
	net.seq++
	heap.Push(&net.queue, event{t, net.seq, do})
}

// run lets time pass.
func (net *network) run(d time.Duration) {
	end := net.now + d
	for len(net.queue) > 0 && net.queue[0].at <= end {
		e := heap.Pop(&net.queue).(event)
		net.now = e.at
		e.do()
	}
	net.now = end
}

// until runs until ok, at most for d, and returns how long it took.
func (net *network) until(d time.Duration, ok func() bool) (time.Duration, bool) {
	start := net.now
	for net.now-start < d {
		if ok() {
			return net.now - start, true
		}
		net.run(time.Millisecond)
	}
	return d, ok()
}

func (net *network) delay(a, b *node) time.Duration {
	lo, hi := min(a.id, b.id), max(a.id, b.id)
	fixed := time.Duration(wire.Mix(lo^wire.Mix(hi))%800_000) + 200_000
	return fixed + time.Duration(net.rng.IntN(100_000))
}

// counting is the host of a spread.
type counting struct{ *node }

func (c counting) Send(to *view.Member, m wire.Message) int {
	bytes := wire.SectionSize(m)
	if len(c.out[to.ID]) == 0 {
		bytes += wire.FrameOverhead
	}
	c.node.Send(to, m)
	return bytes
}

// Send implements the host of an exchange.
func (n *node) Send(to *view.Member, m wire.Message) {
	dest := n.net.byID[to.ID]
	if dest == nil || dest == n {
		n.net.t.Fatalf("%s sends %s to %s", n.name, m.Kind(), to.Name)
	}
	section := wire.AppendSection(nil, m)
	if len(section) > wire.MaxSection {
		n.net.t.Fatalf("%s of %d bytes", m.Kind(), len(section))
	}
	if n.net.check != nil {
		n.net.check(n, dest, m)
	}
	n.net.kinds[m.Kind()]++
	if n.net.lose != nil && n.net.lose(n, dest, m) {
		return
	}
	if old := n.out[to.ID]; len(old)+len(section) > wire.MaxSection {
		n.flushTo(to.ID)
	}
	if len(n.out[to.ID]) == 0 {
		n.order = append(n.order, to.ID)
	}
	n.out[to.ID] = append(n.out[to.ID], section...)
}

func (n *node) flush() {
	order := n.order
	n.order = nil
	for _, id := range order {
		n.flushTo(id)
	}
}

func (n *node) flushTo(id uint64) {
	sections := n.out[id]
	if len(sections) == 0 {
		return
	}
	delete(n.out, id)
	net, to := n.net, n.net.byID[id]
	h := wire.Header{
		From: wire.RefOf(n.id, n.st.Self.Record.Life), To: 1, View: n.st.ViewHash(), State: n.st.StateHash(),
	}
	frame := net.codec.AppendFrame(nil, h, sections)
	if len(frame) > wire.MaxDatagram {
		net.t.Fatalf("packet of %d bytes", len(frame))
	}
	net.packets++
	net.bytes += len(frame)
	sum := fnv.New64a()
	fmt.Fprint(sum, net.trace, net.now, n.id, id)
	sum.Write(frame)
	net.trace = sum.Sum64()
	if net.rng.Float64() < net.loss || net.cut != nil && net.cut(n, to) {
		return
	}
	net.at(net.now+net.delay(n, to), func() { to.packet(n, frame) })
}

func (n *node) packet(from *node, frame []byte) {
	h, msgs, err := n.net.codec.Open(frame, nil)
	if err != nil {
		n.net.t.Fatal(err)
	}
	member := n.raw.Find(from.id)
	if member == nil || wire.RefOf(member.ID, member.Life) != h.From {
		return
	}
	n.sp.Hashes(member, h.View, h.State)
	if n.ae != nil {
		n.ae.Hashes(n.net.now, member, h.View, h.State)
	}
	for _, m := range msgs {
		n.receive(member, m)
	}
	n.settle()
}

func (n *node) receive(from *view.Member, m wire.Message) {
	switch m := m.(type) {
	case wire.Recent, wire.Digest, wire.Versions, wire.Sketch, wire.LifeDigest, wire.Want:
		if n.ae != nil {
			n.ae.Receive(n.net.now, from, m)
		}
	case wire.Delta:
		n.got += len(m.Entries)
		n.sp.Receive(n.net.now, from, m)
	default:
		n.sp.Receive(n.net.now, from, m)
	}
}

// settle ends a turn.
func (n *node) settle() {
	now := n.net.now
	for {
		changes := n.st.Changes()
		v := n.st.View()
		if len(changes) == 0 && v.Hash() == n.raw.Hash() {
			break
		}
		if v.Hash() != n.raw.Hash() {
			before := n.raw
			n.raw = v
			n.sp.SetView(now, before, v)
			if n.ae != nil {
				n.ae.SetView(now, v)
			}
		}
		n.sp.Changed(now, changes)
		for _, c := range changes {
			if n.keep {
				n.events = append(n.events, c)
			}
			for _, e := range c.Entries {
				n.reach[e.Key] = now
				n.source[e.Key] = c.Source
			}
		}
	}
	n.flush()
	n.wake()
}

// wake queues the next tick.
func (n *node) wake() {
	next := n.sp.Next()
	if n.ae != nil {
		if at := n.ae.Next(); next == 0 || at > 0 && at < next {
			next = at
		}
	}
	if next == 0 || n.tick > n.net.now && n.tick <= next {
		return
	}
	next = max(next, n.net.now+time.Microsecond)
	n.tick = next
	n.net.at(next, func() {
		if n.tick != next {
			return
		}
		n.tick = 0
		n.sp.Tick(n.net.now)
		if n.ae != nil {
			n.ae.Tick(n.net.now)
		}
		n.settle()
	})
}

// Offer implements antientropy.Host.
func (n *node) Offer(now time.Duration, from *view.Member, versions []wire.Versioned) {
	n.sp.Offer(now, from, versions)
}

// Malformed implements spread.Host.
func (n *node) Malformed(err error) { n.net.t.Errorf("%s: %v", n.name, err) }

var errReset = errors.New("connection reset")

// Pull opens a stream: it takes a round trip to open, then carries a frame each 0.5 ms.
func (n *node) Pull(now time.Duration, from *view.Member, req wire.Request) {
	net, server := n.net, n.net.byID[from.ID]
	net.streams++
	one := net.delay(n, server)
	if net.failPulls > 0 || net.cut != nil && net.cut(n, server) {
		net.failPulls--
		net.at(now+3*one, func() { n.sp.PullDone(net.now, from.ID, errReset); n.settle() })
		return
	}
	var transfer *spread.Transfer
	var next func()
	next = func() {
		msgs, more := transfer.Next(60 << 10)
		var sections []byte
		for _, m := range msgs {
			sections = wire.AppendSection(sections, m)
		}
		if len(sections) > wire.MaxStreamFrame-wire.FrameOverhead {
			net.t.Fatalf("frame of %d bytes", len(sections))
		}
		frame := net.codec.AppendFrame(nil, wire.Header{From: wire.RefOf(server.id, server.st.Self.Record.Life)}, sections)
		net.stream += len(frame)
		net.at(net.now+one, func() { n.frame(from, frame, !more) })
		if more {
			net.at(net.now+time.Millisecond/2, next)
		}
		server.wake()
	}
	net.at(now+3*one, func() { transfer = server.sp.Serve(net.now, req); next() })
}

func (n *node) frame(from *view.Member, frame []byte, last bool) {
	_, msgs, err := n.net.codec.Open(frame, nil)
	if err != nil {
		n.net.t.Fatal(err)
	}
	for _, m := range msgs {
		n.receive(from, m)
	}
	if last {
		n.sp.PullDone(n.net.now, from.ID, nil)
	}
	n.settle()
}

func (n *node) set(key string, value []byte) {
	if _, err := n.st.Set(n.net.now, key, value, 0, nil); err != nil {
		n.net.t.Fatal(err)
	}
}

// agree reports whether all hold the same view and state.
func (net *network) agree() bool {
	for _, n := range net.nodes {
		if n.st.ViewHash() != net.nodes[0].st.ViewHash() || n.st.StateHash() != net.nodes[0].st.StateHash() {
			return false
		}
	}
	return true
}

// have counts the members that hold a key of an owner.
func (net *network) have(owner *node, key string) int {
	count := 0
	for _, n := range net.nodes {
		if m := n.st.Find(owner.id); m != nil {
			if _, ok := m.Space.Get(key); ok {
				count++
			}
		}
	}
	return count
}
