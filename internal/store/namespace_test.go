package store

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/grapevine-gossip/grapevine/internal/view"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

func life(generation, boot, incarnation uint64) wire.Life {
	return wire.Life{Generation: generation, Boot: boot, Incarnation: incarnation}
}

// members are those of a view with these records.
func members(records ...wire.Record) []*view.Member {
	var out []*view.Member
	for _, r := range records {
		out = append(out, view.NewMember(r))
	}
	return out
}

func rec(name string, l wire.Life) wire.Record {
	return wire.Record{Name: name, Life: l, MinVersion: 1, MaxVersion: 1}
}

// twin is a namespace as one would write it down: every write there ever was.
type twin struct {
	writes []wire.Entry // the i-th has version i+1
}

// newest is the last write of a key, if there is one.
func (w *twin) newest(key string) (wire.Entry, bool) {
	for i := len(w.writes) - 1; i >= 0; i-- {
		if w.writes[i].Key == key {
			return w.writes[i], true
		}
	}
	return wire.Entry{}, false
}

// check compares a copy with all that was written: each key whose newest version the copy has passed is as it should
// be, and whatever is visible was once written.
func (w *twin) check(t *rapid.T, name string, n *Namespace) {
	for k := range 6 {
		key := fmt.Sprint("k", k)
		last, written := w.newest(key)
		e, live := n.Get(key)
		if live && (e.Version > n.max || w.writes[e.Version-1].Key != key || string(w.writes[e.Version-1].Value) != string(e.Value)) {
			t.Fatalf("%s: %s has a value that was never written: %+v", name, key, e)
		}
		if !written || last.Version > n.max {
			continue
		}
		if live == last.Deleted || live && e.Version != last.Version {
			t.Fatalf("%s at %d: %s live=%v, want %+v", name, n.max, key, live, last)
		}
	}
	bytes, count := 0, 0
	for key, e := range n.live.All() {
		bytes += len(key) + len(e.Value)
		count++
	}
	if n.Bytes() != bytes || n.Len() != count {
		t.Fatalf("%s: counts %d bytes and %d keys, has %d and %d", name, n.Bytes(), n.Len(), bytes, count)
	}
}

// Deltas of any page size, from members that are themselves behind, that overlap, come late, twice or not at all, under
// a floor that rises meanwhile, never bring back what was deleted, and in the end all copies are equal.
func TestCopiesAgreeWithTheirTwin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := &twin{}
		self := rec("owner", life(1, 7, 0))
		stores := []*Store{New(self, Limits{})}
		for i := range 3 {
			s := New(rec(fmt.Sprint("r", i), life(1, 1, 0)), Limits{})
			s.MergeRecord(0, self, 0, false)
			stores = append(stores, s)
		}
		owner, id := stores[0], stores[0].Self.ID
		space := func(i int) *Namespace { return stores[i].Find(id).Space }
		var late []wire.Delta
		now := time.Duration(1)
		delta := func(from int, start, base uint64, room int) wire.Delta {
			n := space(from)
			s, to, entries := n.Since(start, base, room)
			return wire.Delta{Owner: owner.Self.Owner(), From: s, To: to, Floor: n.Floor(), Entries: entries}
		}
		apply := func(to int, d wire.Delta) {
			before := space(to).max
			stores[to].Apply(now, &d, 1, false)
			if space(to).max < before {
				t.Fatalf("version fell from %d to %d", before, space(to).max)
			}
		}
		member := rapid.IntRange(0, 3)
		room := rapid.IntRange(1, 150)
		t.Repeat(map[string]func(*rapid.T){
			"set": func(t *rapid.T) {
				key, value := fmt.Sprint("k", rapid.IntRange(0, 5).Draw(t, "key")), fmt.Sprint("v", len(w.writes))
				if _, err := owner.Set(now, key, []byte(value), 0, nil); err != nil {
					t.Fatal(err)
				}
				w.writes = append(w.writes, wire.Entry{Key: key, Value: []byte(value), Version: space(0).max})
			},
			"delete": func(t *rapid.T) {
				key := fmt.Sprint("k", rapid.IntRange(0, 5).Draw(t, "key"))
				if _, ok := space(0).Get(key); ok {
					owner.Delete(now, key, nil)
					w.writes = append(w.writes, wire.Entry{Key: key, Version: space(0).max, Deleted: true})
				}
			},
			"collect": func(t *rapid.T) {
				now += 2 * time.Hour
				owner.Retain(now)
				if int(space(0).max) > len(w.writes) {
					e, _ := space(0).Get(FloorKey)
					w.writes = append(w.writes, wire.Entry{Key: FloorKey, Value: e.Value, Version: e.Version})
				}
			},
			"pull": func(t *rapid.T) {
				from, to := member.Draw(t, "from"), rapid.IntRange(1, 3).Draw(t, "to")
				version, base := space(to).Position()
				if space(from).max > version {
					apply(to, delta(from, version, base, room.Draw(t, "room")))
				}
			},
			"push": func(t *rapid.T) {
				from, to := member.Draw(t, "from"), rapid.IntRange(1, 3).Draw(t, "to")
				if n := space(from); n.max > 0 {
					d := delta(from, rapid.Uint64Range(0, n.max-1).Draw(t, "start"), 0, room.Draw(t, "room"))
					apply(to, d)
					late = append(late, d)
				}
			},
			"late": func(t *rapid.T) {
				if len(late) > 0 {
					apply(rapid.IntRange(1, 3).Draw(t, "to"), rapid.SampledFrom(late).Draw(t, "delta"))
				}
			},
			"": func(t *rapid.T) {
				for i := range stores {
					w.check(t, stores[i].Self.Name, space(i))
				}
			},
		})
		// sync pulls from one member until nothing is left to be had there.
		sync := func(from, to int) {
			for steps := 0; space(to).max < space(from).max; steps++ {
				version, base := space(to).Position()
				apply(to, delta(from, version, base, 40))
				if steps > 10*len(w.writes)+10 {
					t.Fatalf("r%d makes no progress at %d of %d", to-1, space(to).max, space(from).max)
				}
			}
			w.check(t, stores[to].Self.Name, space(to))
		}
		for range 3 {
			if from := member.Draw(t, "from"); space(from).whole() {
				sync(from, rapid.IntRange(1, 3).Draw(t, "to"))
			}
		}
		for i := 1; i < len(stores); i++ {
			sync(0, i)
			if a, b := space(i), space(0); a.Len() != b.Len() || a.Bytes() != b.Bytes() {
				t.Fatalf("r%d has %d keys, the owner %d", i-1, a.Len(), b.Len())
			}
		}
	})
}

