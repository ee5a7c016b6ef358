package detector

import (
	"container/heap"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/view"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// net runs detectors in virtual time over a toy membership: an end is flooded along the edges before and after the
// change, and whoever sees another hash tells the ends it knows. One seed makes one run.
type net struct {
	t      testing.TB
	rng    *rand.Rand
	now    time.Duration
	queue  events
	serial uint64
	nodes  []*node
	byID   map[uint64]*node
	drop   func(from, to *node) float64 // probability of loss; nil: none
	trace  uint64                       // hash of all that was sent
	sent   int                          // packets of detectors
	slow   time.Duration                // added to the latency
	watch  func(from *node, to *view.Member, m wire.Message)
}

type node struct {
	net     *net
	i       int
	self    *view.Member
	view    *view.View
	det     *Detector
	down    bool
	paused  time.Duration // until when it stands still
	waiting []*packet
	out     map[uint64][]wire.Message
	outIDs  []uint64
	ends    map[uint64]uint32 // tags of ended lives
	told    map[uint64]time.Duration
	gone    map[uint64]time.Duration // when it removed whom
	noticed time.Duration            // when it learned that it was removed itself
	wake    uint64
	island  bool
	suspect map[uint64]bool
	sent    int
}

type packet struct {
	from, to *node
	toTag    uint32
	hash     uint64
	msgs     []wire.Message
	ends     map[uint64]uint32
	notice   bool
	unknown  bool
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

func testMember(i int) *view.Member {
	return view.NewMember(wire.Record{
		Name: fmt.Sprintf("n%d", i), Life: wire.Life{Generation: 1, Boot: uint64(i) + 1},
		Addr: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), 7787),
	})
}

func newNet(t testing.TB, n int, seed uint64) *net {
	w := &net{t: t, rng: rand.New(rand.NewPCG(seed, 7)), now: time.Second, byID: map[uint64]*node{}}
	members := make([]*view.Member, n)
	for i := range members {
		members[i] = testMember(i)
	}
	v := view.New(members)
	for i := range members {
		w.add(i, seed, v)
	}
	for _, x := range w.nodes {
		x.turn()
	}
	return w
}

// add makes a node that holds v.
func (w *net) add(i int, seed uint64, v *view.View) *node {
	m := testMember(i)
	x := &node{
		net: w, i: i, self: m, view: v, out: map[uint64][]wire.Message{}, ends: map[uint64]uint32{},
		told: map[uint64]time.Duration{}, gone: map[uint64]time.Duration{}, suspect: map[uint64]bool{},
	}
	x.det = New(w.now, Config{Rand: rand.New(rand.NewPCG(seed, uint64(i)+100))}, m, x)
	x.det.SetView(w.now, v)
	w.nodes = append(w.nodes, x)
	w.byID[m.ID] = x
	return x
}

func (w *net) at(d time.Duration, do func()) uint64 {
	w.serial++
	heap.Push(&w.queue, event{w.now + d, w.serial, do})
	return w.serial
}

func (w *net) upTo(d time.Duration) time.Duration { return time.Duration(w.rng.Int64N(int64(d))) }

func (w *net) run(d time.Duration) {
	end := w.now + d
	for len(w.queue) > 0 && w.queue[0].at <= end {
		e := heap.Pop(&w.queue).(event)
		w.now = e.at
		e.do()
	}
	w.now = end
}

// until runs until cond holds and tells how long that took, or fails.
func (w *net) until(limit time.Duration, what string, cond func() bool) time.Duration {
	w.t.Helper()
	start := w.now
	for !cond() {
		if w.now-start > limit {
			w.dump()
			w.t.Fatalf("not within %v: %s", limit, what)
		}
		w.run(10 * time.Millisecond)
	}
	return w.now - start
}

func (w *net) dump() {
	for _, x := range w.nodes {
		if x.down {
			continue
		}
		s := fmt.Sprintf("n%d view %d out %v late %v:", x.i, x.view.Len(), x.det.out, x.det.Late(w.now))
		for _, id := range x.det.Suspects() {
			s += fmt.Sprintf(" n%d(", w.byID[id].i)
			for _, a := range x.det.Accusers(id) {
				s += fmt.Sprintf("%d ", w.byID[a.ID].i)
			}
			s += ")"
		}
		w.t.Log(s)
	}
}

// exact reports whether all live nodes hold exactly the view of the live.
func (w *net) exact(live []*node) bool {
	for _, x := range live {
		if x.view.Len() != len(live) {
			return false
		}
		for _, y := range live {
			if x.view.Find(y.self.ID) == nil {
				return false
			}
		}
	}
	return true
}

func (w *net) live() []*node {
	var out []*node
	for _, x := range w.nodes {
		if !x.down {
			out = append(out, x)
		}
	}
	return out
}

// removed lists who was removed by somebody.
func (w *net) removed() map[int]int {
	out := map[int]int{}
	for _, x := range w.nodes {
		for id := range x.gone {
			out[w.byID[id].i]++
		}
	}
	return out
}

func (w *net) pause(x *node, d time.Duration) {
	x.paused = w.now + d
	w.at(d, func() {
		waiting := x.waiting
		x.waiting = nil
		for _, p := range waiting {
			x.deliver(p)
		}
		x.turn()
	})
}

// Send, Convict, Suspected and Cleared make a node the Host of its detector.

func (x *node) SendPing(to *view.Member, p wire.Ping) { x.Send(to, p) }

func (x *node) SendAck(to *view.Member, a wire.Ack) { x.Send(to, a) }

