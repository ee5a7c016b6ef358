// Package spread brings changes of the state to everybody: small ones are pushed along the edges of the overlay in two
// waves, large ones and backlogs are announced and pulled from the first announcer, so that each member receives one
// copy. Whatever is lost on the way is left to package antientropy, whose findings come in by Offer and are pulled
// through the same table, so no range is asked of two members at a time.
//
// Who writes to the store need not know any of this: the changes are read from the store's log.
package spread

import (
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/store"
	"github.com/grapevine-gossip/grapevine/internal/view"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// Host carries what is to be sent.
type Host interface {
	// Send queues a message for the packet that goes to a member at the end of this turn, and returns how many bytes more
	// that takes on the wire.
	Send(to *view.Member, m wire.Message) int
	// Pull opens a stream to a member and asks there; what comes back enters by Receive, and PullDone tells the end.
	Pull(now time.Duration, from *view.Member, req wire.Request)
	// Malformed counts what came in parts and could not be read when they were joined.
	Malformed(err error)
}

// Config is what a Spread is told once.
type Config struct {
	Rand    *rand.Rand
	Budget  int // bytes a second for dissemination and repair; 0: 8 MiB; negative: no limit
	Variant Variant
}

// Spread is the dissemination of one member. Not safe for concurrent use.
type Spread struct {
	rng   *rand.Rand
	self  uint64
	st    *store.Store
	host  Host
	now   time.Duration // of the latest call
	next  time.Duration // of Next, while known
	known bool          // nothing was done since

	view   *view.View
	ids    []uint64      // of edges: a search touches nothing else
	edges  []*edge       // of the view, in the order of view.Neighbors
	lives  gathered      // what is still to be passed on
	lag    time.Duration // how long the last packet waited here before it was handled
	late   time.Duration // the most of a while
	lateAt time.Duration // when that was
	delay  time.Duration // one way to the slowest neighbour

	pulls   []*pull // by owner: what somebody offers and this member lacks
	pullDue time.Duration
	wants   []request // requests of this turn, one for each member asked
	heard   map[uint64]time.Duration
	wait    estimate
	held    int // bytes in all reorder buffers
	streams []*stream

	queues []*queue // answers to requests that are still being sent
	budget bucket
	flow   flow
	proof  proof

	variant Variant
	counts  Counts
}

// Counts counts since the start what came of namespaces, pushed and on request, in single changes.
type Counts struct {
	Copies  uint64 // received
	Known   uint64 // of those, already held when they came
	Echoes  uint64 // of those, this member's own, come back to it
	Payload uint64 // bytes of keys and values received
}

// New makes the dissemination of the member with id self. It knows nobody before SetView.
func New(cfg Config, self uint64, st *store.Store, host Host) *Spread {
	s := &Spread{
		rng: cfg.Rand, self: self, st: st, host: host, variant: cfg.Variant,
		heard: map[uint64]time.Duration{}, budget: newBucket(cfg.Budget), delay: usualDelay,
	}
	st.SetGate(s.admit)
	return s
}

// SetView tells that the view changed. The changes that made it so come after it by Changed.
func (s *Spread) SetView(now time.Duration, before, after *view.View) {
	s.enter(now)
	s.view = after
	old := s.edges
	s.ids, s.edges = nil, nil
	for _, m := range after.Neighbors(s.self) {
		s.ids = append(s.ids, m.ID)
		s.edges = append(s.edges, edgeTo(m, old))
	}
	if before != nil {
		for _, m := range before.Neighbors(s.self) {
			if now := after.Find(m.ID); now != nil && s.edge(m.ID) == nil && !slices.Contains(s.lives.former, now) {
				s.lives.former = append(s.lives.former, now)
			}
		}
	}
	s.forgetOwners()
	s.loseMembers(now)
	s.flushRequests()
}

// Changed takes everything that changed in this turn, once per turn.
func (s *Spread) Changed(now time.Duration, changes []store.Change) {
	s.enter(now)
	for i := range changes {
		c := &changes[i]
		switch c.Kind {
		case store.Wrote, store.Released:
			if !c.Held {
				s.push(now, c)
			}
		case store.Lived:
			s.arrived(now, c.Member)
		}
	}
	s.pushLives(now, changes)
	s.flushEdges(now)
	s.flushRequests()
}

// Receive takes a message of a member of the view. What it brings is merged into the store.
func (s *Spread) Receive(now time.Duration, from *view.Member, m wire.Message) {
	s.enter(now)
	switch m := m.(type) {
	case wire.Delta:
		s.receiveDelta(now, from, &m)
	case wire.Announce:
		s.receiveAnnounce(now, from, m)
	case wire.Places:
		s.receivePlaces(now, from, m)
	case wire.Congestion:
		s.receiveCongestion(now, m)
	case wire.Request:
		s.receiveRequest(now, from, m)
	case wire.More:
		s.receiveMore(now, from, m)
	case wire.Fill:
		s.receiveFill(now, from, m)
	case wire.Part:
		s.receivePart(now, from, &m)
	case wire.Bulk:
		s.receiveBulk(now, from, m)
	case wire.Lives:
		s.receiveLives(now, from, m.Records, false)
	case wire.Ends:
		s.receiveEnds(now, from, m)
	}
	s.flushRequests()
}

// Tick does what is due.
func (s *Spread) Tick(now time.Duration) {
	s.enter(now)
	s.tickPulls(now)
	s.prove(now)
	if s.lives.due > 0 && now >= s.lives.due {
		s.flushLives(now)
	}
	s.pump(now)
	s.flushEdges(now)
	s.tickFlow(now)
	s.flushRequests()
}

// Next is when Tick has something to do; 0: nothing is due. It is asked at every turn, and looks at all edges only when
// something was done.
func (s *Spread) Next() time.Duration {
	if !s.known {
		s.next, s.known = s.soonest(), true
	}
	return s.next
}

func (s *Spread) soonest() time.Duration {
	next := earlier(earlier(s.pullDue, s.proof.next), s.lives.due)
	sending := time.Duration(0)
	behind := s.behind(s.now)
	for _, e := range s.edges {
		if e.due > 0 && !behind {
			sending = earlier(sending, max(e.due, e.next))
		}
	}
	for _, q := range s.queues {
		if q.ready() {
			sending = earlier(sending, q.next)
		}
	}
	if sending > 0 {
		sending = max(sending, s.budget.openAt(0))
	}
	if s.budget.blocked {
		sending = earlier(sending, s.budget.openAt(streamReserve))
	}
	next = earlier(next, s.flow.next)
	if s.st.Self.Space.Held() != nil {
		next = earlier(next, max(s.flow.openAt(), 1))
	}
	return earlier(next, sending)
}

// Reset drops queues, asks and what is known of the neighbours, after this member entered another view.
func (s *Spread) Reset(now time.Duration) {
	s.enter(now)
	for _, e := range s.edges {
		*e = *newEdge(e.to)
	}
	s.lives = gathered{}
	s.pulls, s.wants, s.streams, s.queues = nil, nil, nil, nil
	s.pullDue, s.held = 0, 0
	s.proof, s.flow = proof{}, flow{}
	clear(s.heard)
}

// Counts tells what came so far.
func (s *Spread) Counts() Counts { return s.counts }

// SetLag tells how long the last packet waited before it was handled: under load more is put into one packet, and answers
// are awaited for longer, as the most of a while tells.
func (s *Spread) SetLag(now, d time.Duration) {
	s.lag = d
	if d >= s.late || now-s.lateAt > lateFor {
		s.late, s.lateAt = d, now
	}
}

const lateFor = 100 * time.Millisecond

// SetDelay tells how long a packet takes one way to the slowest neighbour; until told, 1 ms is assumed.
func (s *Spread) SetDelay(d time.Duration) { s.delay = d }

// Backlog is the age of the oldest change that waits to be sent to some neighbour, or is held back until there is less to
// send.
func (s *Spread) Backlog(now time.Duration) time.Duration {
	oldest := now
	if e := s.st.Self.Space.Held(); e != nil {
		oldest = e.At
	}
	for _, e := range s.edges {
		if e.due == 0 {
			continue
		}
		for _, it := range e.wait {
			oldest = min(oldest, it.since)
		}
	}
	return now - oldest
}

// BacklogBytes is about how much waits to be sent to neighbours.
func (s *Spread) BacklogBytes() int {
	bytes := 0
	for _, e := range s.edges {
		for o, w := range e.wait {
			if space := s.space(o); space != nil && space.Max() > e.known[o] {
				bytes += space.SizeSince(max(w.from, e.known[o]), 0, math.MaxInt)
			}
		}
	}
	return bytes
}

func (s *Spread) enter(now time.Duration) {
	s.now, s.known = now, false
	s.budget.refill(now)
}

func (s *Spread) edge(id uint64) *edge {
	if i := slices.Index(s.ids, id); i >= 0 {
		return s.edges[i]
	}
	return nil
}

// space is the namespace of an owner, if it is the one of the newest life known.
func (s *Spread) space(o wire.Owner) *store.Namespace {
	if m := s.st.Find(o.ID); m != nil && m.Owner() == o {
		return m.Space
	}
	return nil
}

// earlier is the lesser of two times of which 0 stands for never.
func earlier(a, b time.Duration) time.Duration {
	if a == 0 || b > 0 && b < a {
		return b
	}
	return a
}
