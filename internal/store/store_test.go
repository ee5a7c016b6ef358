package store

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// recompute checks everything that is kept up as members come and go against its definition.
func recompute(t interface{ Fatalf(string, ...any) }, s *Store) {
	var viewHash, stateHash uint64
	size := 0
	last := uint64(0)
	for i, m := range s.All() {
		if i > 0 && m.ID <= last {
			t.Fatalf("members are not in the order of ids")
		}
		last = m.ID
		if s.Find(m.ID) != m || m.View().Record != m.Record {
			t.Fatalf("%s is not what Find gives, or its view is of another record", m.Name)
		}
		v := s.View().Find(m.ID)
		if m.InView() != (v == m.View()) {
			t.Fatalf("%s: in view %v, view has %v", m.Name, m.InView(), v)
		}
		if m.InView() {
			viewHash += wire.LifeHash(m.ID, m.Record.Life)
			stateHash += wire.VersionHash(m.ID, m.Record.Life, m.Space.Max())
			size++
		}
	}
	if s.ViewHash() != viewHash || s.StateHash() != stateHash || s.View().Hash() != viewHash || s.View().Len() != size {
		t.Fatalf("hashes %x and %x of %d, want %x and %x of %d",
			s.ViewHash(), s.StateHash(), s.View().Len(), viewHash, stateHash, size)
	}
	if len(s.pending) > maxPending {
		t.Fatalf("%d pending ends", len(s.pending))
	}
}

func drawLife(t *rapid.T) wire.Life {
	return life(rapid.Uint64Range(1, 3).Draw(t, "generation"), rapid.Uint64Range(1, 2).Draw(t, "boot"),
		rapid.Uint64Range(0, 2).Draw(t, "incarnation"))
}

func drawName(t *rapid.T) string { return fmt.Sprint("m", rapid.IntRange(0, 5).Draw(t, "name")) }

// Whatever comes in whatever order: hashes, view and order are what their definitions say, and lives, ends and versions
// only grow, except in a take-over.
func TestHashesEqualARecomputationAndNothingFalls(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := New(rec("self", life(1, 1, 0)), Limits{})
		now := time.Second
		type height struct {
			life    wire.Life
			end     wire.Life
			cause   wire.Cause
			version uint64
		}
		seen := map[string]height{}
		grown := func() {
			for _, m := range s.All() {
				h, old := height{m.Record.Life, m.End.Life, m.End.Cause, m.Space.Max()}, seen[m.Name]
				fell := h.life.Compare(old.life) < 0 || h.end.Compare(old.end) < 0 ||
					h.end == old.end && h.cause < old.cause ||
					h.life.SameProcess(old.life) && h.version < old.version && h.cause != wire.Forgotten
				if fell {
					t.Fatalf("%s fell from %+v to %+v", m.Name, old, h)
				}
				seen[m.Name] = h
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"record": func(t *rapid.T) {
				r := rec(drawName(t), drawLife(t))
				r.AddrVersion = rapid.Uint64Range(0, 2).Draw(t, "address")
				s.MergeRecord(now, r, 1, false)
			},
			"end": func(t *rapid.T) {
				s.MergeEnd(now, wire.End{Name: drawName(t), Life: drawLife(t), Cause: wire.Cause(rapid.IntRange(1, 3).Draw(t, "cause"))}, 1)
			},
			"delta": func(t *rapid.T) {
				from := rapid.Uint64Range(0, 5).Draw(t, "from")
				to := from + rapid.Uint64Range(1, 3).Draw(t, "more")
				name := drawName(t)
				s.Apply(now, &wire.Delta{
					Owner: wire.OwnerOf(wire.ID(name), drawLife(t)), From: from, To: to, Floor: rapid.Uint64Range(0, 3).Draw(t, "floor"),
					Entries: []wire.Entry{{Key: "k", Version: to}},
				}, 1, false)
			},
			"own": func(t *rapid.T) { s.Set(now, "k", []byte("v"), 0, nil) },
			"time": func(t *rapid.T) {
				now += time.Duration(rapid.IntRange(1, 40).Draw(t, "minutes")) * time.Minute
				s.Retain(now)
				for name := range seen {
					if s.FindName(name) == nil {
						delete(seen, name)
					}
				}
			},
			"take over": func(t *rapid.T) {
				own := s.Self.Record
				own.Life.Incarnation++
				lives := []wire.Record{own}
				for i := range 6 {
					if rapid.Bool().Draw(t, "in") {
						lives = append(lives, rec(fmt.Sprint("m", i), drawLife(t)))
					}
				}
				asked := now - time.Duration(rapid.IntRange(-1, 60).Draw(t, "asked minutes ago"))*time.Minute
				s.TakeOver(now, members(lives...), asked)
				if s.View().Len() != len(lives)+len(s.Kept()) {
					t.Fatalf("view of %d after taking over %d and keeping %d", s.View().Len(), len(lives), len(s.Kept()))
				}
				for _, id := range s.Kept() {
					if m := s.Find(id); !m.InView() || m.Since <= asked {
						t.Fatalf("%s was kept, known since %v, asked at %v", m.Name, m.Since, asked)
					}
				}
				for _, r := range lives {
					if v := s.View().Find(wire.ID(r.Name)); v == nil || v.Life != r.Life {
						t.Fatalf("%s is not in the view as taken over", r.Name)
					}
				}
				clear(seen)
			},
			"": func(t *rapid.T) {
				recompute(t, s)
				grown()
			},
		})
	})
}

