package spread

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/store"
	"github.com/grapevine-gossip/grapevine/internal/view"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// Rules lazy and coalesce.
const (
	eagerMax = 600                  // bytes waiting for an edge that are still pushed; more is announced
	eagerFor = 5 * time.Millisecond // within which as much may be pushed

	// leastPause and mostPause bound C, the time within which what is meant for one edge is gathered after something
	// was sent: twice as long as packets wait here, so that under load fewer and larger ones are made.
	leastPause = 2 * time.Millisecond
	mostPause  = 50 * time.Millisecond

	// tellPause is the least time between two announcements to an edge, unless a namespace has much to tell: most of
	// what they tell comes from elsewhere meanwhile.
	tellPause = 10 * time.Millisecond
	tellBytes = 4 << 10

	// toldFor is how long an announcement stands for the data: then whoever did not ask has it from somebody else, and
	// small changes are pushed again.
	toldFor = 20 * time.Millisecond
)

// edge is a neighbour, what it is known to hold, and what waits for it.
type edge struct {
	to      *view.Member
	known   map[wire.Owner]uint64 // it holds, or was sent, all up to this version
	told    map[wire.Owner]told
	wait    map[wire.Owner]waiting
	due     time.Duration // of the earliest of wait; 0: none
	next    time.Duration // nothing is sent before
	tell    time.Duration // nothing is announced before
	eager   allowance
	toldAge time.Duration // it was told how long changes wait

	view   uint64 // hash of its view, as its latest packet told
	proved uint64 // up to where it is known to hold this member's own namespace
}

// allowance is what may still be pushed to an edge: eagerMax, and what time gives back of it. A rate above that is a
// backlog that comes in pieces.
type allowance struct {
	spent int
	at    time.Duration // when spent was right
}

func (a *allowance) left(now time.Duration) int {
	back := int(min(now-a.at, eagerFor) * eagerMax / eagerFor)
	return eagerMax - max(0, a.spent-back)
}

func (a *allowance) spend(now time.Duration, bytes int) {
	a.spent, a.at = eagerMax-a.left(now)+bytes, now
}

// told is an announcement that was not answered by a request yet.
type told struct {
	version uint64
	at      time.Duration
}

// waiting is a namespace with changes that the edge may lack.
type waiting struct {
	from  uint64 // the neighbour is expected to hold up to here, if nothing else is known
	due   time.Duration
	since time.Duration // when the oldest of the changes came
	lazy  bool          // announce, whatever the size
}

func newEdge(to *view.Member) *edge {
	return &edge{
		to: to, known: map[wire.Owner]uint64{}, told: map[wire.Owner]told{}, wait: map[wire.Owner]waiting{},
	}
}

// edgeTo keeps the edge to a member that stays a neighbour under the same life.
func edgeTo(m *view.Member, old []*edge) *edge {
	i := slices.IndexFunc(old, func(e *edge) bool { return e.to.ID == m.ID && e.to.Tag == m.Tag })
	if i < 0 {
		return newEdge(m)
	}
	old[i].to = m // its address may have changed
	return old[i]
}

// has notes that the neighbour holds o up to version.
func (e *edge) has(o wire.Owner, version uint64) {
	if version > e.known[o] {
		e.known[o] = version
	}
	if t, ok := e.told[o]; ok && version >= t.version {
		delete(e.told, o)
	}
}

// add puts changes into the queue of the edge.
func (e *edge) add(o wire.Owner, w waiting) {
	if old, ok := e.wait[o]; ok {
		w.from = min(w.from, old.from)
		w.due = min(w.due, old.due)
		w.since = min(w.since, old.since)
		w.lazy = w.lazy || old.lazy
	}
	e.wait[o] = w
	e.due = earlier(e.due, w.due)
}

// forgetOwners drops what is known of namespaces that are no more.
func (s *Spread) forgetOwners() {
	for _, e := range s.edges {
		maps.DeleteFunc(e.known, func(o wire.Owner, _ uint64) bool { return s.space(o) == nil })
		maps.DeleteFunc(e.told, func(o wire.Owner, _ told) bool { return s.space(o) == nil })
	}
}

// pause is C of rule coalesce. While it is crowded no two members should keep step, or one would always be the first to
// announce and be asked by all.
func (s *Spread) pause() time.Duration {
	if s.congested(s.now) {
		return crowdedPause*3/4 + time.Duration(s.rng.Int64N(int64(crowdedPause/2)))
	}
	return min(max(2*s.lag, leastPause), mostPause)
}

