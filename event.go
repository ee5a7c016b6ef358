package grapevine

import (
	"iter"
	"net/netip"
	"slices"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/publish"
)

// Event is something that happened, as this member sees it: one of the structs below. docs/events.md says when each
// comes and in what order.
type Event interface {
	// Type is the name on the wire, such as "member.failed".
	Type() string
	sealed()
}

// Accuser is a member that got no answer from another, with the phi it had reached as far as known here.
type Accuser struct {
	Name string
	Phi  float64 // 0: not known here
}

// The events.
type (
	// MemberJoined: a name not known before entered the view.
	MemberJoined struct{ Member }
	// MemberDiscoveredFailed: a name not known before turned out to have failed already.
	MemberDiscoveredFailed struct{ Member }
	// MemberSuspected: somebody says that it gets no answer. The member is still in the view.
	MemberSuspected struct {
		Member
		Accusers []Accuser
	}
	// MemberCleared: nobody accuses it any more.
	MemberCleared struct{ Member }
	// MemberFailed: it was found silent by a quorum of its watchers. The accusers are those known here, perhaps none.
	MemberFailed struct {
		Member
		Accusers []Accuser
	}
	// MemberReturned: a known name is in the view again, under a higher generation or incarnation.
	MemberReturned struct {
		Member
		Restarted bool // its former keys are gone: a new process, or it was forgotten meanwhile
	}
	// MemberLeft: it said goodbye.
	MemberLeft struct{ Member }
	// MemberUpdated: its address or its tags changed.
	MemberUpdated struct{ Member }
	// MemberForgotten: an operator removed an ended name for good.
	MemberForgotten struct{ Name string }
	// KeySet: a key has a new value. Values in between may have been skipped: the latest wins.
	KeySet struct {
		Name    string // the member
		Key     string
		Value   []byte
		Version uint64
	}
	// KeyDeleted: a key is gone.
	KeyDeleted struct {
		Name    string // the member
		Key     string
		Version uint64
	}
	// Rejoined: this member was ended elsewhere, or its side joined a larger one, and it is back.
	Rejoined struct {
		Incarnation   uint64
		Reason        string
		Before, After int // members
	}
	// ViewStabilized: there was a moment at which all members of this view held it.
	ViewStabilized struct {
		ID      ViewID
		Members []string // sorted
	}
	// ViewDestabilized: the stable view is no longer the present one.
	ViewDestabilized struct{ ID ViewID }
	// NameConflict: another process has taken this member's name. Done closes.
	NameConflict struct {
		Name   string
		Addr   netip.AddrPort // of the other process
		Reason string
	}
	// Lagged: this subscriber was too slow and lost so many events. A Snapshot follows.
	Lagged struct{ Missed uint64 }
	// Snapshot is the whole state at one moment: what a new or lagged subscriber goes on from. Events that follow may
	// tell of changes that it contains already.
	Snapshot struct {
		View    View
		Members []Member // the view, and the ended that are remembered

		node *Node
		snap *publish.Snapshot
	}
)

// All yields every key of the snapshot whose name begins with prefix, by member and key.
func (s Snapshot) All(prefix string) iter.Seq2[Key, Value] {
	return func(yield func(Key, Value) bool) {
		if s.snap != nil {
			s.node.all(s.snap, prefix, yield)
		}
	}
}

func (MemberJoined) Type() string           { return "member.joined" }
func (MemberDiscoveredFailed) Type() string { return "member.discovered_failed" }
func (MemberSuspected) Type() string        { return "member.suspected" }
func (MemberCleared) Type() string          { return "member.cleared" }
func (MemberFailed) Type() string           { return "member.failed" }
func (MemberReturned) Type() string         { return "member.returned" }
func (MemberLeft) Type() string             { return "member.left" }
func (MemberUpdated) Type() string          { return "member.updated" }
func (MemberForgotten) Type() string        { return "member.forgotten" }
func (KeySet) Type() string                 { return "kv.set" }
func (KeyDeleted) Type() string             { return "kv.deleted" }
func (Rejoined) Type() string               { return "node.rejoined" }
func (ViewStabilized) Type() string         { return "view.stabilized" }
func (ViewDestabilized) Type() string       { return "view.destabilized" }
func (NameConflict) Type() string           { return "name.conflict" }
func (Lagged) Type() string                 { return "lagged" }
func (Snapshot) Type() string               { return "snapshot" }