func (x *node) Send(to *view.Member, m wire.Message) {
	if x.out[to.ID] == nil {
		x.outIDs = append(x.outIDs, to.ID)
	}
	section := wire.AppendSection(nil, m)
	if len(section) > wire.MaxSection {
		x.net.t.Errorf("a section of %d bytes", len(section))
	}
	x.net.trace ^= to.ID + uint64(x.net.now)
	for _, b := range section {
		x.net.trace = (x.net.trace ^ uint64(b)) * 1099511628211 // FNV-1a
	}
	if x.net.watch != nil {
		x.net.watch(x, to, m)
	}
	x.out[to.ID] = append(x.out[to.ID], m)
}

func (x *node) Convict(_ time.Duration, verdicts []Verdict) {
	ends := map[uint64]uint32{}
	for _, v := range verdicts {
		ends[v.Member.ID] = v.Member.Tag
		x.island = x.island || v.Accusers == nil
		if len(v.Accusers) > wire.MaxAccusers || v.Accusers != nil && len(v.Accusers) < quorum {
			x.net.t.Errorf("accusers %v", v.Accusers)
		}
	}
	x.merge(ends)
}

func (x *node) Suspected(_ time.Duration, m *view.Member, by []Accusation) {
	if x.suspect[m.ID] || len(by) == 0 {
		x.net.t.Errorf("n%d: suspected twice, or by nobody", x.i)
	}
	x.suspect[m.ID] = true
}

func (x *node) Cleared(_ time.Duration, m *view.Member) {
	if !x.suspect[m.ID] {
		x.net.t.Errorf("n%d: cleared without suspicion", x.i)
	}
	delete(x.suspect, m.ID)
}

func (x *node) merge(ends map[uint64]uint32) {
	gone := map[uint64]bool{}
	for id, tag := range ends {
		if m := x.view.Find(id); m != nil && m.Tag == tag && id != x.self.ID {
			gone[id] = true
			x.ends[id] = tag
			x.gone[id] = x.net.now
		}
	}
	if len(gone) == 0 {
		return
	}
	before := x.view
	x.view = before.Without(gone)
	x.det.SetView(x.net.now, x.view)
	for id := range gone {
		delete(x.suspect, id)
	}
	if x.island {
		return
	}
	sent := map[uint64]bool{}
	for _, m := range slices.Concat(before.Neighbors(x.self.ID), x.view.Neighbors(x.self.ID)) {
		if !sent[m.ID] {
			sent[m.ID] = true
			x.net.send(&packet{from: x, to: x.net.byID[m.ID], toTag: m.Tag, ends: x.snapshot()})
		}
	}
}

func (x *node) snapshot() map[uint64]uint32 {
	out := map[uint64]uint32{}
	for id, tag := range x.ends {
		out[id] = tag
	}
	return out
}

func (w *net) send(p *packet) {
	p.hash = p.from.view.Hash()
	if w.drop != nil {
		if loss := w.drop(p.from, p.to); loss > 0 && w.rng.Float64() < loss {
			return
		}
	}
	w.at(w.slow+200*time.Microsecond+time.Duration(w.rng.Int64N(int64(1800*time.Microsecond))), func() { p.to.arrive(p) })
}

func (x *node) arrive(p *packet) {
	switch {
	case x.down:
	case x.paused > x.net.now:
		x.waiting = append(x.waiting, p)
	default:
		x.deliver(p)
		x.turn()
	}
}

func (x *node) deliver(p *packet) {
	now := x.net.now
	from := x.view.Find(p.from.self.ID)
	if p.notice {
		if x.noticed == 0 && (x.view.Len() < 2*p.to.view.Len() || x.det.Late(now)) {
			x.noticed = now
			x.det.SetOut(now, true)
		}
		return
	}
	if p.unknown {
		x.det.Unknown(now, from)
		return
	}
	if from == nil && x.ends[p.from.self.ID] == 0 {
		x.net.send(&packet{from: x, to: p.from, unknown: true})
		return
	}
	if from == nil || from.Tag != p.from.self.Tag {
		if now-x.told[p.from.self.ID] > 200*time.Millisecond {
			x.told[p.from.self.ID] = now
			x.net.send(&packet{from: x, to: p.from, notice: true})
		}
		return
	}
	x.det.Heard(now, from)
	for _, m := range p.msgs {
		switch m := m.(type) {
		case wire.Ping:
			x.det.Pinged(now, from, m)
		case wire.Ack:
			x.det.Acked(now, from, m)
		default:
			x.det.Receive(now, from, m)
		}
	}
	if p.ends != nil {
		x.merge(p.ends)
	}
	if p.hash != x.view.Hash() && p.ends == nil && now-x.told[from.ID] > 100*time.Millisecond {
		x.told[from.ID] = now
		x.net.send(&packet{from: x, to: p.from, toTag: from.Tag, ends: x.snapshot()})
	}
}

// turn does what is due, sends what was said and arms the timer.
func (x *node) turn() {
	w := x.net
	if x.down || x.paused > w.now {
		return
	}
	if x.det.Next() <= w.now {
		x.det.Tick(w.now)
	}
	for _, id := range x.outIDs {
		w.sent++
		x.sent++
		to := w.byID[id]
		w.send(&packet{from: x, to: to, toTag: to.self.Tag, msgs: x.out[id]})
		delete(x.out, id)
	}
	x.outIDs = x.outIDs[:0]
	next := x.det.Next()
	if next == 0 {
		return
	}
	if next <= w.now {
		w.t.Errorf("n%d: Tick at %v left something due at %v", x.i, w.now, next)
		next = w.now + time.Millisecond
	}
	var serial uint64
	serial = w.at(next-w.now, func() {
		if x.wake == serial {
			x.turn()
		}
	})
	x.wake = serial
}
