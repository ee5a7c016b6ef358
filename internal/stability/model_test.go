package stability

import (
	"cmp"
	"container/heap"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/view"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// network says what happens to a packet.
type network struct {
	least, most time.Duration // delay, even between the two
	jitter      time.Duration // and up to so much on top, so that packets overtake each other
	loss        float64
	dup         float64 // chance of a second copy
	late        float64 // chance of a delay of up to 200 ms
}

var lan = network{least: 200 * time.Microsecond, most: time.Millisecond}

// world runs many trees against each other, one event at a time. Equal seeds give equal runs.
type world struct {
	rng    *rand.Rand
	net    network
	now    time.Duration
	seq    int // of events: the order in which things happen, for the oracle
	queue  events
	actors []*actor
	byID   map[uint64]*actor
	found  func(a *actor, v *view.View) // on every report

	messages, packets int
}

// actor is one member.
type actor struct {
	w      *world
	m      *view.Member
	tree   *Tree
	v      *view.View
	dead   bool
	tickAt time.Duration
	spans  map[uint64][]span // view -> when it was held
	sentTo []*view.Member    // in this turn

	reports    int
	reportedAt time.Duration
}

// span is an interval in numbers of events; end is exclusive, 0 while it lasts.
type span struct{ start, end int }

type event struct {
	at  time.Duration
	seq int
	to  *actor
	do  func(*actor) // a call of the schedule, or
	msg wire.Message // a message, or a tick
	m   uint64       // its sender
}

type events []event

func (e events) Len() int { return len(e) }
func (e events) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(e[i].at, e[j].at), cmp.Compare(e[i].seq, e[j].seq)) < 0
}
func (e events) Swap(i, j int) { e[i], e[j] = e[j], e[i] }
func (e *events) Push(x any)   { *e = append(*e, x.(event)) }
func (e *events) Pop() any {
	last := len(*e) - 1
	x := (*e)[last]
	(*e)[last] = event{}
	*e = (*e)[:last]
	return x
}

func newWorld(seed uint64, net network, members []*view.Member) *world {
	w := &world{rng: rand.New(rand.NewPCG(seed, 7)), net: net, now: time.Second, byID: map[uint64]*actor{}}
	for _, m := range members {
		a := &actor{w: w, m: m, spans: map[uint64][]span{}}
		a.tree = New(m.ID, a)
		w.actors = append(w.actors, a)
		w.byID[m.ID] = a
	}
	return w
}

func (a *actor) Send(to *view.Member, m wire.Message) {
	w := a.w
	w.messages++
	if !slices.Contains(a.sentTo, to) {
		a.sentTo = append(a.sentTo, to)
		w.packets++
	}
	if w.rng.Float64() >= w.net.loss {
		w.deliver(a, to, m)
	}
	if w.net.dup > 0 && w.rng.Float64() < w.net.dup {
		w.deliver(a, to, m)
	}
}

func (w *world) deliver(from *actor, to *view.Member, m wire.Message) {
	w.push(event{at: w.now + w.delay(), to: w.byID[to.ID], msg: m, m: from.m.ID})
}

func (w *world) delay() time.Duration {
	d := w.net.least + w.upTo(w.net.most-w.net.least) + w.upTo(w.net.jitter)
	if w.net.late > 0 && w.rng.Float64() < w.net.late {
		d += w.upTo(200 * time.Millisecond)
	}
	return d
}

func (w *world) upTo(d time.Duration) time.Duration { return time.Duration(w.rng.Int64N(int64(d) + 1)) }

func (a *actor) Stabilized(now time.Duration, v *view.View) {
	if now != a.w.now || v != a.v {
		panic("a report about another moment or view")
	}
	a.reports++
	a.reportedAt = now
	if a.w.found != nil {
		a.w.found(a, v)
	}
}

// hold is a change of view.
func (a *actor) hold(v *view.View) {
	if a.dead {
		return
	}
	if a.v == nil || a.v.Hash() != v.Hash() {
		a.let()
		h := v.Hash()
		a.spans[h] = append(a.spans[h], span{start: a.w.seq})
	}
	a.v = v
	a.tree.SetView(a.w.now, v)
}

func (a *actor) die() {
	a.let()
	a.dead = true
}

func (a *actor) let() {
	if a.v == nil || a.dead {
		return
	}
	s := a.spans[a.v.Hash()]
	s[len(s)-1].end = a.w.seq
}

func (w *world) push(e event) {
	w.seq++
	e.seq = w.seq
	heap.Push(&w.queue, e)
}

// at schedules a call.
func (w *world) at(t time.Duration, a *actor, do func(*actor)) { w.push(event{at: t, to: a, do: do}) }

// run goes on until a moment.
func (w *world) run(until time.Duration) {
	for len(w.queue) > 0 && w.queue[0].at <= until {
		w.step()
	}
	w.now = until
}

func (w *world) step() {
	e := heap.Pop(&w.queue).(event)
	w.now = e.at
	w.seq++
	a := e.to
	if a.dead {
		return
	}
	a.sentTo = a.sentTo[:0]
	switch {
	case e.do != nil:
		e.do(a)
	case e.msg == nil:
		if a.tickAt != e.at {
			return
		}
		a.tickAt = 0
		a.tree.Tick(w.now)
	default:
		if a.v == nil {
			return
		}
		if from := a.v.Find(e.m); from != nil {
			a.tree.Receive(w.now, from, e.msg)
		}
	}
	if next := a.tree.Next(); next > 0 && (a.tickAt == 0 || next < a.tickAt) {
		a.tickAt = max(next, w.now+1)
		w.push(event{at: a.tickAt, to: a})
	}
}

// heldBefore reports whether each member of v has held it.
func (w *world) heldBefore(v *view.View) bool {
	for _, m := range v.All() {
		if len(w.byID[m.ID].spans[v.Hash()]) == 0 {
			return false
		}
	}
	return true
}

// commonMoment reports whether there was a moment at which all members of v held it. If there is one, there is one at
// which somebody's interval begins.
func (w *world) commonMoment(v *view.View) bool {
	for _, m := range v.All() {
		for _, s := range w.byID[m.ID].spans[v.Hash()] {
			if w.allHeldAt(v, s.start) {
				return true
			}
		}
	}
	return false
}

func (w *world) allHeldAt(v *view.View, moment int) bool {
	for _, m := range v.All() {
		in := func(s span) bool { return s.start <= moment && (s.end == 0 || moment < s.end) }
		if !slices.ContainsFunc(w.byID[m.ID].spans[v.Hash()], in) {
			return false
		}
	}
	return true
}

// holds reports whether the actor holds v now.
func (a *actor) holds(v *view.View) bool { return !a.dead && a.v != nil && a.v.Hash() == v.Hash() }

func names(n int) []*view.Member {
	out := make([]*view.Member, n)
	for i := range out {
		out[i] = view.NewMember(wire.Record{
			Name: fmt.Sprintf("m%d", i), Life: wire.Life{Generation: 1, Boot: uint64(i + 1)},
		})
	}
	return out
}

func viewOf(members ...*view.Member) *view.View { return view.New(slices.Clone(members)) }
