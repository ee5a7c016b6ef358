package publish

import (
	"fmt"
	"testing"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/store"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// One end is published soon; when several come together more are awaited, but not for ever.
func TestManyEndsAreHeldForLonger(t *testing.T) {
	for _, c := range []struct {
		ends  int
		every time.Duration
		want  time.Duration // after the first
	}{
		{1, 0, holdQuiet},
		{2, 40 * time.Millisecond, 40*time.Millisecond + holdQuiet},
		{3, 40 * time.Millisecond, 80*time.Millisecond + manyQuiet},
		{25, 45 * time.Millisecond, manyMost},
	} {
		t.Run(fmt.Sprint(c.ends), func(t *testing.T) {
			const began = time.Second
			st := store.New(record("self", 0), store.Limits{})
			for i := range 30 {
				st.MergeRecord(began, record(fmt.Sprint(i), 0), 0, false)
			}
			p := New(began, st, &plainHost{}, Config{})
			st.Changes()
			ended := 0
			now := began
			for ; p.View().Len() == 31 && now < began+5*time.Second; now += time.Millisecond {
				if ended < c.ends && now >= began+time.Duration(ended)*c.every {
					name := fmt.Sprint(ended)
					st.MergeEnd(now, wire.End{Name: name, Life: record(name, 0).Life, Cause: wire.Failed}, 0)
					ended++
				}
				p.Changed(now, st.Changes())
				p.Tick(now)
			}
			if got := now - time.Millisecond - began; got != c.want {
				t.Errorf("published %v after the first end, want %v", got, c.want)
			}
		})
	}
}