func (MemberJoined) sealed()           {}
func (MemberDiscoveredFailed) sealed() {}
func (MemberSuspected) sealed()        {}
func (MemberCleared) sealed()          {}
func (MemberFailed) sealed()           {}
func (MemberReturned) sealed()         {}
func (MemberLeft) sealed()             {}
func (MemberUpdated) sealed()          {}
func (MemberForgotten) sealed()        {}
func (KeySet) sealed()                 {}
func (KeyDeleted) sealed()             {}
func (Rejoined) sealed()               {}
func (ViewStabilized) sealed()         {}
func (ViewDestabilized) sealed()       {}
func (NameConflict) sealed()           {}
func (Lagged) sealed()                 {}
func (Snapshot) sealed()               {}

// public makes the event that subscribers see; nil for one that is not theirs. What it holds is shared among them: each
// is given a copy, see copied.
func (n *Node) public(snap *publish.Snapshot, e publish.Event) Event {
	switch e.Kind { // these may be many: they get no description of the member
	case publish.EventKeySet:
		return KeySet{e.Member.Name, e.Key, e.Value, e.Version}
	case publish.EventKeyDeleted:
		return KeyDeleted{e.Member.Name, e.Key, e.Version}
	}
	var m Member
	if e.Member != nil {
		m = n.member(snap, e.Member)
	}
	switch e.Kind {
	case publish.EventJoined:
		return MemberJoined{m}
	case publish.EventDiscoveredFailed:
		return MemberDiscoveredFailed{m}
	case publish.EventSuspected:
		return MemberSuspected{m, accusers(e)}
	case publish.EventCleared:
		return MemberCleared{m}
	case publish.EventFailed:
		return MemberFailed{m, accusers(e)}
	case publish.EventReturned:
		return MemberReturned{m, e.Restarted}
	case publish.EventLeft:
		return MemberLeft{m}
	case publish.EventUpdated:
		return MemberUpdated{m}
	case publish.EventForgotten:
		return MemberForgotten{m.Name}
	case publish.EventRejoined:
		return Rejoined{m.Incarnation, e.Reason, e.Before, e.After}
	case publish.EventStabilized:
		return ViewStabilized{ViewID(e.View), e.Names()}
	case publish.EventDestabilized:
		return ViewDestabilized{ViewID(e.View)}
	case publish.EventNameConflict:
		return NameConflict{m.Name, e.Addr, e.Reason}
	}
	return nil
}

// copied gives an event of which nothing is shared.
func copied(e Event) Event {
	switch e := e.(type) {
	case MemberJoined:
		return MemberJoined{e.copied()}
	case MemberDiscoveredFailed:
		return MemberDiscoveredFailed{e.copied()}
	case MemberSuspected:
		return MemberSuspected{e.copied(), slices.Clone(e.Accusers)}
	case MemberCleared:
		return MemberCleared{e.copied()}
	case MemberFailed:
		return MemberFailed{e.copied(), slices.Clone(e.Accusers)}
	case MemberReturned:
		return MemberReturned{e.copied(), e.Restarted}
	case MemberLeft:
		return MemberLeft{e.copied()}
	case MemberUpdated:
		return MemberUpdated{e.copied()}
	case KeySet:
		e.Value = append([]byte{}, e.Value...)
		return e
	case ViewStabilized:
		e.Members = slices.Clone(e.Members)
		return e
	}
	return e
}

func accusers(e publish.Event) []Accuser {
	out := make([]Accuser, len(e.Accusers))
	for i, a := range e.Accusers {
		out[i] = Accuser(a)
	}
	return out
}

func (n *Node) snapshotEvent(snap *publish.Snapshot) Snapshot {
	s := Snapshot{View: n.view(snap), node: n, snap: snap}
	for _, m := range snap.Members.All() {
		s.Members = append(s.Members, n.member(snap, m))
	}
	return s
}

// now is the time on the machine's clock. Zero means nothing there, so it starts at one second.
func (n *Node) now() time.Duration { return n.cfg.Clock.Now().Sub(n.epoch) + time.Second }
