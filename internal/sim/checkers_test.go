package sim

import (
	"slices"
	"testing"

	"github.com/grapevine-gossip/grapevine/internal/gossip"
)

// What checkers see of a machine is brought up to date step by step; it must be what one sees looking anew.
func TestInspectionIsUpToDate(t *testing.T) {
	p := Draw(17)
	w := New(p.Config)
	w.populate(p)
	for _, f := range p.Faults {
		w.At(f.At, func() { w.Inflict(f) })
	}
	for range 20 {
		w.Run(p.Faults[len(p.Faults)-1].At / 20)
		for _, n := range w.nodes {
			var anew gossip.Inspection
			n.m.InspectMembers(&anew)
			if n.up && !slices.Equal(anew.Members, w.checkers.of[n].is.Members) {
				t.Fatalf("%v, %s: %+v is kept, %+v seen", w.now, n.Name, w.checkers.of[n].is.Members, anew.Members)
			}
		}
	}
}
