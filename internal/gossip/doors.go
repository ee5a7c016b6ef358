// Package gossip is the protocol as a machine. It does no IO, starts no goroutine, reads no clock and draws its chance
// from a generator it is given. Frames, the time and local calls go in; packets, events and stream requests come out.
//
// The doors are Step, Do, Tick, Next and Ready, and StreamUp, StreamFrame, StreamDown and Fill for streams. The owner
// calls Step for every packet that is ready, then Ready, then waits until Next. One goroutine at a time.
//
// All times are durations on one monotonic clock of the process; its zero means nothing.
package gossip

import (
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/cow"
	"github.com/grapevine-gossip/grapevine/internal/store"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// Config is what a machine needs to know of itself.
type Config struct {
	Name       string
	Cluster    string
	Addr       netip.AddrPort // what others reach this member at
	Generation uint64         // of this start, as far as known: 1, or the last one kept + 1
	Boot       uint64         // random, not zero
	Rand       *rand.Rand
	HasSeeds   bool // seeds are configured: admit nobody until each address of the first SetSeeds answered or was silent

	Phi      float64       // conviction threshold; 0: 8
	Interval time.Duration // between two probes of one member; 0: 1 s
	MaxKey   int           // bytes; 0: 256
	MaxValue int           // bytes; 0: 65536
	MaxSpace int           // bytes of keys and values in this member's namespace; 0: 16 MiB
	Budget   int           // bytes a second this member may send for dissemination and repair; 0: 8 MiB; negative: no limit
}

// Command is a local call; one of the structs below.
type Command interface{ command() }

// The local calls.
type (
	// Set writes one of this member's own keys. IfVersion, when not nil, must be the key's present version (0: absent).
	Set struct {
		Key       string
		Value     []byte
		TTL       time.Duration // 0: for ever
		IfVersion *uint64
	}
	// Delete removes one of this member's own keys; deleting an absent key is no error and no change.
	Delete struct {
		Key       string
		IfVersion *uint64
	}
	// SetSeeds replaces the addresses that are contacted while this member is alone and, now and then, afterwards.
	SetSeeds struct{ Addrs []netip.AddrPort }
	// Join contacts the addresses at once; whoever answers is joined, or joins, as the sizes of the views say.
	Join struct{ Addrs []netip.AddrPort }
	// Leave ends this member's own life. Done when Snapshot.Standing is StandingLeft.
	Leave struct{}
	// Restart starts a new generation after Leave and publishes the same keys anew.
	Restart struct{ Boot uint64 }
	// Forget removes an ended member for good.
	Forget struct{ Name string }
	// SetAddr changes this member's advertised address.
	SetAddr struct{ Addr netip.AddrPort }
	// Paused tells that the process or its machine stood still for so long without the monotonic clock showing it.
	Paused struct{ For time.Duration }
)

func (Set) command()      {}
func (Delete) command()   {}
func (SetSeeds) command() {}
func (Join) command()     {}
func (Leave) command()    {}
func (Restart) command()  {}
func (Forget) command()   {}
func (SetAddr) command()  {}
func (Paused) command()   {}

// Result is the outcome of a Command.
type Result struct {
	Version uint64 // of the key written
}

// Output is what has to go out. It is valid until the next call of any door.
type Output struct {
	Packets  []Packet
	Events   []Event
	Streams  []StreamCall
	Snapshot *Snapshot // the newest published state; the same pointer while nothing changed
}

// Packet is one datagram.
type Packet struct {
	To   netip.AddrPort
	Data []byte
}

// StreamCall asks the owner to open a stream, or to close one.
type StreamCall struct {
	ID       uint64 // chosen by the machine for streams it opens: even. The owner numbers incoming ones: odd.
	Close    bool
	To       netip.AddrPort
	Deadline time.Duration // give up dialling or transferring then
}

// EventKind says what happened.
type EventKind uint8

// The events that leave the machine.
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
	Restarted bool    // EventReturned: a new process
	Accusers  []Accuser
	Key       string
	Value     []byte // immutable, shared
	Version   uint64
	View      uint64
	Names     []string // EventStabilized: the members
	Reason    string   // EventRejoined, EventNameConflict
	Before    int      // EventRejoined: members before and after
	After     int
	Addr      netip.AddrPort // EventNameConflict: of the other process
	Refusal   *Refusal
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

// Member is what is published of one member. Immutable.
type Member struct {
	Name       string
	ID         uint64
	Addr       netip.AddrPort
	State      State
	Life       wire.Life
	MinVersion uint8
	MaxVersion uint8
	Version    uint64                           // of the namespace
	Keys       cow.Frozen[string, *store.Entry] // tags included, tombstones not
	Cause      wire.Cause                       // for the ended
	Failures   uint8                            // for the ended: within ten minutes
	EndedAt    time.Duration                    // on the machine's clock
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
	At           time.Duration
	Self         *Member
	Standing     Standing
	RetryIn      time.Duration // StandingWaiting
	Reason       string
	View         uint64
	Size         int
	Stable       bool
	StableAt     time.Duration // when it became so
	WaitingFor   []string
	Members      cow.Frozen[string, *Member] // the view and the ended, by name
	Edges        []Edge
	Backlog      time.Duration // age of the oldest change that some neighbour lacks
	SeedsAreSelf bool          // every seed turned out to be this member
	Answered     bool          // somebody other than this member has answered since the start
}

// Stats counts since the start of the machine.
type Stats struct {
	PacketsOut, PacketsIn                     uint64
	BytesOut, BytesIn                         uint64
	StreamBytesOut, StreamBytesIn             uint64
	SentByKind, ReceivedByKind                map[string]uint64 // sections
	Dropped                                   map[string]uint64 // by reason: cluster version key checksum truncated malformed limit replay duplicate_name queue outside
	Probes, Accusations, Vouches, Convictions uint64
	ViewChanges                               uint64
	Copies, Echoes                            uint64 // changes received, and those of them already known
}