func (s *Spread) flushEdges(now time.Duration) {
	behind := s.behind(now)
	for _, e := range s.edges {
		switch {
		case e.due == 0 || e.due > now || e.next > now:
		case s.budget.open(0) && !behind:
			s.flush(now, e)
		default:
			s.watchFlow(now)
		}
	}
}

// behind reports whether it is crowded and answers wait for want of budget. Who is behind announces nothing: it would be
// asked for still more, and others who have the same would not.
func (s *Spread) behind(now time.Duration) bool {
	return s.congested(now) && slices.ContainsFunc(s.queues, (*queue).waits)
}

// parcel is one namespace on its way to an edge.
type parcel struct {
	owner wire.Owner
	space *store.Namespace
	from  uint64
	size  int // bytes on the wire, counted no further than needed
	lazy  bool

	waiting waiting
}

func (p *parcel) pending() pending {
	return pending{p.owner, p.space.Max() - p.from, p.waiting.since}
}

// waits is how many bytes there are to tell of.
func (p *parcel) waits() int { return p.space.SizeSince(p.from, 0, tellBytes) }

// flush sends what is due for an edge: small things themselves, of others and of what is too much only the versions.
func (s *Spread) flush(now time.Duration, e *edge) {
	parcels := s.take(now, e)
	if len(parcels) == 0 {
		return
	}
	total := 0
	for i := range parcels {
		p := &parcels[i]
		p.lazy = p.lazy || p.size > eagerMax
		if !p.lazy {
			total += p.size
		}
	}
	push := total <= e.eager.left(now) && !s.congested(now)
	if push {
		e.eager.spend(now, total)
	}
	var versions []wire.Versioned
	for _, p := range parcels {
		switch {
		case !p.lazy && push && s.sendParcel(e, p):
		case now < e.tell && p.waits() < tellBytes:
			p.waiting.due = e.tell
			e.add(p.owner, p.waiting)
		default:
			versions = append(versions, wire.Versioned{Owner: p.owner, Version: p.space.Max()})
			e.told[p.owner] = told{p.space.Max(), now}
		}
	}
	s.announce(e.to, versions)
	e.next = now + s.pause()
	if len(versions) > 0 {
		e.tell = now + tellPause
	}
}

// answering reports whether the edge is being given what it asked for of a namespace: what is new comes after that.
func (s *Spread) answering(now time.Duration, e *edge, o wire.Owner) bool {
	j := s.job(e.to.ID, o)
	return j != nil && j.upto > e.known[o] && now-j.at < abandoned
}

// take removes from the queue of an edge what is due, in order, and drops what the edge has.
func (s *Spread) take(now time.Duration, e *edge) []parcel {
	var out []parcel
	e.due = 0
	for o, w := range e.wait {
		space := s.space(o)
		switch {
		case space == nil || space.Max() <= e.known[o]:
			delete(e.wait, o)
		case w.due > now:
			e.due = earlier(e.due, w.due)
		case s.answering(now, e, o):
			e.due = earlier(e.due, now+s.pause())
		default:
			delete(e.wait, o)
			p := parcel{owner: o, space: space, from: max(w.from, e.known[o]), lazy: w.lazy, waiting: w}
			t, ok := e.told[o]
			if ok && now-t.at < toldFor {
				p.lazy = true // it has not what was announced, so more would not connect
			}
			if !p.lazy {
				p.size = parcelOverhead + space.SizeSince(p.from, 0, eagerMax)
			}
			out = append(out, p)
		}
	}
	slices.SortFunc(out, func(a, b parcel) int { return s.variant.Order.compare(a.pending(), b.pending()) })
	return out
}

// parcelOverhead is what a Delta takes beside its entries, usually.
const parcelOverhead = 20

// sendParcel pushes; false if it would have to start anew from 0 or does not fit.
func (s *Spread) sendParcel(e *edge, p parcel) bool {
	start, to, entries := p.space.Since(p.from, 0, wire.MaxSection-wire.DeltaOverhead)
	if start != p.from || to != p.space.Max() {
		return false
	}
	s.send(e.to, wire.Delta{Owner: p.owner, From: start, To: to, Floor: p.space.Floor(), Entries: entries})
	e.has(p.owner, to)
	return true
}

func (s *Spread) send(to *view.Member, m wire.Message) {
	s.budget.spend(s.host.Send(to, m))
	if s.flow.worst.age < tellFrom {
		return
	}
	if e := s.edge(to.ID); e != nil {
		s.mention(s.now, e)
	}
}

func compareOwners(a, b wire.Owner) int {
	return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Generation, b.Generation), cmp.Compare(a.Boot, b.Boot))
}