// The log tells all that happened: the view can be followed by it alone.
func TestLogTellsEveryChange(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := New(rec("self", life(1, 1, 0)), Limits{})
		s.Changes()
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			before := s.View()
			var changed bool
			if rapid.Bool().Draw(t, "record") {
				changed = s.MergeRecord(1, rec(drawName(t), drawLife(t)), 1, false)
			} else {
				changed = s.MergeEnd(1, wire.End{Name: drawName(t), Life: drawLife(t), Cause: wire.Failed}, 1)
			}
			log := s.Changes()
			if changed != (len(log) > 0) {
				t.Fatalf("changed %v, %d lines in the log", changed, len(log))
			}
			if s.View() != before && len(log) == 0 {
				t.Fatalf("the view changed silently")
			}
		}
	})
}

func TestAnotherProcessStartsEmpty(t *testing.T) {
	s := New(rec("self", life(1, 1, 0)), Limits{})
	s.MergeRecord(1, rec("m", life(1, 5, 0)), 0, false)
	m := s.FindName("m")
	old := m.Owner()
	s.Apply(1, &wire.Delta{Owner: old, To: 1, Entries: []wire.Entry{{Key: "k", Version: 1}}}, 0, false)
	s.MergeRecord(2, rec("m", life(1, 5, 1)), 0, false)
	if m.Space.Max() != 1 {
		t.Error("a new incarnation lost its keys")
	}
	s.MergeRecord(2, rec("m", life(2, 6, 0)), 0, false)
	if m.Space.Max() != 0 {
		t.Error("another process has the old one's keys")
	}
	if got := s.Apply(3, &wire.Delta{Owner: old, To: 2, Entries: []wire.Entry{{Key: "k", Version: 2}}}, 0, false); got != Ignored {
		t.Errorf("a late delta of the old process: %v", got)
	}
}

func TestEndAboveTheKnownLifeWaitsForItsRecord(t *testing.T) {
	s := New(rec("self", life(1, 1, 0)), Limits{})
	s.MergeRecord(1, rec("m", life(1, 1, 0)), 0, false)
	s.MergeEnd(1, wire.End{Name: "m", Life: life(9, 1, 0), Cause: wire.Failed}, 0)
	if !s.FindName("m").InView() {
		t.Fatal("a forged end locked a name out")
	}
	s.MergeEnd(1, wire.End{Name: "m", Life: life(9, 1, 0), Cause: wire.Left}, 0)
	s.MergeRecord(1, rec("m", life(8, 1, 0)), 0, false)
	if !s.FindName("m").InView() {
		t.Fatal("an end above the record counted")
	}
	s.MergeRecord(1, rec("m", life(9, 1, 0)), 0, false)
	if m := s.FindName("m"); m.InView() || m.End.Cause != wire.Left {
		t.Errorf("in view %v, cause %v", m.InView(), m.End.Cause)
	}
}

