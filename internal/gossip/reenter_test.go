package gossip

import (
	"testing"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// Two sides that ended each other enter one view one by one. Who is in already hears from one that is not that it ended.
func TestWhoHasJustEnteredObeysNoFellowOfItsFormerSide(t *testing.T) {
	w := newWorld(t, 22)
	nodes := w.startMany(6)
	w.until("stable", 10*time.Second, func() bool { return stable(nodes) })
	late := w.start("late", addrOf(30), Config{}, nodes[0].addr)
	w.until("the newcomer is in", 2*time.Second, func() bool { return late.m.raw.Len() == 7 })
	for _, step := range []struct {
		wait time.Duration
		obey bool
	}{{200 * time.Millisecond, false}, {2 * time.Second, true}} {
		w.run(step.wait)
		n := wire.Notice{
			Name: late.name, Known: late.m.st.Self.Record.Life, Ended: true, Size: 6, Record: nodes[3].m.st.Self.Record,
		}
		late.m.door.Receive(w.now, nodes[3].addr, wire.Header{}, late.m.raw.Find(wire.ID("n3")), n)
		if late.m.door.Out() != step.obey {
			t.Errorf("%v after it entered it obeys: %v", step.wait, !step.obey)
		}
	}
}
