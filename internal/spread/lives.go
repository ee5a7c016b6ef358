package spread

import (
	"slices"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/store"
	"github.com/grapevine-gossip/grapevine/internal/view"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// gatherFor is the least time between two passings on of failures. When many go at once their ends come a few at a time,
// from the watchers of each, and meanwhile most neighbours hear of them from others.
const gatherFor = 25 * time.Millisecond

// gathered are lives and ends that are still to be passed on.
type gathered struct {
	news   []news
	former []*view.Member // neighbours when they came that are none now: they are told too
	sent   time.Duration  // when any were passed on last
	due    time.Duration  // 0: none wait
}

// news is a life or an end, and who is known to have it.
type news struct {
	store.Change
	known []uint64
}

// pushLives passes lives and ends on along the edges of the view before and after. Only news is in the log, so each is
// passed on once. What came in bulk is the roster's task.
func (s *Spread) pushLives(now time.Duration, changes []store.Change) {
	g, urgent := &s.lives, false
	for _, c := range changes {
		if isLife(c) {
			g.news = append(g.news, news{Change: c, known: []uint64{c.Source}})
			urgent = urgent || c.Kind != store.Ended || c.Member.End.Cause != wire.Failed
		}
	}
	switch {
	case len(g.news) == 0:
		g.former = nil
	case urgent || g.sent == 0 || now >= g.sent+gatherFor:
		s.flushLives(now)
	default:
		g.due = g.sent + gatherFor
	}
}

func (s *Spread) flushLives(now time.Duration) {
	g := s.lives
	s.lives = gathered{sent: now}
	for _, e := range s.edges {
		if !admitted(e.to, g.news) {
			s.pushLivesTo(e.to, g.news)
		}
	}
	for _, m := range g.former {
		if s.view.Find(m.ID) == m && s.edge(m.ID) == nil {
			s.pushLivesTo(m, g.news)
		}
	}
}

// admitted reports whether this member has just let that one in: it is given the roster, and holds no view before.
func admitted(to *view.Member, all []news) bool {
	return slices.ContainsFunc(all, func(n news) bool {
		return n.Kind == store.Lived && n.Source == 0 && n.Member.ID == to.ID
	})
}

func isLife(c store.Change) bool {
	return !c.Bulk && (c.Kind == store.Lived || c.Kind == store.Moved || c.Kind == store.Ended)
}

func (s *Spread) pushLivesTo(to *view.Member, all []news) {
	var records []wire.Record
	var ends []wire.End
	for _, n := range all {
		switch {
		case n.Member.ID == to.ID || slices.Contains(n.known, to.ID):
		case n.Kind == store.Ended:
			ends = append(ends, s.aged(n.Member))
		default:
			records = append(records, n.Member.Record)
		}
	}
	s.sendLives(to, records)
	s.sendEnds(to, ends)
}

// has notes that a neighbour told of an end that waits here to be passed on.
func (s *Spread) has(from uint64, end wire.End) {
	for i := range s.lives.news {
		n := &s.lives.news[i]
		if here := n.Member.End; n.Kind == store.Ended && here.Name == end.Name && here.Life == end.Life &&
			here.Cause == end.Cause && here.Count <= end.Count {
			n.known = append(n.known, from)
		}
	}
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
		own := end.Name == self.Name && end.Life.Compare(self.Life) >= 0
		if !own && !s.st.MergeEnd(now, end, from.ID) {
			s.has(from.ID, end)
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
