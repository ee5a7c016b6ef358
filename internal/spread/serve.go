package spread

import (
	"cmp"
	"slices"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/store"
	"github.com/grapevine-gossip/grapevine/internal/view"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

const (
	bulkOver  = 256 << 10 // bytes: a longer answer goes over a stream
	paceBytes = 32 * wire.MaxDatagram
)

// job is one namespace on its way to somebody who asked for it.
type job struct {
	owner wire.Owner
	from  uint64 // the receiver stands here once all that was sent has come
	base  uint64 // and started from 0 under this floor
	upto  uint64 // what was here when it asked; what follows is dissemination's task
}

func jobFor(f wire.From, space *store.Namespace) *job {
	return &job{owner: f.Owner, from: f.Version, base: f.Base, upto: space.Max()}
}

// depth orders jobs so that the owner with most pending versions comes first: that lets most superseded versions be
// skipped.
func depth(a, b *job) int {
	return cmp.Or(cmp.Compare(b.upto-b.from, a.upto-a.from), compareOwners(a.owner, b.owner))
}

// next is the next part of the namespace, as large as room allows but at least one entry. done: nothing is left.
func (j *job) next(s *Spread, room int) (d wire.Delta, size int, done bool) {
	space := s.space(j.owner)
	if space == nil || j.from >= j.upto {
		return d, 0, true
	}
	start, to, entries := space.Since(j.from, j.base, room-wire.DeltaOverhead)
	d = wire.Delta{Owner: j.owner, From: start, To: to, Floor: space.Floor(), Entries: entries}
	size = wire.DeltaOverhead
	for _, e := range entries {
		size += wire.EntrySize(e)
	}
	return d, size, false
}

// sent moves on past a part that was sent. A receiver that was started anew stands under the floor it was told.
func (j *job) sent(d *wire.Delta) {
	if d.From == 0 {
		j.base = d.Floor
	}
	j.from = d.To
}

// queue is what one member is still to be sent.
type queue struct {
	to   *view.Member
	jobs []*job
	next time.Duration
}

// receiveRequest answers with datagrams what is small, and asks to be pulled from by stream for the rest.
func (s *Spread) receiveRequest(now time.Duration, from *view.Member, r wire.Request) {
	var nothing []wire.Versioned
	var bulk []wire.Owner
	var jobs []*job
	room := bulkOver
	e := s.edge(from.ID)
	for _, w := range r.Wants {
		space := s.space(w.Owner)
		if space == nil {
			continue
		}
		if e != nil {
			e.known[w.Owner] = w.Version // less than was sent, if that was lost
			delete(e.told, w.Owner)
		}
		if space.Max() <= w.Version {
			nothing = append(nothing, wire.Versioned{Owner: w.Owner, Version: space.Max()})
			continue
		}
		size := space.SizeSince(w.Version, w.Base, room)
		if size > room {
			bulk = append(bulk, w.Owner)
			continue
		}
		room -= size
		jobs = append(jobs, jobFor(w, space))
	}
	s.announce(from, nothing)
	s.bulk(from, bulk)
	s.enqueue(now, from, jobs)
}

// bulk tells a member to come for these by stream.
func (s *Spread) bulk(to *view.Member, owners []wire.Owner) {
	const perSection = (wire.MaxSection - wire.MaxListOverhead) / wire.MaxOwnerSize
	for page := range slices.Chunk(owners, perSection) {
		s.send(to, wire.Bulk{Owners: page}, len(page)*wire.MaxOwnerSize)
	}
}

// enqueue begins to answer; what the member asked for before and asks for again starts where it stands now.
func (s *Spread) enqueue(now time.Duration, to *view.Member, jobs []*job) {
	if len(jobs) == 0 {
		return
	}
	slices.SortFunc(jobs, depth)
	i := slices.IndexFunc(s.queues, func(q *queue) bool { return q.to.ID == to.ID })
	if i < 0 {
		i = len(s.queues)
		s.queues = append(s.queues, &queue{next: now})
	}
	q := s.queues[i]
	q.to = to
	q.jobs = slices.DeleteFunc(q.jobs, func(old *job) bool {
		return slices.ContainsFunc(jobs, func(j *job) bool { return j.owner == old.owner })
	})
	q.jobs = append(q.jobs, jobs...)
	s.pump(now)
}

// pump sends answers, paced for each receiver.
func (s *Spread) pump(now time.Duration) {
	for _, q := range s.queues {
		if q.next <= now {
			s.pumpTo(now, q)
		}
	}
	s.queues = slices.DeleteFunc(s.queues, func(q *queue) bool { return len(q.jobs) == 0 })
}

// pumpTo sends a member its next datagrams, one part of each namespace in turn.
func (s *Spread) pumpTo(now time.Duration, q *queue) {
	e := s.edge(q.to.ID)
	for room := paceBytes; room > 0 && len(q.jobs) > 0; {
		if !s.budget.open(0) {
			return
		}
		j := q.jobs[0]
		q.jobs = q.jobs[1:]
		d, size, done := j.next(s, wire.MaxSection)
		if done {
			continue
		}
		if size > wire.MaxSection {
			s.bulk(q.to, []wire.Owner{j.owner})
			continue
		}
		s.send(q.to, d, size)
		room -= size
		if e != nil {
			e.has(d.Owner, d.To)
		}
		j.sent(&d)
		q.jobs = append(q.jobs, j)
	}
	q.next = now + s.pause()
}
