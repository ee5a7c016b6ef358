package gossip

import (
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
	Published *view.View    // what the stability tree holds
	ViewHash  uint64
	StateHash uint64
	Known     int         // names
	Members   []Inspected // all known names, in the order of ids

	Outbox  int // packets queued and not yet given out
	Streams int // open or being opened
	Events  int // not yet given out
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
	Floor uint64           // up to which tombstones may be missing
	Space *store.Namespace // of Life's process; all its exported methods only read
}

// InView reports whether the newest life has not ended.
func (i *Inspected) InView() bool { return i.Life.Compare(i.End) > 0 }

// Inspect fills into; its slice is reused.
func (m *Machine) Inspect(into *Inspection) {
	members := into.Members[:0]
	for _, s := range m.st.All() {
		members = append(members, Inspected{s.Name, s.ID, s.Record.Life, s.End.Life, s.End.Cause, s.Space.Max(), s.Space.Floor(), s.Space})
	}
	m.InspectHead(into)
	into.Members = members
}

// InspectHead is Inspect without the members.
func (m *Machine) InspectHead(into *Inspection) {
	*into = Inspection{
		Self: m.st.Self.Record.Life, Entered: m.door.EnteredAt(), Published: m.pub.View(),
		ViewHash: m.st.ViewHash(), StateHash: m.st.StateHash(), Known: len(m.st.All()),
		Outbox: len(m.box.packets), Streams: len(m.streams.open), Events: m.pub.Pending(),
	}
}
