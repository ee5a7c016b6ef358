package stability

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/view"
)

// central is the dumb twin: it sees all members at once.
type central struct{ w *world }

// mustBeStable: everybody in v holds it now, so in the end each must say so.
func (c central) mustBeStable(v *view.View) bool {
	return !slices.ContainsFunc(v.All(), func(m *view.Member) bool { return !c.w.byID[m.ID].holds(v) })
}

// mayBeStable: everybody in v held it once, so a member that did not leave since may have said so.
func (c central) mayBeStable(v *view.View) bool { return c.w.commonMoment(v) }

// holdOuts lists those who do not hold v now.
func (c central) holdOuts(v *view.View) []uint64 {
	var out []uint64
	for _, m := range v.All() {
		if !c.w.byID[m.ID].holds(v) {
			out = append(out, m.ID)
		}
	}
	return out
}

// Long after the last change each member says what somebody who sees all of them would say.
func TestAgreesWithACentralComputation(t *testing.T) {
	for seed := range uint64(schedules(t, 1500)) {
		s := newSchedule(seed)
		if s.w.net.loss = 0.02; seed%2 == 0 {
			s.w.net.loss = 0
		}
		s.w.run(s.last + 5*time.Second)
		for _, a := range s.w.actors {
			if a.v == nil || a.dead {
				continue
			}
			if err := compare(central{s.w}, a); err != nil {
				t.Fatalf("seed %d, %d members: %s: %v", seed, len(s.w.actors), a.m.Name, err)
			}
		}
	}
}

func compare(twin central, a *actor) error {
	stable, waiting := a.tree.Stable(), a.tree.WaitingFor()
	switch {
	case twin.mustBeStable(a.v) && !stable:
		return fmt.Errorf("all hold the view, but it waits for %v", waiting)
	case stable && !twin.mayBeStable(a.v):
		return fmt.Errorf("reports a view that never all held at once")
	case stable && len(waiting) > 0:
		return fmt.Errorf("stable, and waits for %v", waiting)
	case stable:
		return nil
	case len(waiting) == 0:
		return fmt.Errorf("waits, and names nobody")
	}
	missing := twin.holdOuts(a.v)
	for _, id := range waiting {
		if !slices.Contains(missing, id) && a.w.net.loss == 0 {
			return fmt.Errorf("waits for %x, which holds the view; missing are %x", waiting, missing)
		}
	}
	return nil
}
