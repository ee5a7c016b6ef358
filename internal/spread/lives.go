package spread

import (
	"slices"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/store"
	"github.com/grapevine-gossip/grapevine/internal/view"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// pushLives passes lives and ends on along the edges of the view before and after. Only news is in the log, so each is
// passed on once. What came in bulk is the roster's task.
func (s *Spread) pushLives(changes []store.Change) {
	if !slices.ContainsFunc(changes, isLife) {
		return
	}
	for _, e := range s.edges {
		if !admitted(e.to, changes) {
			s.pushLivesTo(e.to, changes)
		}
	}
	for _, m := range s.former {
		s.pushLivesTo(m, changes)
	}
}

// admitted reports whether this member has just let that one in: it is given the roster, and holds no view before.
func admitted(to *view.Member, changes []store.Change) bool {
	return slices.ContainsFunc(changes, func(c store.Change) bool {
		return c.Kind == store.Lived && c.Source == 0 && c.Member.ID == to.ID
	})
}

func isLife(c store.Change) bool {
	return !c.Bulk && (c.Kind == store.Lived || c.Kind == store.Moved || c.Kind == store.Ended)
}

func (s *Spread) pushLivesTo(to *view.Member, changes []store.Change) {
	var records []wire.Record
	var ends []wire.End
	for _, c := range changes {
		if !isLife(c) || c.Source == to.ID || c.Member.ID == to.ID {
			continue
		}
		if c.Kind == store.Ended {
			ends = append(ends, s.aged(c.Member))
		} else {
			records = append(records, c.Member.Record)
		}
	}
	s.sendLives(to, records)
	s.sendEnds(to, ends)
}

// aged is a member's end with the age it has by now.
func (s *Spread) aged(m *store.Member) wire.End {
	e := m.End.End
	e.Age = min(max(s.now-m.End.At, 0), wire.MaxDuration)
	return e
}

func (s *Spread) sendLives(to *view.Member, records []wire.Record) {
	pages(records, wire.RecordSize, func(page []wire.Record) { s.send(to, wire.Lives{Records: page}) })
}

func (s *Spread) sendEnds(to *view.Member, ends []wire.End) {
	pages(ends, wire.EndSize, func(page []wire.End) { s.send(to, wire.Ends{Ends: page}) })
}

// pages cuts a list into runs that fit into a datagram each.
func pages[T any](all []T, size func(T) int, send func(page []T)) {
	first, bytes := 0, wire.MaxListOverhead
	for i, x := range all {
		n := size(x)
		if bytes+n > wire.MaxSection && i > first {
			send(all[first:i])
			first, bytes = i, wire.MaxListOverhead
		}
		bytes += n
	}
	if first < len(all) {
		send(all[first:])
	}
}

// Came merges the lives of many who came at once, of whom the neighbours are told as a list.
func (s *Spread) Came(now time.Duration, from *view.Member, records []wire.Record) {
	s.enter(now)
	s.receiveLives(now, from, records, true)
}

// receiveLives merges records. Whoever sends a life that is over here is told so.
func (s *Spread) receiveLives(now time.Duration, from *view.Member, records []wire.Record, bulk bool) {
	var over []wire.End
	for _, r := range records {
		m := s.st.FindName(r.Name)
		switch {
		case m == s.st.Self:
		case m != nil && m.End.Life.Compare(r.Life) >= 0:
			over = append(over, s.aged(m))
		default:
			s.st.MergeRecord(now, r, from.ID, bulk)
		}
	}
	s.sendEnds(from, over)
}

// receiveEnds merges ends, but none of this member's own present life: nobody merges its own end.
func (s *Spread) receiveEnds(now time.Duration, from *view.Member, e wire.Ends) {
	for _, end := range e.Ends {
		self := s.st.Self.Record
		if end.Name != self.Name || end.Life.Compare(self.Life) < 0 {
			s.st.MergeEnd(now, end, from.ID)
		}
	}
}

// News tells all neighbours what is kept of a member that is not in the view: its life, its end and its keys. It is
// for what a member brings along into another view.
func (s *Spread) News(now time.Duration, m *store.Member) {
	s.enter(now)
	for _, e := range s.edges {
		s.sendLives(e.to, []wire.Record{m.Record})
		if !m.End.Life.IsZero() {
			s.sendEnds(e.to, []wire.End{s.aged(m)})
		}
		if m.Space.Max() > 0 {
			e.add(m.Owner(), waiting{due: now, since: now, lazy: true})
		}
	}
	s.flushEdges(now)
}
