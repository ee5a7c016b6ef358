package store

import (
	"slices"
	"testing"
	"time"
)

// gated is a store whose gate lets so many changes through.
func gated(open *int) *Store {
	s := New(rec("a", life(1, 1, 0)), Limits{})
	s.SetGate(func(time.Duration, int) bool {
		*open--
		return *open >= 0
	})
	return s
}

func write(t *testing.T, s *Store, key, value string) uint64 {
	t.Helper()
	v, err := s.Set(time.Second, key, []byte(value), 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func keysOf(s *Store, from uint64) (keys []string, to uint64) {
	_, to, entries := s.Self.Space.Since(from, 0, 1<<20)
	for _, e := range entries {
		keys = append(keys, e.Key)
	}
	return keys, to
}

func TestWhatIsHeldBackIsHereOnly(t *testing.T) {
	open := 1
	s := gated(&open)
	write(t, s, "a", "1")
	hash, space := s.StateHash(), s.Self.Space
	if v := write(t, s, "b", "2"); v != 2 {
		t.Errorf("version %d", v)
	}
	write(t, s, "a", "3")
	if e, ok := space.Get("a"); !ok || string(e.Value) != "3" || space.Said().Version != 3 || space.Said().Keys.Len() != 2 {
		t.Errorf("its owner reads %v %v, version %d", e, ok, space.Said().Version)
	}
	if keys, to := keysOf(s, 0); len(keys) != 0 || to != 1 {
		t.Errorf("others are given %v up to %d", keys, to)
	}
	if space.Max() != 1 || space.Top() != 3 || s.StateHash() != hash || space.SizeSince(1, 0, 1<<20) != 0 || space.Next(1) != nil {
		t.Errorf("max %d, top %d, hash %x and before %x", space.Max(), space.Top(), s.StateHash(), hash)
	}
	for _, c := range s.Changes()[1:] {
		if c.Kind != Wrote || !c.Held {
			t.Errorf("%+v", c)
		}
	}
}

// Who writes a key again replaces what is held back of it, and takes its place at the end.
func TestHeldBackChangesAreReleasedInOrderAndTheLatestWins(t *testing.T) {
	open := 0
	s := gated(&open)
	for _, key := range []string{"a", "b", "a", "c"} {
		write(t, s, key, "v")
	}
	if e := s.Self.Space.Held(); e == nil || e.Key != "b" {
		t.Fatalf("held back first: %+v", e)
	}
	s.Changes()
	open = 2
	s.Release(2 * time.Second)
	if keys, to := keysOf(s, 0); !slices.Equal(keys, []string{"b", "a"}) || to != 3 {
		t.Errorf("released %v up to %d", keys, to)
	}
	if c := s.Changes(); len(c) != 1 || c[0].Kind != Released || c[0].From != 0 || c[0].To != 3 {
		t.Errorf("changes %+v", c)
	}
	if write(t, s, "d", "v"); s.Self.Space.Max() != 3 {
		t.Error("a later change passed one that is held back")
	}
	open = 10
	s.Release(3 * time.Second)
	if keys, to := keysOf(s, 3); !slices.Equal(keys, []string{"c", "d"}) || to != 5 || s.Self.Space.Held() != nil {
		t.Errorf("then %v up to %d", keys, to)
	}
	if write(t, s, "e", "v"); s.Self.Space.Max() != 6 {
		t.Error("held back though the gate is open and nothing waits")
	}
}

func TestADeletionIsHeldBackToo(t *testing.T) {
	open := 1
	s := gated(&open)
	write(t, s, "a", "1")
	if v, err := s.Delete(time.Second, "a", nil); v != 2 || err != nil {
		t.Fatal(v, err)
	}
	if _, ok := s.Self.Space.Get("a"); ok || s.Self.Space.Max() != 1 {
		t.Error("its owner reads it still, or others know")
	}
	if v, err := s.Delete(time.Second, "a", nil); v != 2 || err != nil {
		t.Errorf("deleted again: %d %v", v, err)
	}
	s.ReleaseAll(time.Second)
	if keys, to := keysOf(s, 1); !slices.Equal(keys, []string{"a"}) || to != 2 {
		t.Errorf("released %v up to %d", keys, to)
	}
}

// Others must know at once where a member is, whatever waits.
func TestAddressesAreNotHeldBack(t *testing.T) {
	open := 0
	s := gated(&open)
	write(t, s, "a", "1")
	r := s.Self.Record
	s.Readdress(time.Second, r.Addr)
	if keys, to := keysOf(s, 0); !slices.Equal(keys, []string{"a", AddrKey}) || to != 2 {
		t.Errorf("known: %v up to %d", keys, to)
	}
}
