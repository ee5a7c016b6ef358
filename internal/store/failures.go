package store

import (
	"iter"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// A process that fails often is let in again only after a while. How often it failed travels with its end, so this does
// not die with whoever counted.
const (
	failuresFor  = 10 * time.Minute // without a failure, time kept out apart, after which a process starts anew
	failuresEase = failuresFor / 2  // and after which the next one takes the place of a former one
	freeReturns  = 2                // also: so often counts at most what is not the process's fault
)

var keptOut = [...]time.Duration{time.Minute, 4 * time.Minute, 10 * time.Minute}

// When a tenth of a view fails within a few seconds it is the network, or a whole rack: they are not to blame for it.
const (
	manyShare = 10
	together  = 5 * time.Second
)

// keptOutFor is how long the process is not let in after this end, unless it is not to blame.
func (e *End) keptOutFor() time.Duration {
	if e.Cause != wire.Failed || e.Count <= freeReturns {
		return 0
	}
	return keptOut[min(int(e.Count)-freeReturns, len(keptOut))-1]
}

// failedLately reports whether that process ended, other than by its own will, so lately that its next failure would
// count on top.
func (e *End) failedLately(now time.Duration, process wire.Life) bool {
	return e.Cause == wire.Failed && e.Life.SameProcess(process) && now-e.At-e.keptOutFor() < failuresFor
}

// KeptOut is for how long that process of a name is not let in yet.
func (s *Store) KeptOut(now time.Duration, name string, process wire.Life) time.Duration {
	m := s.FindName(name)
	if m == nil || !m.End.Life.SameProcess(process) {
		return 0
	}
	return m.End.KeptOut(now, s.size, s.ends())
}

// KeptOut is for how long the process of that end is not let in yet. It depends on how many are in the view, and on all
// ends with whether their member is not.
func (e *End) KeptOut(now time.Duration, size int, ends iter.Seq2[*End, bool]) time.Duration {
	wait := e.At + e.keptOutFor() - now
	if e.keptOutFor() == 0 || wait <= 0 || e.blameless(size, ends) {
		return 0
	}
	return wait
}

// Doubtful reports whether that process has to show that it is well before it is let in: it failed lately and comes
// alone, so the network of others is no excuse, or it failed often.
func (s *Store) Doubtful(now time.Duration, name string, process wire.Life, alone bool) bool {
	m := s.FindName(name)
	return m != nil && m.End.failedLately(now, process) && (alone || s.failures(m.End) > freeReturns)
}

// Failures is the count for the end of a member's life that fails now. Whoever convicts may have learned a moment ago that
// another has: then this failure is counted already.
func (s *Store) Failures(now time.Duration, m *Member) uint8 {
	e := m.End
	if e.Cause == wire.Failed && e.Life == m.Record.Life {
		return e.Count
	}
	if !e.failedLately(now, m.Record.Life) {
		return 1
	}
	count := s.failures(e)
	if now-e.At-e.keptOutFor() < failuresEase && count < 255 {
		count++
	}
	return max(count, 1)
}

// failures is what an end counts.
func (s *Store) failures(e *End) uint8 {
	if e.Count > freeReturns && e.blameless(s.size, s.ends()) {
		return freeReturns
	}
	return e.Count
}

// blameless reports whether an end is not the fault of its process: whoever wrote it reached nobody at all, or many
// others ended at the same time. That shows only later, for the first of them may be convicted alone.
func (e *End) blameless(size int, ends iter.Seq2[*End, bool]) bool {
	if len(e.Accusers) == 0 {
		return true
	}
	many, all := 0, size
	for o, absent := range ends {
		if o.Cause == wire.Failed && max(o.At-e.At, e.At-o.At) <= together {
			many++
			if absent {
				all++
			}
		}
	}
	return many > 1 && many*manyShare >= all
}

// ends gives all ends known, and whether the member is not in the view.
func (s *Store) ends() iter.Seq2[*End, bool] {
	return func(yield func(*End, bool) bool) {
		for _, m := range s.order {
			if !yield(m.End, !m.InView()) {
				return
			}
		}
	}
}

// carry keeps the count of a process from falling: whoever wrote the newer end may not have known the older one.
func (e *End) carry(old *End) *End {
	if e.Cause == wire.Failed && old.failedLately(e.At, e.Life) {
		e.Count = max(e.Count, old.Count)
	}
	return e
}

// recount takes over a higher count of an end that is known: not all who write an end know how often its process
// failed before.
func (s *Store) recount(m *Member, e wire.End, source uint64) bool {
	if e.Count <= m.End.Count || e.Cause != m.End.Cause {
		return false
	}
	end := *m.End
	end.Count = e.Count
	s.setEnd(m, &end)
	s.changes = append(s.changes, Change{Kind: Ended, Member: m, Source: source})
	return true
}