func TestPendingEndsAreBounded(t *testing.T) {
	s := New(rec("self", life(1, 1, 0)), Limits{})
	for i := range 2 * maxPending {
		s.MergeEnd(1, wire.End{Name: fmt.Sprint("x", i), Life: life(1, 1, 0), Cause: wire.Failed}, 0)
	}
	recompute(t, s)
}

// The list of a view may be older than the last of its members, of whom this one has heard meanwhile.
func TestTakeOverEndsNobodyWhoCameSinceItWasAskedFor(t *testing.T) {
	self := rec("self", life(1, 9, 0))
	s := New(self, Limits{})
	s.MergeRecord(3, rec("behind", life(1, 2, 0)), 0, false)
	s.MergeRecord(5, rec("newcomer", life(1, 3, 0)), 0, false)
	s.MergeRecord(5, rec("fellow", life(1, 4, 0)), 0, false)
	self.Life.Incarnation++
	s.TakeOver(6, members(self, rec("other", life(1, 5, 0))), 4)
	for name, want := range map[string]bool{"self": true, "other": true, "newcomer": true, "fellow": true, "behind": false} {
		if got := s.FindName(name).InView(); got != want {
			t.Errorf("%s in the view: %v", name, got)
		}
	}
}

func TestTakeOverEndsThoseLeftBehind(t *testing.T) {
	s := New(rec("self", life(1, 1, 0)), Limits{})
	for _, name := range []string{"friend", "dead", "common"} {
		s.MergeRecord(1, rec(name, life(2, 1, 1)), 0, false)
	}
	s.MergeEnd(1, wire.End{Name: "dead", Life: life(2, 1, 1), Cause: wire.Left}, 0)
	s.MergeEnd(1, wire.End{Name: "common", Life: life(2, 1, 1), Cause: wire.Failed}, 0)
	own := rec("self", life(1, 1, 1))
	s.TakeOver(5, members(own, rec("common", life(2, 1, 1)), rec("other", life(1, 1, 0))), time.Hour)
	if m := s.FindName("friend"); m.InView() || m.End.Life != life(2, 1, 1) || m.End.At != 5 {
		t.Errorf("the fellow left behind: %+v", m)
	}
	if m := s.FindName("dead"); m.InView() || m.End.Cause != wire.Left {
		t.Errorf("who ended before: %+v", m)
	}
	if m := s.FindName("common"); !m.InView() {
		t.Error("who lives there has ended here")
	}
	recompute(t, s)
}

func TestRetention(t *testing.T) {
	s := New(rec("self", life(1, 1, 0)), Limits{})
	end := func(name string, c wire.Cause, at time.Duration) {
		s.MergeRecord(at, rec(name, life(1, 1, 0)), 0, false)
		s.MergeEnd(at, wire.End{Name: name, Life: life(1, 1, 0), Cause: c}, 0)
	}
	end("left", wire.Left, time.Hour)
	end("failed", wire.Failed, time.Hour)
	s.Retain(2*time.Hour + time.Minute)
	if s.FindName("left") != nil || s.FindName("failed") == nil {
		t.Error("who left is kept for an hour, who failed for a day")
	}
	s.Retain(26 * time.Hour)
	if s.FindName("failed") != nil {
		t.Error("who failed is kept for more than a day")
	}
	for i := range 1500 {
		end(fmt.Sprint("f", i), wire.Failed, 30*time.Hour+time.Duration(i))
	}
	s.Retain(31 * time.Hour)
	if n := len(s.All()) - 1; n != keepAtLeast+keepPerMember || s.FindName("f1499") == nil || s.FindName("f0") != nil {
		t.Errorf("%d ended are kept", n)
	}
	recompute(t, s)
}

