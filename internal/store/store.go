// Package store is the only replicated state: for each name the newest life and the newest end, and for each process
// the namespace that it alone writes. It only grows: a lower life, end or version never replaces a higher one. The one
// exception is TakeOver, by which a member enters another view.
//
// The store keeps two running hashes (of the view and of its members' versions) and a log of what changed, which
// dissemination and events are made from, so whoever writes need not know them.
package store

import (
	"cmp"
	"slices"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/view"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// Member is all that is known of one name. There is one for each name at each member, so it is small: what others hold
// as well is behind pointers.
type Member struct {
	*view.Member               // name and record of the newest life known
	End          *End          // of the newest life known to be over; never nil
	Space        *Namespace    // of that life's process, also after its end
	Since        time.Duration // when that life became known, on this member's clock
}

// End is an end, and when it was written, on this member's clock.
type End struct {
	wire.End
	At time.Duration
}

var noEnd = &End{} // the zero Life: none

// InView reports whether the newest life has not ended.
func (m *Member) InView() bool { return m.Record.Life.Compare(m.End.Life) > 0 }

// View is the member as the view has it.
func (m *Member) View() *view.Member { return m.Member }

// Owner names the member's namespace on the wire.
func (m *Member) Owner() wire.Owner { return wire.OwnerOf(m.ID, m.Record.Life) }

// ChangeKind says what changed.
type ChangeKind uint8

// The kinds of changes.
const (
	Lived     ChangeKind = iota + 1 // a newer life
	Moved                           // the same life, another address
	Ended                           // a newer end, or a higher cause
	Wrote                           // the namespace: From..To
	Released                        // what this member wrote and held back: From..To
	TakenOver                       // the whole view was replaced; Member is nil
	Emptied                         // what the namespace held was dropped: should more follow, it begins anew
)

// Change is one line of the log.
type Change struct {
	Kind     ChangeKind
	Member   *Member
	Source   uint64   // id of the member it came from; 0: from here
	Bulk     bool     // learned in bulk: passed on by announcement, never flooded
	From, To uint64   // Wrote, Released: versions
	Entries  []*Entry // Wrote: what became visible
	Held     bool     // Wrote: here only, until it is Released
}

// Store is the state of one member. Not safe for concurrent use.
type Store struct {
	Self *Member

	limits  Limits
	shared  *view.Shared
	ids     []uint64            // of order: a search touches nothing else
	order   []*Member           // by id: the one order in which anything is walked
	pending map[uint64]wire.End // ends above the life known here
	kept    []uint64            // by the latest TakeOver

	viewHash  uint64
	stateHash uint64
	size      int
	view      *view.View
	stale     bool // view may not be the present one
	changes   []Change
	recent    recent
	ttl       ttlQueue
	gate      Gate
}

// maxPending bounds the ends that wait for their life's record.
const maxPending = 256

// New makes the state of a member that is alone.
func New(self wire.Record, limits Limits) *Store { return NewSharing(nil, self, limits) }

// NewSharing is New for one of several that share what is equal.
func NewSharing(shared *view.Shared, self wire.Record, limits Limits) *Store {
	s := &Store{limits: limits.withDefaults(), shared: shared, pending: map[uint64]wire.End{}}
	s.Self = s.add(wire.ID(self.Name), self)
	return s
}

// Find returns what is known of the name with that id, or nil.
func (s *Store) Find(id uint64) *Member {
	if i, ok := view.Search(s.ids, id); ok {
		return s.order[i]
	}
	return nil
}

// FindName returns what is known of a name, or nil.
func (s *Store) FindName(name string) *Member { return s.Find(wire.ID(name)) }

// All lists everybody known, in the order of ids. The slice must not be changed.
func (s *Store) All() []*Member { return s.order }

// ViewHash is the hash of the view: names and lives.
func (s *Store) ViewHash() uint64 { return s.viewHash }

// StateHash is the hash of the versions held of the view's members.
func (s *Store) StateHash() uint64 { return s.stateHash }

// View is the present view. The same pointer is returned while it doesn't change, and if it changed back.
func (s *Store) View() *view.View {
	if s.stale && (s.view == nil || !s.isView(s.view)) {
		s.view = s.shared.View(s.viewHash, s.isView, s.makeView)
	}
	s.stale = false
	return s.view
}

func (s *Store) makeView() *view.View {
	members := make([]*view.Member, 0, s.size)
	for _, m := range s.order {
		if m.InView() {
			members = append(members, m.Member)
		}
	}
	return view.Of(members, s.viewHash)
}

// isView reports whether v holds exactly what the view should.
func (s *Store) isView(v *view.View) bool {
	if v.Len() != s.size || v.Hash() != s.viewHash {
		return false
	}
	i := 0
	for _, m := range s.order {
		if !m.InView() {
			continue
		}
		if v.At(i) != m.Member {
			return false
		}
		i++
	}
	return true
}

// Changes returns the log since the last call.
func (s *Store) Changes() []Change {
	out := s.changes
	s.changes = nil
	return out
}

// MergeRecord takes over a newer life, or a newer address of the same life. It reports whether anything changed.
func (s *Store) MergeRecord(now time.Duration, r wire.Record, source uint64, bulk bool) bool {
	ch := Change{Kind: Lived, Source: source, Bulk: bulk}
	id := wire.ID(r.Name)
	m := s.Find(id)
	if m == nil {
		m = s.add(id, r)
	} else {
		c := r.Life.Compare(m.Record.Life)
		if c < 0 || c == 0 && r.AddrVersion <= m.Record.AddrVersion {
			return false
		}
		if c == 0 {
			ch.Kind = Moved
		}
		s.setRecord(m, r)
	}
	if ch.Kind == Lived {
		m.Since = now
	}
	ch.Member = m
	s.changes = append(s.changes, ch)
	if e, ok := s.pending[m.ID]; ok && e.Life.Compare(r.Life) <= 0 {
		delete(s.pending, m.ID)
		s.MergeEnd(now, e, source)
	}
	return true
}

// MergeEnd takes over a newer end, or a higher cause of the same one. An end above the life known here waits until
// that life's record is here, so a forged end can't lock a name out. It reports whether anything changed.
func (s *Store) MergeEnd(now time.Duration, e wire.End, source uint64) bool {
	id := wire.ID(e.Name)
	m := s.Find(id)
	if m == nil || e.Life.Compare(m.Record.Life) > 0 {
		old, ok := s.pending[id]
		c := e.Life.Compare(old.Life)
		if (ok || len(s.pending) < maxPending) && (c > 0 || c == 0 && e.Cause > old.Cause) {
			s.pending[id] = e
		}
		return false
	}
	switch c := e.Life.Compare(m.End.Life); {
	case c < 0:
		return false
	case c == 0 && e.Cause <= m.End.Cause:
		return s.recount(m, e, source)
	}
	s.setEnd(m, (&End{e, now - e.Age}).carry(m.End))
	if m.End.Count > e.Count {
		source = 0 // who sent it does not know the count
	}
	s.changes = append(s.changes, Change{Kind: Ended, Member: m, Source: source})
	return true
}

// Apply merges a delta of a namespace.
func (s *Store) Apply(now time.Duration, d *wire.Delta, source uint64, bulk bool) Outcome {
	m := s.Find(d.Owner.ID)
	if m == nil || m == s.Self || m.Owner() != d.Owner || m.End.Cause == wire.Forgotten && !m.InView() {
		return Ignored
	}
	from := m.Space.Max()
	s.uncount(m)
	space, fresh, outcome := m.space().apply(now, d)
	m.Space = space
	s.count(m)
	if space.max > from {
		s.recent.add(Write{Member: m, Owner: d.Owner, From: from, To: space.max, At: now})
		s.changes = append(s.changes, Change{
			Kind: Wrote, Member: m, Source: source, Bulk: bulk, From: from, To: space.max, Entries: fresh,
		})
		s.heed(now, m, fresh, source)
	}
	return outcome
}

// TakeOver enters another view: lives holds all its members, this one included, with the lives they have there. What
// is known of names outside of it is kept; members of the view left behind that are not in the other are ended with the
// life known. Not those whose life became known only after this member asked to be let in: the list may be older than that,
// and whoever was let in meanwhile must not be ended for it. It is the only step in which a life or an end may fall.
func (s *Store) TakeOver(now time.Duration, lives []*view.Member, asked time.Duration) {
	in := make([]uint64, 0, len(lives))
	var fresh []*Member
	for _, l := range lives {
		in = append(in, l.ID)
		m := s.Find(l.ID)
		if m == nil {
			fresh = append(fresh, &Member{Member: l, End: noEnd, Space: nothing})
			continue
		}
		if m.End.Life.Compare(l.Life) >= 0 {
			s.setEnd(m, noEnd)
		}
		switch {
		case m == s.Self:
			s.relive(now, l.Record)
		case l.Life != m.Record.Life || l.AddrVersion > m.Record.AddrVersion:
			s.setRecord(m, l.Record)
		}
	}
	slices.Sort(in)
	s.kept = nil
	for _, m := range s.order {
		if _, ok := view.Search(in, m.ID); ok || !m.InView() {
			continue
		}
		if m.Since > asked { // at that very instant: whoever had stood still read what had waited before it asked
			s.kept = append(s.kept, m.ID)
			continue
		}
		end := &End{wire.End{Name: m.Name, Life: m.Record.Life, Cause: wire.Failed}, now}
		s.setEnd(m, end.carry(m.End))
	}
	s.enter(fresh)
	clear(s.pending)
	s.changes = append(s.changes, Change{Kind: TakenOver})
}

// Kept are the members whom the latest TakeOver left in the view though they were not in the other.
func (s *Store) Kept() []uint64 { return s.kept }

// add enters a name that was not known.
func (s *Store) add(id uint64, r wire.Record) *Member {
	m := &Member{Member: s.viewed(id, r), End: noEnd, Space: nothing}
	i, _ := view.Search(s.ids, id)
	s.ids = slices.Insert(s.ids, i, id)
	s.order = slices.Insert(s.order, i, m)
	s.count(m)
	s.stale = true
	return m
}

// enter adds many at once.
func (s *Store) enter(fresh []*Member) {
	if len(fresh) == 0 {
		return
	}
	byID := func(a, b *Member) int { return cmp.Compare(a.ID, b.ID) }
	slices.Reverse(fresh) // of a name that is there twice the later counts
	slices.SortStableFunc(fresh, byID)
	fresh = slices.CompactFunc(fresh, func(a, b *Member) bool { return a.ID == b.ID })
	s.order = append(slices.Clip(s.order), fresh...)
	slices.SortFunc(s.order, byID)
	s.ids = make([]uint64, len(s.order))
	for i, m := range s.order {
		s.ids[i] = m.ID
	}
	for _, m := range fresh {
		s.count(m)
	}
	s.stale = true
}

// setRecord puts r in the place of the present record. Another process starts with an empty namespace: old values never
// come back, and are never merged with new ones.
func (s *Store) setRecord(m *Member, r wire.Record) {
	r = m.located(r)
	s.uncount(m)
	if !m.Record.Life.SameProcess(r.Life) {
		s.empty(m)
	}
	m.Member = s.viewed(m.ID, r)
	s.count(m)
	s.stale = true
}

// empty drops a namespace, and what the log of this turn says was written there: nobody may pass it on or tell it any more.
func (s *Store) empty(m *Member) {
	if m.Space.Top() > 0 {
		s.changes = slices.DeleteFunc(s.changes, func(c Change) bool { return (c.Kind == Wrote || c.Kind == Released) && c.Member == m })
		s.changes = append(s.changes, Change{Kind: Emptied, Member: m})
	}
	m.Space = nothing
}

// viewed is the member of the view that has this record. A record that comes back is the one it was, so that the view
// may be, too.
func (s *Store) viewed(id uint64, r wire.Record) *view.Member {
	if s.view != nil {
		if m := s.view.Find(id); m != nil && m.Record == r {
			return m
		}
	}
	return s.shared.Member(id, r)
}

// Viewed is the member that a view which holds this record has.
func (s *Store) Viewed(r wire.Record) *view.Member { return s.viewed(wire.ID(r.Name), r) }

func (s *Store) setEnd(m *Member, e *End) {
	s.uncount(m)
	m.End = e
	if e.Cause == wire.Forgotten && !m.InView() {
		s.empty(m)
	}
	s.count(m)
	s.stale = true
}

// uncount takes m out of the running hashes; count puts it back. Every change of a member stands between the two.
func (s *Store) uncount(m *Member) {
	if !m.InView() {
		return
	}
	s.viewHash -= wire.LifeHash(m.ID, m.Record.Life)
	s.stateHash -= wire.VersionHash(m.ID, m.Record.Life, m.Space.Max())
	s.size--
}

func (s *Store) count(m *Member) {
	if m.InView() {
		s.viewHash += wire.LifeHash(m.ID, m.Record.Life)
		s.stateHash += wire.VersionHash(m.ID, m.Record.Life, m.Space.Max())
		s.size++
	}
}
