package grapevine

import (
	"fmt"
	"iter"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/publish"
)

// State is what this member thinks of another.
type State uint8

// The states. Alive and Suspect are in the view; Leaving is only ever said of oneself.
const (
	Alive   = State(publish.Alive)
	Suspect = State(publish.Suspect)
	Failed  = State(publish.Failed)
	Leaving = State(publish.Leaving)
	Left    = State(publish.Left)
)

func (s State) String() string {
	switch s {
	case Alive:
		return "alive"
	case Suspect:
		return "suspect"
	case Failed:
		return "failed"
	case Leaving:
		return "leaving"
	case Left:
		return "left"
	}
	return "unknown"
}

// Standing is what this member thinks of itself.
type Standing uint8

// The standings.
const (
	StandingMember     = Standing(publish.StandingMember)     // in a view with others
	StandingAlone      = Standing(publish.StandingAlone)      // in a view of one
	StandingRejoining  = Standing(publish.StandingRejoining)  // joining, or ended elsewhere and on its way back
	StandingWaiting    = Standing(publish.StandingWaiting)    // refused for now; RetryIn tells for how long
	StandingLeaving    = Standing(publish.StandingLeaving)    // saying goodbye
	StandingLeft       = Standing(publish.StandingLeft)       // has left
	StandingSuperseded = Standing(publish.StandingSuperseded) // another process took the name
)

func (s Standing) String() string {
	switch s {
	case StandingMember:
		return "member"
	case StandingAlone:
		return "alone"
	case StandingRejoining:
		return "rejoining"
	case StandingWaiting:
		return "waiting"
	case StandingLeaving:
		return "leaving"
	case StandingLeft:
		return "left"
	case StandingSuperseded:
		return "superseded"
	}
	return "unknown"
}

// Member is what is known of one member. A copy: it doesn't change.
type Member struct {
	Name        string
	Addr        netip.AddrPort
	State       State
	Generation  uint64 // rises with every start of its process
	Incarnation uint64 // rises when the same process is let in again
	Tags        map[string]string
	Keys        int // number of its keys, tags apart
	MinVersion  uint8
	MaxVersion  uint8

	Watched bool          // by this member: Phi and RTT are measured
	Phi     float64       // suspicion; see Config.Phi
	RTT     time.Duration // smoothed; 0: not measured yet

	EndedFor time.Duration // since it failed or left
	Failures int           // of the ended: times its process failed within ten minutes

	AdmittedAfter time.Duration // of one that failed often: for how long its process is still kept out
}

// Ended reports whether the member is not in the view.
func (m Member) Ended() bool { return m.State == Failed || m.State == Left }

func (m Member) subject() Member { return m }

func (m Member) copied() Member {
	m.Tags = maps.Clone(m.Tags)
	return m
}

// ViewID is the hash of a view: the same for all who hold the same members under the same lives.
type ViewID uint64

func (v ViewID) String() string { return fmt.Sprintf("%016x", uint64(v)) }

// View is who is in the cluster.
type View struct {
	ID         ViewID
	Size       int
	Stable     bool          // there was a moment at which all of it held it
	StableFor  time.Duration // 0 if not stable
	Members    []string      // sorted
	WaitingFor []string      // while not stable: who holds it back, as far as known
}

// Status is how this member stands.
type Status struct {
	Standing     Standing
	Reason       string        // in words, where there is one
	RetryIn      time.Duration // StandingWaiting: when it tries again
	SeedsAreSelf bool          // there are no seeds, or every address of theirs is this member itself
	Answered     bool          // another member has answered since the start
}

// Peer is what this member measures of one that it watches.
type Peer struct {
	Name        string
	Phi         float64
	RTT         time.Duration // smoothed; 0: not measured yet
	RTT99       time.Duration // 99th percentile
	LossTo      float64       // share of this member's probes that had no answer
	LossFrom    float64       // share of the peer's probes that had none, as it says
	Outstanding int           // probes not answered yet
}

// Stats counts since the start of the process.
type Stats struct {
	PacketsOut, PacketsIn         uint64 // datagrams
	BytesOut, BytesIn             uint64 // their payload
	StreamBytesOut, StreamBytesIn uint64
	SentByKind, ReceivedByKind    map[string]uint64 // messages; a datagram holds several
	SentBytesByKind               map[string]uint64 // without what datagrams and frames add
	Dropped                       map[string]uint64 // frames, by reason
	ReadErrors                    uint64            // of the socket: some systems report other people's closed ports so
	Probes, Accusations, Vouches  uint64
	Convictions, ViewChanges      uint64
	Copies, Known, Echoes         uint64 // changes of others received; of those, held already; and this member's own that came back
}

