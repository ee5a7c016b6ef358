package spread

import (
	"slices"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/view"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

const (
	paceBytes = 32 * wire.MaxDatagram
	abandoned = 500 * time.Millisecond // after which an answer that nobody acknowledges is forgotten
)

// window is how much of one namespace may be under way to somebody who has so much of the answer: what comes twice if it
// is asked of two members, and what a socket's buffer has to take. It opens while the answer is wanted.
func window(got uint64) uint64 { return min(firstWindow+got, mostWindow) }

const (
	firstWindow = 8 << 10
	mostWindow  = 48 << 10
)

// queue is what one member is still to be sent.
type queue struct {
	to   *view.Member
	jobs []*job // the next one first
	next time.Duration
}

// open reports whether more may be sent before some of it is acknowledged.
func (j *job) open() bool { return j.fill || j.sent-j.got < window(j.got) }

// done reports whether all was sent.
func (j *job) done() bool { return j.from >= j.upto && len(j.parts) == 0 }

// ready reports whether anything may be sent.
func (q *queue) ready() bool { return slices.ContainsFunc(q.jobs, (*job).open) }

// waits reports whether anything is left that may be sent.
func (q *queue) waits() bool {
	return slices.ContainsFunc(q.jobs, func(j *job) bool { return j.open() && !j.done() })
}

func (s *Spread) queueTo(id uint64) *queue {
	if i := slices.IndexFunc(s.queues, func(q *queue) bool { return q.to.ID == id }); i >= 0 {
		return s.queues[i]
	}
	return nil
}

// job is the answer that is under way to a member about a namespace, or nil.
func (s *Spread) job(to uint64, o wire.Owner) *job {
	if q := s.queueTo(to); q != nil {
		for _, j := range q.jobs {
			if j.owner == o && !j.fill {
				return j
			}
		}
	}
	return nil
}

// enqueue begins to answer; what the member asked for before and asks for again starts where it stands now.
func (s *Spread) enqueue(now time.Duration, to *view.Member, jobs []*job) {
	if len(jobs) == 0 {
		return
	}
	for _, j := range jobs {
		j.at, j.since = now, now
		if e := s.space(j.owner).Next(j.from); e != nil {
			j.since = e.At
		}
	}
	slices.SortFunc(jobs, s.compare)
	q := s.queueTo(to.ID)
	if q == nil {
		q = &queue{next: now}
		s.queues = append(s.queues, q)
	}
	q.to = to
	q.jobs = slices.DeleteFunc(q.jobs, func(old *job) bool {
		return slices.ContainsFunc(jobs, func(j *job) bool { return j.owner == old.owner && j.fill == old.fill })
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
	room := paceBytes
	for full := 0; room > 0 && full < len(q.jobs); {
		if !s.budget.open(0) {
			s.watchFlow(now)
			break
		}
		j := q.jobs[0]
		q.jobs = q.jobs[1:]
		if e != nil && !j.fill && len(j.parts) == 0 {
			j.from = max(j.from, e.known[j.owner]) // it came from somebody else meanwhile
		}
		if !j.open() {
			if !j.done() && now-j.at < abandoned {
				q.jobs = append(q.jobs, j)
				full++
			}
			continue
		}
		m, size, done := j.datagram(s)
		if done {
			continue
		}
		s.send(q.to, m)
		room -= size
		j.sent += uint64(size)
		j.at = now
		if e != nil && !j.fill && len(j.parts) == 0 {
			e.has(j.owner, j.from)
		}
		q.jobs = append(q.jobs, j)
		full = 0
	}
	q.next = now + leastPause
}
