package publish

import (
	"fmt"
	"testing"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/store"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// holding is a publication in a view of 40, and the time.
type holding struct {
	*Publication
	t   *testing.T
	now time.Duration
}

func hold(t *testing.T) *holding {
	const began = time.Second
	st := store.New(record("self", 0), store.Limits{})
	for i := range 39 {
		st.MergeRecord(began, record(fmt.Sprint(i), 0), 0, false)
	}
	h := &holding{New(began, st, &plainHost{}, Config{}), t, began}
	st.Changes()
	return h
}

func (h *holding) end(i int) {
	name := fmt.Sprint(i)
	h.st.MergeEnd(h.now, wire.End{Name: name, Life: record(name, 0).Life, Cause: wire.Failed}, 0)
	h.Changed(h.now, h.st.Changes())
}

func (h *holding) accuse(i int) { h.Suspected(h.now, h.st.FindName(fmt.Sprint(i)).View(), nil) }
func (h *holding) clear(i int)  { h.Cleared(h.st.FindName(fmt.Sprint(i)).View()) }

func (h *holding) pass(d time.Duration) {
	for until := h.now + d; h.now < until; {
		h.now += time.Millisecond
		h.Tick(h.now)
	}
}

// published checks how long after now a view of n is published.
func (h *holding) published(after time.Duration, n int) {
	h.t.Helper()
	began := h.now
	for before := h.View(); h.View() == before; h.pass(time.Millisecond) {
		if h.now > began+5*time.Second {
			h.t.Fatal("nothing is published")
		}
	}
	if got := h.now - began; got != after || h.View().Len() != n {
		h.t.Errorf("a view of %d is published after %v, want %d after %v", h.View().Len(), got, n, after)
	}
}

// One end is published soon; when several come together more are awaited, but not for ever.
func TestManyEndsAreHeldForLonger(t *testing.T) {
	h := hold(t)
	h.end(0)
	h.published(holdQuiet, 39)
	h.pass(time.Second)
	h.end(1) // soon after another
	h.published(moreQuiet, 38)
	h.pass(lately)
	h.end(2)
	h.pass(40 * time.Millisecond)
	h.end(3)
	h.published(moreQuiet, 36)
	h.pass(lately)
	const every = 40 * time.Millisecond
	for i := range int(holdMost / every) {
		h.end(4 + i)
		h.pass(every - time.Millisecond)
		if h.View().Len() != 36 {
			t.Fatalf("published %v after the last end", every)
		}
		h.pass(time.Millisecond)
	}
	if want := 36 - int(holdMost/every); h.View().Len() != want {
		t.Errorf("a view of %d after %v, want %d", h.View().Len(), holdMost, want)
	}
}

// While somebody else was accused lately its end is awaited.
func TestAnEndWaitsForWhoIsAccusedToo(t *testing.T) {
	h := hold(t)
	h.accuse(0)
	h.accuse(1)
	h.pass(300 * time.Millisecond)
	h.end(0)
	h.pass(300 * time.Millisecond)
	h.end(1)
	h.published(moreQuiet, 38)

	h.pass(lately)
	h.accuse(2)
	h.accuse(3)
	h.end(2)
	h.pass(300 * time.Millisecond)
	h.clear(3)
	h.published(time.Millisecond, 37) // the one that is left was held for long enough

	h.pass(lately)
	h.accuse(4)
	h.accuse(5)
	h.pass(awaited / 2)
	h.end(4)
	h.published(awaited/2, 36)
	h.pass(lately)
	h.end(6) // who was accused long ago, and still is, delays nothing
	h.published(holdQuiet, 35)
}
