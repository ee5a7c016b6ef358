package spread

import (
	"slices"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/store"
	"github.com/grapevine-gossip/grapevine/internal/view"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// bulkOver is the bytes of an answer from which on it goes over a stream.
const bulkOver = 256 << 10

// job is one namespace on its way to somebody who asked for it.
type job struct {
	owner wire.Owner
	from  uint64 // the receiver stands here once all that was sent has come
	base  uint64 // and started from 0 under this floor
	upto  uint64 // what was here when it asked; what follows is dissemination's task

	parts []wire.Part   // of the next entry, if it is too large for a datagram: those to be sent, made by next
	fill  bool          // what was lost on its way, and no more: it was charged to the window before
	sent  uint64        // bytes
	got   uint64        // of these, by what the receiver said
	at    time.Duration // something was sent, or the job began
	since time.Duration // what it brings came here, or about then
}

func jobFor(f wire.From, space *store.Namespace) *job {
	return &job{owner: f.Owner, from: f.Version, base: f.Base, upto: space.Max()}
}

func (j *job) pending() pending { return pending{j.owner, j.upto - j.from, j.since} }

// compare orders jobs.
func (s *Spread) compare(a, b *job) int { return s.variant.Order.compare(a.pending(), b.pending()) }

// next is the next part of the namespace, as large as room allows but at least one entry. done: nothing is left.
func (j *job) next(s *Spread, room int) (d wire.Delta, size int, done bool) {
	space := s.space(j.owner)
	if space == nil || j.from >= j.upto || space.Max() < j.upto { // it was forgotten meanwhile
		return d, 0, true
	}
	start, to, entries := space.Since(j.from, j.base, room-wire.DeltaOverhead)
	if j.fill && to > j.upto {
		entries = slices.DeleteFunc(entries, func(e wire.Entry) bool { return e.Version > j.upto })
		to = j.upto
	}
	d = wire.Delta{Owner: j.owner, From: start, To: to, Floor: space.Floor(), Entries: entries}
	return d, wire.DeltaSize(&d), j.fill && start != j.from
}

// passed moves on past a delta that was sent. A receiver that was started anew stands under the floor it was told.
func (j *job) passed(d *wire.Delta) {
	if d.From == 0 {
		j.base = d.Floor
	}
	j.from = d.To
}

// datagram is what goes into the next datagram, and its size: a delta, or a part of one.
func (j *job) datagram(s *Spread) (m wire.Message, size int, done bool) {
	if len(j.parts) == 0 {
		d, size, done := j.next(s, wire.MaxSection)
		if done {
			return nil, 0, true
		}
		j.passed(&d)
		if size <= wire.MaxSection {
			return d, size, false
		}
		j.parts = wire.Cut(d)
	}
	p := j.parts[0]
	j.parts = j.parts[1:]
	return p, len(p.Bytes), false
}

// receiveRequest answers with datagrams what is small, and asks to be pulled from by stream for the rest.
func (s *Spread) receiveRequest(now time.Duration, from *view.Member, r wire.Request) {
	var nothing []wire.Versioned
	var bulk []wire.Owner
	var jobs []*job
	room := bulkOver
	for _, w := range r.Wants {
		space := s.wanted(from, w, &nothing)
		if space == nil {
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

// wanted notes where a member stands and gives the namespace that it asks for, if there is more of it here; if it is
// known but has no more, that goes to nothing.
func (s *Spread) wanted(from *view.Member, w wire.From, nothing *[]wire.Versioned) *store.Namespace {
	space := s.space(w.Owner)
	if space == nil {
		return nil
	}
	if e := s.edge(from.ID); e != nil {
		e.known[w.Owner] = w.Version // less than was sent, if that was lost
		delete(e.told, w.Owner)
	}
	if space.Max() <= w.Version {
		*nothing = append(*nothing, wire.Versioned{Owner: w.Owner, Version: space.Max()})
		return nil
	}
	return space
}

// receiveMore lets the answers that are under way go on, or begins one to somebody whose streams fail.
func (s *Spread) receiveMore(now time.Duration, from *view.Member, m wire.More) {
	var nothing []wire.Versioned
	var jobs []*job
	for _, w := range m.Wants {
		if w.Got > 0 {
			s.acknowledged(now, from.ID, w)
		} else if space := s.wanted(from, w.From, &nothing); space != nil {
			jobs = append(jobs, jobFor(w.From, space))
		}
	}
	s.announce(from, nothing)
	s.enqueue(now, from, jobs)
	s.pump(now)
}

// acknowledged opens the window of an answer. What comes of it sets the pace, so nothing waits.
func (s *Spread) acknowledged(now time.Duration, from uint64, w wire.Progress) {
	if j := s.job(from, w.Owner); j != nil {
		j.got = max(j.got, min(w.Got, j.sent))
		s.queueTo(from).next = now
	}
}

// receiveFill sends once more what was lost.
func (s *Spread) receiveFill(now time.Duration, from *view.Member, f wire.Fill) {
	var jobs []*job
	for _, h := range f.Holes {
		space := s.space(h.Owner)
		if space == nil || space.Max() < h.To {
			continue
		}
		j := &job{owner: h.Owner, from: h.From, base: space.Floor(), upto: h.To, fill: true}
		if h.Mask != 0 {
			if d, size, done := j.next(s, wire.MaxSection); !done && size > wire.MaxSection && d.To == h.To {
				j.passed(&d)
				j.parts = slices.DeleteFunc(wire.Cut(d), func(p wire.Part) bool { return h.Mask>>p.Index&1 == 0 })
			}
		}
		jobs = append(jobs, j)
	}
	s.enqueue(now, from, jobs)
}

// bulk tells a member to come for these by stream.
func (s *Spread) bulk(to *view.Member, owners []wire.Owner) {
	const perSection = (wire.MaxSection - wire.MaxListOverhead) / wire.MaxOwnerSize
	for page := range slices.Chunk(owners, perSection) {
		s.send(to, wire.Bulk{Owners: page})
	}
}
