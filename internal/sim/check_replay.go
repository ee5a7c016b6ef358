package sim

import (
	"fmt"
	"maps"

	"github.com/grapevine-gossip/grapevine/internal/gossip"
	"github.com/grapevine-gossip/grapevine/internal/publish"
	"github.com/grapevine-gossip/grapevine/internal/wire"
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
	stable  bool
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
		if what := t.hear(&out.Events[i]); what != "" {
			w.violate("events_match_snapshots", n, "%s", what)
			return
		}
	}
	if out.Snapshot == t.last {
		return
	}
	t.last = out.Snapshot
	t.compare(w, n)
}

// newTold is what the first snapshot tells.
func newTold(s *publish.Snapshot) *told {
	t := &told{present: map[string]bool{}, keys: map[string]map[string]uint64{}, agreed: map[string]*publish.Member{}, stable: s.Stable, last: s}
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

// hear takes an event and tells what is wrong with it after those before, if anything is.
func (t *told) hear(e *publish.Event) string {
	switch e.Kind {
	case publish.EventStabilized, publish.EventDestabilized:
		if t.stable == (e.Kind == publish.EventStabilized) {
			return fmt.Sprintf("stable: %v is told twice", t.stable)
		}
		t.stable = !t.stable
	}
	if e.Member == nil {
		return ""
	}
	name := e.Member.Name
	delete(t.agreed, name)
	switch e.Kind {
	case publish.EventJoined, publish.EventReturned, publish.EventFailed, publish.EventLeft, publish.EventForgotten:
		return t.hearWhere(e, name)
	case publish.EventKeySet:
		if t.keys[name] == nil {
			t.keys[name] = map[string]uint64{}
		}
		if old := t.keys[name][e.Key]; t.present[name] && old >= e.Version {
			return fmt.Sprintf("%s of %s is told at version %d, after %d", e.Key, name, e.Version, old)
		}
		t.keys[name][e.Key] = e.Version
	case publish.EventKeyDeleted:
		delete(t.keys[name], e.Key)
	}
	return ""
}

// hearWhere takes who comes and who goes.
func (t *told) hearWhere(e *publish.Event, name string) string {
	comes := e.Kind == publish.EventJoined || e.Kind == publish.EventReturned
	switch there := t.present[name]; {
	case comes && there:
		return fmt.Sprintf("event %d of %s, who was there", e.Kind, name)
	case !comes && there == (e.Kind == publish.EventForgotten):
		return fmt.Sprintf("event %d of %s, who was there: %v", e.Kind, name, there)
	}
	switch {
	case comes:
		t.present[name] = true
		if e.Kind == publish.EventJoined || e.Restarted {
			t.keys[name] = map[string]uint64{}
		}
	case e.Kind == publish.EventForgotten:
		delete(t.keys, name)
	default:
		delete(t.present, name)
	}
	return ""
}

// compare holds what was told against the snapshot. Of the absent only the keys of who was there are told.
func (t *told) compare(w *World, n *Node) {
	count := 0
	hash := wire.LifeHash(t.last.Self.ID, t.last.Self.Life)
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
		hash += wire.LifeHash(m.ID, m.Life)
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
	switch {
	case count != len(t.present):
		w.violate("events_match_snapshots", n, "%d others are there by the snapshot, %d by the events", count, len(t.present))
	case t.last.Size != count+1 || t.last.View != hash:
		w.violate("events_match_snapshots", n, "the snapshot says view %x of %d, and lists view %x of %d", t.last.View, t.last.Size, hash, count+1)
	case t.last.Stable != t.stable:
		w.violate("events_match_snapshots", n, "the view is stable: %v by the snapshot, %v by the events", t.last.Stable, t.stable)
	}
}
