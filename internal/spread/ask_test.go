package spread

import (
	"testing"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/store"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// Somebody who answers much, but not this, is not waited for while another has it, too. In overload nearly all was asked of
// the neighbour that had announced first, and came seconds later, while the others had nothing to do.
func TestWhoIsBusyIsNotWaitedForLong(t *testing.T) {
	s, _ := placed(0, 4)
	var others []*store.Member
	for _, m := range s.st.All() {
		if m.ID != s.self {
			others = append(others, m)
		}
	}
	owner, busy, idle := others[0], others[1].View(), others[2].View()
	offered := []wire.Versioned{{Owner: owner.Owner(), Version: 5}}
	now := 2 * time.Second
	s.Receive(now, busy, wire.Announce{Versions: offered})
	s.Receive(now, idle, wire.Announce{Versions: offered})
	p := s.pull(owner.Owner())
	if p == nil || p.from != busy.ID {
		t.Fatalf("the first who offered it was not asked: %+v", p)
	}
	asked := now
	for p.from == busy.ID && now < asked+10*time.Second {
		now += 10 * time.Millisecond
		s.heard[busy.ID] = now // with something else
		s.Tick(now)
	}
	if p.from != idle.ID || now-asked < busyFor || now-asked > 3*busyFor {
		t.Errorf("after %v %x is asked, not %x", now-asked, p.from, idle.ID)
	}
}
