package gossip

import (
	"net/netip"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/store"
	"github.com/grapevine-gossip/grapevine/internal/view"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// Inspection is what checkers may see of a machine beside what it publishes. Nothing in it can be changed through it,
// and nobody but checkers should depend on it.
type Inspection struct {
	Self      wire.Life
	Entered   time.Duration // when another view was taken over; changes with each time
	Joins     uint64        // how often it asked to be let in
	Kept      []uint64      // who is in the view beside those of the one that was taken over last
	Published *view.View    // what the stability tree holds
	ViewHash  uint64
	StateHash uint64
	Known     int         // names
	Members   []Inspected // all known names, in the order of ids
	Changed   []Change    // what is not as it was when the same Inspection was last filled

	Outbox  int // packets queued and not yet given out
	Streams int // open or being opened
	Events  int // not yet given out

	Unsendable uint64           // packets that were too large to be sent
	Accuses    []wire.Suspicion // what this member says of others at present
}

// Held tells up to which version this member's own changes are made known, and how old the oldest is of those held back.
func (m *Machine) Held() (released uint64, oldest time.Duration) {
	space := m.st.Self.Space
	if e := space.Held(); e != nil {
		oldest = m.now - e.At
	}
	return space.Max(), oldest
}

// Backlog tells how old the oldest change is that waits to be sent to some neighbour, and about how many bytes wait.
func (m *Machine) Backlog(now time.Duration) (age time.Duration, bytes int) {
	return m.spread.Backlog(now), m.spread.BacklogBytes()
}

// Inspected is one name as the store has it.
type Inspected struct {
	Name  string
	ID    uint64
	Life  wire.Life
	End   wire.Life
	Cause wire.Cause
	Max   uint64           // version held of the namespace
	Top   uint64           // of one's own: what was written last, though it may be held back; else Max
	Floor uint64           // up to which tombstones may be missing
	Space *store.Namespace // of Life's process; all its exported methods only read

	record *view.Member // Name, ID and Life are of this one, which nothing changes
	end    *store.End   // End and Cause are of this one, likewise
}

// Address is where the member's record says that it is, and the number of that address.
func (i *Inspected) Address() (netip.AddrPort, uint64) { return i.record.Addr, i.record.AddrVersion }

// Accusers are the members on whose word the end was written.
func (i *Inspected) Accusers() []uint64 { return i.end.Accusers }

// Change is one name that is not as it was. One of the two may be nil.
type Change struct{ Was, Is *Inspected }

// InView reports whether the newest life has not ended.
func (i *Inspected) InView() bool { return i.Life.Compare(i.End) > 0 }

// InspectHead fills all but the members.
func (m *Machine) InspectHead(into *Inspection) {
	into.Self, into.Entered, into.Published = m.st.Self.Record.Life, m.door.EnteredAt(), m.pub.View()
	into.Joins, into.Kept = m.sent.sections[wire.KindJoin], m.st.Kept()
	into.ViewHash, into.StateHash, into.Known = m.st.ViewHash(), m.st.StateHash(), len(m.st.All())
	into.Outbox, into.Streams, into.Events = len(m.box.packets), len(m.streams.open), m.pub.Pending()
	into.Unsendable, into.Accuses = m.stats.Dropped["limit"], m.det.Accuses()
}

// InspectMembers brings the members up to date, and tells which changed. It is called after every step of every member,
// and most change nothing: what is as it was is not even copied.
func (m *Machine) InspectMembers(into *Inspection) {
	into.Changed = into.Changed[:0]
	known := m.st.All()
	if !into.lists(known) {
		into.list(known)
	}
	for i, s := range known {
		is := &into.Members[i]
		if is.shows(s) {
			continue
		}
		c := Change{Is: is}
		if is.record != nil {
			was := *is
			c.Was = &was
		}
		*is = Inspected{
			s.Name, s.ID, s.Record.Life, s.End.Life, s.End.Cause, s.Space.Max(), s.Space.Top(), s.Space.Floor(), s.Space, s.Member, s.End,
		}
		into.Changed = append(into.Changed, c)
	}
}

// shows reports whether nothing changed. Records and ends are replaced, never changed.
func (i *Inspected) shows(s *store.Member) bool {
	return i.record == s.Member && i.end == s.End && i.Space == s.Space && i.Max == s.Space.Max() && i.Top == s.Space.Top() &&
		i.Floor == s.Space.Floor()
}

func (i *Inspection) lists(known []*store.Member) bool {
	if len(i.Members) != len(known) {
		return false
	}
	for k, s := range known {
		if i.Members[k].ID != s.ID {
			return false
		}
	}
	return true
}

// list makes room for other names than those of before, in the order of ids, and notes which are gone.
func (i *Inspection) list(known []*store.Member) {
	before := i.Members
	i.Members = make([]Inspected, 0, len(known))
	for _, s := range known {
		for len(before) > 0 && before[0].ID < s.ID {
			i.Changed = append(i.Changed, Change{Was: &before[0]})
			before = before[1:]
		}
		if len(before) > 0 && before[0].ID == s.ID {
			i.Members = append(i.Members, before[0])
			before = before[1:]
			continue
		}
		i.Members = append(i.Members, Inspected{ID: s.ID})
	}
	for k := range before {
		i.Changed = append(i.Changed, Change{Was: &before[k]})
	}
}
