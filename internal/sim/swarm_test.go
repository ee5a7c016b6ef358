package sim

import (
	"flag"
	"fmt"
	"testing"
)

var (
	swarmSeeds = flag.Int("swarm", 20, "how many worlds TestSwarm runs")
	swarmSeed  = flag.Uint64("swarm.seed", 1, "the first of them")
)

// TestSwarm runs the worlds of fixed seeds. More of them:
//
//	go test ./internal/sim -run Swarm -swarm 1000 -swarm.seed 1
func TestSwarm(t *testing.T) {
	for i := range *swarmSeeds {
		seed := *swarmSeed + uint64(i)
		t.Run(fmt.Sprint(seed), func(t *testing.T) { clean(t, Swarm(seed)) })
	}
}

// clean fails the test if the world was wrong, and says how to see it again.
func clean(t *testing.T, r Report) {
	t.Helper()
	if len(r.Violations) > 0 {
		t.Errorf("%v\n%d members, %d faults; again: grapevine sim --swarm 1 --seed %d", r.Violations[0], r.Plan.Size, len(r.Plan.Faults), r.Plan.Seed)
	}
}
