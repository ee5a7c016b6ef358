package sim

import (
	"maps"

	"github.com/grapevine-gossip/grapevine/internal/gossip"
	"github.com/grapevine-gossip/grapevine/internal/publish"
)

// replay checks that events and snapshots tell the same story (events_match_snapshots): who has the first snapshot and
// all events after it knows who is there and what they say.
type replay struct {
	idle
	of map[*Node]*told
}

// told is what an application knows by events alone.
type told struct {
	present map[string]bool
	keys    map[string]map[string]uint64 // versions, by member and key
	agreed  map[string]*publish.Member   // with what the snapshot has of a member nothing told since disagrees
	last    *publish.Snapshot
}

func newReplay() *replay { return &replay{of: map[*Node]*told{}} }

func (r *replay) started(_ *World, n *Node) { delete(r.of, n) }

func (r *replay) turn(w *World, n *Node, out *gossip.Output) {
	t := r.of[n]
	if t == nil {
		r.of[n] = newTold(out.Snapshot)
		return
	}
	for i := range out.Events {
		t.hear(&out.Events[i])
	}
	if out.Snapshot == t.last {
		return
	}
	t.last = out.Snapshot
	t.compare(w, n)
}

// newTold is what the first snapshot tells.
func newTold(s *publish.Snapshot) *told {
	t := &told{present: map[string]bool{}, keys: map[string]map[string]uint64{}, agreed: map[string]*publish.Member{}, last: s}
	for name, m := range s.Members.All() {
		if there(m) {
			t.present[name] = true
		}
		t.keys[name] = keysOf(m)
	}
	return t
}

// there reports whether a member is in the published view.
func there(m *publish.Member) bool {
	return m.State == publish.Alive || m.State == publish.Suspect
}

func keysOf(m *publish.Member) map[string]uint64 {
	out := map[string]uint64{}
	for key, e := range m.Keys.All() {
		if key[0] != '_' {
			out[key] = e.Version
		}
	}
	return out
}

func (t *told) hear(e *publish.Event) {
	if e.Member == nil {
		return
	}
	name := e.Member.Name
	delete(t.agreed, name)
	switch e.Kind {
	case publish.EventJoined:
		t.present[name] = true
		t.keys[name] = map[string]uint64{}
	case publish.EventReturned:
		t.present[name] = true
		if e.Restarted {
			t.keys[name] = map[string]uint64{}
		}
	case publish.EventFailed, publish.EventLeft:
		delete(t.present, name)
	case publish.EventForgotten:
		delete(t.keys, name)
	case publish.EventKeySet:
		if t.keys[name] == nil {
			t.keys[name] = map[string]uint64{}
		}
		t.keys[name][e.Key] = e.Version
	case publish.EventKeyDeleted:
		delete(t.keys[name], e.Key)
	}
}

// compare holds what was told against the snapshot. Of the absent only the keys of who was there are told.
func (t *told) compare(w *World, n *Node) {
	count := 0
	for name, m := range t.last.Members.All() {
		if name == n.Name {
			continue
		}
		if there(m) != t.present[name] {
			w.violate("events_match_snapshots", n, "%s is there: %v by the snapshot, %v by the events", name, there(m), t.present[name])
			return
		}
		if !there(m) {
			continue
		}
		count++
		if t.agreed[name] == m {
			continue
		}
		t.agreed[name] = m
		if got, want := t.keys[name], keysOf(m); !maps.Equal(got, want) {
			w.violate("events_match_snapshots", n, "keys of %s are %v by the snapshot, %v by the events", name, want, got)
			return
		}
	}
	delete(t.present, n.Name)
	if count != len(t.present) {
		w.violate("events_match_snapshots", n, "%d others are there by the snapshot, %d by the events", count, len(t.present))
	}
}
