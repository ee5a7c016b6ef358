package publish

import (
	"net/netip"
	"slices"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/cow"
	"github.com/grapevine-gossip/grapevine/internal/store"
	"github.com/grapevine-gossip/grapevine/internal/view"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// EventKind says what happened.
type EventKind uint8

// The events.
const (
	EventJoined EventKind = iota + 1
	EventDiscoveredFailed
	EventSuspected
	EventCleared
	EventFailed
	EventReturned
	EventLeft
	EventUpdated
	EventForgotten
	EventKeySet
	EventKeyDeleted
	EventRejoined
	EventStabilized
	EventDestabilized
	EventNameConflict
	EventRefused // not admitted; Refusal says why
)

// Accuser is a member that says it gets no answer, with the phi it was last known to have reached (0: not known here).
type Accuser struct {
	Name string
	Phi  float64
}

// Event is one thing that happened. Only the fields that fit Kind are set.
type Event struct {
	Kind      EventKind
	Member    *Member // whom it is about, as it is now
	Restarted bool    // EventReturned: a new process, or its keys were dropped here meanwhile: they are told anew
	Accusers  []Accuser
	Key       string
	Value     []byte // immutable, shared
	Version   uint64
	View      uint64
	Stable    *view.View // EventStabilized
	Reason    string     // EventRejoined, EventNameConflict
	Before    int        // EventRejoined: members before and after
	After     int
	Addr      netip.AddrPort // EventNameConflict: of the other process
	Refusal   *Refusal
}

// Names are the members of a view that has become stable, sorted.
func (e *Event) Names() []string {
	names := make([]string, 0, e.Stable.Len())
	for _, m := range e.Stable.All() {
		names = append(names, m.Name)
	}
	slices.Sort(names)
	return names
}

// Refusal says why this member is not let in.
type Refusal struct {
	Reason  wire.Reason
	By      netip.AddrPort
	Known   wire.Life
	RetryIn time.Duration
	Names   []string
	Addr    netip.AddrPort
	Fatal   bool // trying again can't help: name taken, or no common version
}

// State is what this member thinks of another.
type State uint8

// The states.
const (
	Alive State = iota + 1
	Suspect
	Failed
	Leaving
	Left
	Forgotten
)

// Standing is what this member thinks of itself.
type Standing uint8

// The standings.
const (
	StandingMember    Standing = iota + 1 // in a view with others
	StandingAlone                         // a view of one
	StandingRejoining                     // ended elsewhere, or joining
	StandingWaiting                       // refused for now
	StandingLeaving
	StandingLeft
	StandingSuperseded // another process took the name
)

// Status is how this member stands.
type Status struct {
	Standing     Standing
	RetryIn      time.Duration // StandingWaiting
	Reason       string
	SeedsAreSelf bool // every seed turned out to be this member
	Answered     bool // somebody other than this member has answered since the start
}

// Member is what is published of one member. Immutable. There is one for each name, so it is small.
type Member struct {
	*view.Member            // name, address, life
	*store.Said             // Keys, tags included, and their version
	Over         *store.End // of those that are not in the view; else nil
	State        State
}

// MapKey is the name, for the maps of package cow.
func (m *Member) MapKey() string { return m.Name }

// EndedAt is when it ended, on the machine's clock; 0: it has not.
func (m *Member) EndedAt() time.Duration {
	if m.Over == nil {
		return 0
	}
	return m.Over.At
}

// Failures is how often its process failed within ten minutes, of those that ended.
func (m *Member) Failures() int {
	if m.Over == nil {
		return 0
	}
	return int(m.Over.Count)
}

// Edge is the state of one watched member.
type Edge struct {
	Name        string
	Phi         float64
	RTT         time.Duration // smoothed; 0: none measured
	RTT99       time.Duration
	LossTo      float64 // share of my probes unanswered
	LossFrom    float64 // share of its probes unanswered, as it reports
	Outstanding int
}

// Snapshot is the published state: immutable, replaced as a whole.
type Snapshot struct {
	At   time.Duration
	Self *Member
	Status
	View       uint64
	Size       int
	Stable     bool
	StableAt   time.Duration // when it became so
	WaitingFor []string
	Members    cow.Frozen[*Member] // the view and the ended, by name
	Edges      []Edge
	Backlog    time.Duration // age of the oldest change that some neighbour lacks
}

// KeptOut is for how long the process of a member, which failed often, is not let in yet.
func (s *Snapshot) KeptOut(now time.Duration, m *Member) time.Duration {
	if m.Over == nil || !m.Over.Life.SameProcess(m.Life) {
		return 0
	}
	return m.Over.KeptOut(now, s.Size, func(yield func(*store.End, bool) bool) {
		for _, o := range s.Members.All() {
			if o.Over != nil && !yield(o.Over, true) {
				return
			}
		}
	})
}