func TestSpacesOfTheEndedAreBounded(t *testing.T) {
	s := New(rec("self", life(1, 1, 0)), Limits{})
	for i := range 4 {
		name := fmt.Sprint("f", i)
		s.MergeRecord(1, rec(name, life(1, 1, 0)), 0, false)
		m := s.FindName(name)
		for v := range uint64(100) {
			s.Apply(1, &wire.Delta{Owner: m.Owner(), From: v, To: v + 1, Entries: []wire.Entry{
				{Key: fmt.Sprint(v), Value: make([]byte, 60000), Version: v + 1},
			}}, 0, false)
		}
		s.MergeEnd(time.Duration(i), wire.End{Name: name, Life: life(1, 1, 0), Cause: wire.Failed}, 0)
	}
	s.Retain(time.Minute)
	bytes := 0
	for _, m := range s.All() {
		bytes += m.Space.Bytes()
	}
	if bytes > keepSpaceBytes || bytes < keepSpaceBytes/2 || s.FindName("f3").Space.Bytes() == 0 {
		t.Errorf("%d bytes are kept", bytes)
	}
}

func TestWritesSayWhyTheyFail(t *testing.T) {
	s := New(rec("self", life(1, 1, 0)), Limits{Key: 4, Value: 8, Space: 20})
	var size *SizeError
	if _, err := s.Set(1, "longer", nil, 0, nil); !errors.As(err, &size) || size.What != "key" {
		t.Error(err)
	}
	if _, err := s.Set(1, "k", make([]byte, 9), 0, nil); !errors.As(err, &size) || size.What != "value" {
		t.Error(err)
	}
	s.Set(1, "a", make([]byte, 8), 0, nil)
	s.Set(1, "b", make([]byte, 8), 0, nil)
	if _, err := s.Set(1, "c", make([]byte, 8), 0, nil); !errors.Is(err, ErrFull) {
		t.Error(err)
	}
	if _, err := s.Set(1, "b", make([]byte, 7), 0, nil); err != nil {
		t.Error(err)
	}
	zero, two := uint64(0), uint64(2)
	if _, err := s.Set(1, "a", nil, 0, &zero); !errors.Is(err, ErrConflict) {
		t.Error(err)
	}
	if _, err := s.Delete(1, "a", &two); !errors.Is(err, ErrConflict) {
		t.Error(err)
	}
	if v, err := s.Delete(1, "none", nil); err != nil || v != 3 {
		t.Error(v, err)
	}
}

func TestTimeToLive(t *testing.T) {
	s := New(rec("self", life(1, 1, 0)), Limits{})
	s.Set(0, "short", []byte("1"), time.Second, nil)
	s.Set(0, "renewed", []byte("1"), time.Second, nil)
	s.Set(0, "renewed", []byte("2"), 0, nil)
	s.Set(0, "long", []byte("1"), time.Minute, nil)
	if s.NextExpiry() != time.Second {
		t.Errorf("next expiry %v", s.NextExpiry())
	}
	s.Expire(time.Second)
	for key, want := range map[string]bool{"short": false, "renewed": true, "long": true} {
		if _, ok := s.Self.Space.Get(key); ok != want {
			t.Errorf("%s: %v", key, ok)
		}
	}
	s.TakeOver(2*time.Second, members(rec("self", life(2, 9, 0))), time.Hour)
	recompute(t, s)
	if s.Self.Space.Max() != 2 {
		t.Errorf("republished up to %d", s.Self.Space.Max())
	}
	s.Expire(time.Minute)
	if _, ok := s.Self.Space.Get("long"); ok {
		t.Error("the time to live was lost with the process")
	}
}

func TestRecentWritesAreTheLatestAndOfPresentProcesses(t *testing.T) {
	s := New(rec("self", life(1, 1, 0)), Limits{})
	s.MergeRecord(1, rec("m", life(1, 1, 0)), 0, false)
	s.Apply(1, &wire.Delta{Owner: s.FindName("m").Owner(), To: 3, Entries: []wire.Entry{{Key: "k", Version: 3}}}, 0, false)
	for i := range 100 {
		s.Set(time.Duration(i), "k", nil, 0, nil)
		if i == 10 {
			n := 0
			for w := range s.Recent() {
				n++
				if n == 1 && w.To != 11 || n == 12 && w.Member.Name != "m" {
					t.Errorf("%d: %+v", n, w)
				}
			}
			s.MergeRecord(1, rec("m", life(2, 1, 0)), 0, false)
		}
	}
	n := uint64(0)
	for w := range s.Recent() {
		if w.To != 100-n {
			t.Errorf("%+v", w)
		}
		n++
	}
	if n != recentWrites {
		t.Errorf("%d writes", n)
	}
}
