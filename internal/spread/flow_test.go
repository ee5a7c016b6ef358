package spread

import (
	"fmt"
	"testing"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// writer is a member of two that writes 100 bytes, with what the store counts for an entry, every 10 ms, and hears that
// changes wait for so long somewhere.
type writer struct {
	t   *testing.T
	s   *Spread
	l   *listener
	now time.Duration
	n   int
	let int // bytes that were let through
}

func newWriter(t *testing.T) *writer {
	s, l := placed(0, 2)
	s.budget = newBucket(100_000)
	w := &writer{t: t, s: s, l: l, now: time.Second}
	s.st.SetGate(func(now time.Duration, bytes int) bool {
		ok := s.admit(now, bytes)
		if ok {
			w.let += bytes
		}
		return ok
	})
	return w
}

// write goes on for a while and returns how many bytes a second were let through.
func (w *writer) write(over, age time.Duration) float64 {
	const size = 100
	before := w.let
	for end := w.now + over; w.now < end; w.now += 10 * time.Millisecond {
		if age > 0 && w.now%(50*time.Millisecond) == 0 {
			w.s.Receive(w.now, w.s.edges[0].to, wire.Congestion{Age: age})
		}
		w.n++
		value := make([]byte, size-16-3)
		if _, err := w.s.st.Set(w.now, fmt.Sprintf("k%02d", w.n%100), value, 0, nil); err != nil {
			w.t.Fatal(err)
		}
		if next := w.s.Next(); next > 0 && next <= w.now {
			w.s.Tick(w.now)
		}
		w.s.st.Changes()
	}
	return float64(w.let-before) / over.Seconds()
}

func TestPaceFallsWhileChangesWaitAndRisesAfter(t *testing.T) {
	w := newWriter(t)
	if rate := w.write(time.Second, 0); rate != 10_000 {
		t.Fatalf("%.0f B/s before anything waits", rate)
	}
	w.write(time.Second, time.Second)
	least := w.write(20*time.Second, time.Second)
	if least > 8_000 || w.s.st.Self.Space.Held() == nil {
		t.Errorf("%.0f B/s after twenty seconds in which changes waited for one", least)
	}
	w.write(time.Minute, 0)
	if rate := w.write(5*time.Second, 0); rate < 9_500 {
		t.Errorf("%.0f B/s long after", rate)
	}
	for range 500 {
		w.now += 10 * time.Millisecond
		w.s.Tick(w.now)
	}
	if w.s.flow.rate != 0 || w.s.st.Self.Space.Held() != nil || w.s.Next() != 0 {
		t.Errorf("limit %.0f B/s, next %v, once nothing was held back for long", w.s.flow.rate, w.s.Next())
	}
}

// Who writes less than an eighth of its share is in nobody's way.
func TestWhoWritesLittleIsNotSlowed(t *testing.T) {
	w := newWriter(t)
	w.s.budget = newBucket(10 << 20)
	if rate := w.write(5*time.Second, 3*time.Second); rate != 10_000 {
		t.Errorf("%.0f B/s of a share of 5 MiB", rate)
	}
}

func TestWaitingIsToldAndForgotten(t *testing.T) {
	w := newWriter(t)
	w.s.Receive(w.now, w.s.edges[0].to, wire.Congestion{Age: time.Second})
	w.now += flowEvery
	w.s.Tick(w.now)
	if len(w.l.sent) != 1 || w.l.sent[0] != (wire.Congestion{Age: time.Second, Ago: flowEvery}) {
		t.Errorf("told %v", w.l.sent)
	}
	w.now += hearsayFor
	w.s.Tick(w.now)
	if len(w.l.sent) != 1 || w.s.Next() != 0 {
		t.Errorf("told %v, next %v", w.l.sent, w.s.Next())
	}
}

// What a namespace costs is the same for one change and for many, so a slow pace lets many through at a time.
func TestSlowPaceGathers(t *testing.T) {
	w := newWriter(t)
	w.s.budget = newBucket(4_000)
	w.write(20*time.Second, 3*time.Second)
	let, times := w.let, 0
	for range 2000 {
		before := w.let
		w.write(10*time.Millisecond, 0)
		w.s.Receive(w.now, w.s.edges[0].to, wire.Congestion{Age: 3 * time.Second})
		if w.let > before {
			times++
		}
	}
	rate, each := float64(w.let-let)/20, (w.let-let)/max(times, 1)
	if rate > 2_000 || each < batchBytes {
		t.Errorf("%.0f B/s in batches of %d", rate, each)
	}
}

// After it was crowded, who begins to write much is slowed before that is felt, but not where the budget is not used.
func TestSurgeIsSlowedAtOnce(t *testing.T) {
	for _, c := range []struct {
		used  int
		least float64
		most  float64
	}{{0, 10_000, 10_000}, {2_000, 2_000, 4_000}} {
		w := newWriter(t)
		w.s.budget = newBucket(4_000)
		w.s.flow.crowded = w.now
		w.s.admit(w.now, 0)
		w.s.budget.spend(c.used)
		w.now += cutEvery
		if rate := w.write(time.Second, 0); rate < c.least || rate > c.most {
			t.Errorf("%.0f B/s with %d B/s of the budget in use", rate, 2*c.used)
		}
	}
}

// Who has not yet answered does not make others ask for more.
func TestAnswersComeBeforeAnnouncements(t *testing.T) {
	s, l := placed(0, 3)
	s.budget = newBucket(10_000)
	now := time.Second
	set := func(key string) {
		if _, err := s.st.Set(now, key, make([]byte, 200), 0, nil); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 40 {
		set(fmt.Sprint("k", i))
	}
	s.st.Changes()
	s.flow.crowded = now
	own := s.st.Self.Owner()
	s.Receive(now, s.edges[0].to, wire.Request{Wants: []wire.From{{Owner: own}}})
	set("more")
	s.Changed(now, s.st.Changes())
	answered := uint64(0)
	for end := now + 2*time.Second; now < end && answered < 40; now += 10 * time.Millisecond {
		l.sent = nil
		s.Tick(now)
		for _, m := range l.sent {
			switch m := m.(type) {
			case wire.Delta:
				answered = m.To
				s.Receive(now, s.edges[0].to, wire.More{Wants: []wire.Progress{{From: wire.From{Owner: own, Version: m.To}, Got: 1 << 20}}})
			case wire.Announce, wire.Places:
				t.Fatalf("%T after %d of 40 changes were answered", m, answered)
			}
		}
	}
	if answered < 40 {
		t.Errorf("%d of 40 changes answered", answered)
	}
}

// Who knows that answers wait somewhere is as patient.
func TestAsksAreAsPatientAsAnswersWait(t *testing.T) {
	w := newWriter(t)
	usual := w.s.timeout(0)
	w.write(100*time.Millisecond, 700*time.Millisecond)
	if d := w.s.timeout(0); d < usual+700*time.Millisecond {
		t.Errorf("%v, usually %v", d, usual)
	}
	w.write(100*time.Millisecond, time.Hour) // somebody stood still, with something left to send
	if d := w.s.timeout(0); d > usual+mostTimeout {
		t.Errorf("%v because of one that stood still", d)
	}
	w.now += hearsayFor
	w.s.Tick(w.now)
	if d := w.s.timeout(0); d != usual {
		t.Errorf("%v after it is over, usually %v", d, usual)
	}
}

// What is held back counts as waiting.
func TestBacklogCountsWhatIsHeldBack(t *testing.T) {
	s, _ := placed(0, 1)
	s.st.SetGate(func(time.Duration, int) bool { return false })
	if _, err := s.st.Set(time.Second, "k", nil, 0, nil); err != nil {
		t.Fatal(err)
	}
	if age := s.Backlog(3 * time.Second); age != 2*time.Second {
		t.Errorf("backlog %v", age)
	}
}