func TestPagesHoldAtLeastOneEntry(t *testing.T) {
	s := New(rec("a", life(1, 1, 0)), Limits{})
	s.Set(1, "big", make([]byte, 5000), 0, nil)
	s.Set(1, "small", []byte("x"), 0, nil)
	start, to, entries := s.Self.Space.Since(0, 0, 100)
	if start != 0 || to != 1 || len(entries) != 1 || entries[0].Key != "big" {
		t.Errorf("got %d..%d with %d entries", start, to, len(entries))
	}
	start, to, entries = s.Self.Space.Since(1, 0, 100)
	if start != 1 || to != 2 || len(entries) != 1 {
		t.Errorf("got %d..%d with %d entries", start, to, len(entries))
	}
}

// The sizes that pages are cut by are never below what the wire takes.
func TestEstimateIsAnUpperBound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := wire.Entry{
			Key:     rapid.StringN(1, 60, 256).Draw(t, "key"),
			Value:   make([]byte, rapid.IntRange(0, wire.MaxValue).Draw(t, "value")),
			Version: rapid.Uint64Range(1, wire.MaxCounter-1).Draw(t, "version"),
		}
		if got := len(e.Key) + len(e.Value) + entryOverhead; got < wire.EntrySize(e) {
			t.Fatalf("%d for an entry of %d", got, wire.EntrySize(e))
		}
	})
}

// A rebuild that is overtaken by the old copy is given up: the next pull continues where the copy stands.
func TestOvertakenRebuildIsGivenUp(t *testing.T) {
	n := &Namespace{}
	apply := func(from, to, floor uint64, entries ...wire.Entry) {
		n, _, _ = n.apply(1, &wire.Delta{From: from, To: to, Floor: floor, Entries: entries})
	}
	apply(0, 5, 0, wire.Entry{Key: "a", Version: 5})
	apply(0, 2, 10, wire.Entry{Key: "b", Version: 2})
	if version, base := n.Position(); version != 2 || base != 10 {
		t.Fatalf("stands at %d under %d", version, base)
	}
	apply(5, 12, 0, wire.Entry{Key: "c", Version: 12})
	if version, base := n.Position(); version != 12 || base != 0 {
		t.Errorf("stands at %d under %d", version, base)
	}
}

func TestRebuildTellsWhatChanged(t *testing.T) {
	n := &Namespace{}
	n, _, _ = n.apply(1, &wire.Delta{To: 3, Entries: []wire.Entry{
		{Key: "gone", Version: 1}, {Key: "kept", Version: 2}, {Key: "changed", Version: 3},
	}})
	n, fresh, _ := n.apply(2, &wire.Delta{To: 5, Floor: 8, Entries: []wire.Entry{{Key: "kept", Version: 2}}})
	if fresh != nil || n.Max() != 3 {
		t.Fatalf("half a rebuild shows: %v at %d", fresh, n.Max())
	}
	n, fresh, _ = n.apply(3, &wire.Delta{From: 5, To: 9, Floor: 8, Entries: []wire.Entry{{Key: "changed", Version: 9}}})
	if n.Max() != 9 || len(fresh) != 2 || fresh[0].Key != "gone" || !fresh[0].Deleted || fresh[1].Key != "changed" {
		t.Errorf("at %d: %+v", n.Max(), fresh)
	}
}
