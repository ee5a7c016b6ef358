package store

import (
	"fmt"
	"testing"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// fail ends the present lives of these names as a member that convicts them does.
func fail(s *Store, now time.Duration, names ...string) {
	var ends []wire.End
	for _, name := range names {
		m := s.FindName(name)
		ends = append(ends, wire.End{
			Name: name, Life: m.Record.Life, Cause: wire.Failed, Count: s.Failures(now, m), Accusers: []uint64{1, 2},
		})
	}
	for _, e := range ends {
		s.MergeEnd(now, e, 0)
	}
}

// comeBack gives a process its next incarnation.
func comeBack(s *Store, now time.Duration, name string) {
	r := s.FindName(name).Record
	r.Life.Incarnation++
	s.MergeRecord(now, r, 0, false)
}

// failTimes has it fail and come back so many times.
func failTimes(s *Store, now time.Duration, name string, times int) {
	for range times {
		fail(s, now, name)
		comeBack(s, now, name)
	}
}

func withMember(name string) *Store {
	s := New(rec("self", life(1, 1, 0)), Limits{})
	s.MergeRecord(time.Second, rec(name, life(1, 2, 0)), 0, false)
	return s
}

func TestWhoFailsOftenIsKeptOutLongerEachTime(t *testing.T) {
	s := withMember("m")
	now := time.Hour
	for i, want := range []time.Duration{0, 0, time.Minute, 4 * time.Minute, 10 * time.Minute, 10 * time.Minute} {
		fail(s, now, "m")
		m := s.FindName("m")
		if got := s.KeptOut(now, "m", m.Record.Life); got != want || int(m.End.Count) != i+1 {
			t.Fatalf("after failure %d it counts %d and is kept out for %v, want %v", i+1, m.End.Count, got, want)
		}
		if got := s.KeptOut(now+want, "m", m.Record.Life); got != 0 {
			t.Fatalf("after failure %d it is still kept out for %v when the wait is over", i+1, got)
		}
		if got := s.KeptOut(now, "m", life(2, 3, 0)); got != 0 {
			t.Fatalf("another process of the name is kept out for %v", got)
		}
		now += want + 4*time.Second
		comeBack(s, now, "m")
		now += 4 * time.Second
	}
}

// All of its watchers convict a member at the same time, and each may have heard of the others' verdicts just before.
func TestOneFailureCountsOnce(t *testing.T) {
	s := withMember("m")
	for range 6 {
		fail(s, time.Hour, "m")
	}
	if got := s.FindName("m").End.Count; got != 1 {
		t.Errorf("it counts %d", got)
	}
}

func TestFailuresAreForgiven(t *testing.T) {
	for _, c := range []struct {
		pause time.Duration
		want  uint8
	}{
		{time.Second, 3},
		{failuresEase - time.Second, 3},
		{failuresEase + time.Second, 2}, // one went, one came
		{failuresFor + time.Second, 1},
	} {
		s := withMember("m")
		now := time.Hour
		for range 2 {
			fail(s, now, "m")
			comeBack(s, now, "m")
		}
		if fail(s, now+c.pause, "m"); s.FindName("m").End.Count != c.want {
			t.Errorf("%v after two failures the next counts %d, want %d", c.pause, s.FindName("m").End.Count, c.want)
		}
	}
}

func TestFailuresOfManyAtOnceKeepNobodyOut(t *testing.T) {
	s := withMember("m")
	side := []string{"m", "m1", "m2"}
	for i := range 18 {
		s.MergeRecord(time.Second, rec(fmt.Sprint("m", i), life(1, uint64(i)+10, 0)), 0, false)
	}
	now := time.Hour
	for i := range 6 {
		fail(s, now, side[0]) // the first of them is convicted alone
		fail(s, now+together/2, side[1:]...)
		now += together
		for _, name := range side {
			m := s.FindName(name)
			if wait := s.KeptOut(now, name, m.Record.Life); wait > 0 || s.Doubtful(now, name, m.Record.Life, false) {
				t.Fatalf("after partition %d %s, which counts %d, is kept out for %v or doubted", i+1, name, m.End.Count, wait)
			}
			comeBack(s, now, name)
		}
		now += 10 * time.Second
	}
	fail(s, now, "m")
	m := s.FindName("m")
	if wait := s.KeptOut(now, "m", m.Record.Life); m.End.Count != freeReturns+1 || wait != time.Minute {
		t.Errorf("a failure of its own after them counts %d, and it is kept out for %v", m.End.Count, wait)
	}
}

func TestTheWordOfAnIslandKeepsNobodyOut(t *testing.T) {
	s := withMember("m")
	now := time.Hour
	for range 5 {
		m := s.FindName("m")
		s.MergeEnd(now, wire.End{Name: "m", Life: m.Record.Life, Cause: wire.Failed, Count: s.Failures(now, m)}, 0)
		if wait := s.KeptOut(now, "m", m.Record.Life); wait > 0 {
			t.Fatalf("it is kept out for %v", wait)
		}
		now += time.Second
		comeBack(s, now, "m")
	}
}

func TestANewProcessStartsAtZero(t *testing.T) {
	s := withMember("m")
	now := time.Hour
	failTimes(s, now, "m", 4)
	s.MergeRecord(now, rec("m", life(2, 9, 0)), 0, false)
	if fail(s, now, "m"); s.FindName("m").End.Count != 1 {
		t.Errorf("its first failure counts %d", s.FindName("m").End.Count)
	}
}

// Who joined lately does not know how often a process failed: neither its end nor the order of ends makes the count fall.
func TestTheCountSurvivesWhoDoesNotKnowIt(t *testing.T) {
	now := time.Hour
	known := withMember("m")
	failTimes(known, now, "m", 3)
	ignorant := withMember("m")
	ignorant.MergeRecord(now, known.FindName("m").Record, 0, false)
	fail(ignorant, now, "m")
	end := ignorant.FindName("m").End.End
	if end.Count != 1 {
		t.Fatalf("it counts %d", end.Count)
	}
	known.Changes()
	known.MergeEnd(now, end, 7)
	if got := known.FindName("m").End.Count; got != 3 {
		t.Errorf("who knew of three failures now knows of %d", got)
	}
	log := known.Changes()
	if len(log) != 1 || log[0].Source == 7 {
		t.Fatalf("the higher count does not go back to where the lower one came from: %+v", log)
	}
	if !ignorant.MergeEnd(now, log[0].Member.End.End, 8) || ignorant.FindName("m").End.Count != 3 {
		t.Errorf("who did not know now knows of %d failures", ignorant.FindName("m").End.Count)
	}
	if ignorant.MergeEnd(now, log[0].Member.End.End, 8) || known.MergeEnd(now, end, 7) {
		t.Error("what is known is passed on again")
	}
}

func TestATakeOverKeepsTheCount(t *testing.T) {
	s := withMember("m")
	now := time.Hour
	failTimes(s, now, "m", 3)
	s.TakeOver(now, members(s.Self.Record, rec("other", life(1, 5, 0))), time.Hour)
	if got := s.FindName("m").End.Count; got != 3 {
		t.Errorf("a fellow that was left behind counts %d", got)
	}
}