// Members yields the view, by name.
func (n *Node) Members() iter.Seq[Member] {
	return n.members(func(m *publish.Member) bool { return inView(m.State) })
}

// Ended yields who failed or left and is still remembered, by name.
func (n *Node) Ended() iter.Seq[Member] {
	return n.members(func(m *publish.Member) bool { return !inView(m.State) })
}

func (n *Node) members(want func(*publish.Member) bool) iter.Seq[Member] {
	return func(yield func(Member) bool) {
		snap := n.snapshot()
		if snap == nil {
			return
		}
		for _, m := range snap.Members.All() {
			if want(m) && !yield(n.member(snap, m)) {
				return
			}
		}
	}
}

// Member returns what is known of a name.
func (n *Node) Member(name string) (Member, bool) {
	snap := n.snapshot()
	if snap == nil {
		return Member{}, false
	}
	m, ok := snap.Members.Get(name)
	if !ok {
		return Member{}, false
	}
	return n.member(snap, m), true
}

// Self returns this member as it sees itself.
func (n *Node) Self() Member {
	snap := n.snapshot()
	if snap == nil {
		return Member{}
	}
	return n.member(snap, snap.Self)
}

// View returns the present view.
func (n *Node) View() View {
	snap := n.snapshot()
	if snap == nil {
		return View{}
	}
	return n.view(snap)
}

// Status returns how this member stands.
func (n *Node) Status() Status {
	snap := n.snapshot()
	if snap == nil {
		return Status{}
	}
	return Status{
		Standing: Standing(snap.Standing), Reason: snap.Reason, RetryIn: max(snap.RetryIn-(n.now()-snap.At), 0),
		SeedsAreSelf: snap.SeedsAreSelf || !n.seeds.any(), Answered: snap.Answered,
	}
}

// Peers returns what this member measures of those it watches, by name.
func (n *Node) Peers() []Peer {
	snap := n.snapshot()
	if snap == nil {
		return nil
	}
	out := make([]Peer, len(snap.Edges))
	for i, e := range snap.Edges {
		out[i] = Peer(e)
	}
	return out
}

// Backlog is the age of the oldest change that some neighbour lacks: how far this member is behind in sending, or how long
// it holds back what the application wrote since the cluster is. See Config.Budget.
func (n *Node) Backlog() time.Duration {
	if snap := n.snapshot(); snap != nil {
		return snap.Backlog
	}
	return 0
}

func inView(s publish.State) bool {
	return s == publish.Alive || s == publish.Suspect || s == publish.Leaving
}

func (n *Node) view(snap *publish.Snapshot) View {
	v := View{ID: ViewID(snap.View), Size: snap.Size, Stable: snap.Stable, WaitingFor: slices.Clone(snap.WaitingFor)}
	if v.Stable {
		v.StableFor = n.now() - snap.StableAt
	}
	for name, m := range snap.Members.All() {
		if inView(m.State) {
			v.Members = append(v.Members, name)
		}
	}
	return v
}

// member makes the public copy of what the machine published.
func (n *Node) member(snap *publish.Snapshot, m *publish.Member) Member {
	out := Member{
		Name: m.Name, Addr: m.Addr, State: State(m.State), Generation: m.Life.Generation, Incarnation: m.Life.Incarnation,
		MinVersion: m.MinVersion, MaxVersion: m.MaxVersion, Failures: m.Failures(), Tags: map[string]string{},
	}
	if out.Ended() {
		out.EndedFor = max(n.now()-m.EndedAt(), 0)
	}
	reserved := 0
	for key, e := range m.Keys.From("_") {
		if !strings.HasPrefix(key, "_") {
			break
		}
		reserved++
		if name, ok := strings.CutPrefix(key, tagPrefix); ok {
			out.Tags[name] = string(e.Value)
		}
	}
	out.Keys = m.Keys.Len() - reserved
	if snap == nil {
		return out
	}
	out.AdmittedAfter = snap.KeptOut(n.now(), m)
	for _, e := range snap.Edges {
		if e.Name == m.Name {
			out.Watched, out.Phi, out.RTT = true, e.Phi, e.RTT
		}
	}
	return out
}
