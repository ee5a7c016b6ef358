package sim

import (
	"flag"
	"fmt"
	"testing"
)

var (
	swarmSeeds = flag.Int("swarm", 0, "how many worlds TestSwarm runs; 0: a few chosen ones")
	swarmSeed  = flag.Uint64("swarm.seed", 1, "the first of them")
	swarmMost  = flag.Int("swarm.most", 1000, "leave out worlds with more members in all: the small ones take moments")
)

// chosenSeeds have quick worlds, and among them every deed, every layout and every shape of latency.
var chosenSeeds = []uint64{1, 4, 14, 15, 17, 20, 22, 23, 24, 30, 31, 34, 40, 45, 48, 58, 83}

// TestSwarm runs the worlds of chosen seeds. More of them:
//
//	go test ./internal/sim -run Swarm -swarm 1000 -swarm.seed 1
func TestSwarm(t *testing.T) {
	seeds := chosenSeeds
	if *swarmSeeds > 0 {
		seeds = nil
		for seed := *swarmSeed; len(seeds) < *swarmSeeds; seed++ {
			if Draw(seed).members() <= *swarmMost {
				seeds = append(seeds, seed)
			}
		}
	}
	for _, seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { clean(t, Swarm(seed)) })
	}
}

// members counts those that a plan starts.
func (p Plan) members() int {
	n := p.Size
	for _, f := range p.Faults {
		if f.Deed == Storm || f.Deed == Churn {
			n += f.Count
		}
	}
	return n
}

func TestChosenSeedsHaveEverything(t *testing.T) {
	deeds, layouts, shapes := map[Deed]bool{}, map[Layout]bool{}, map[Shape]bool{}
	for _, seed := range chosenSeeds {
		p := Draw(seed)
		layouts[p.Layout], shapes[p.Config.Link.Latency.Shape] = true, true
		for _, f := range p.Faults {
			deeds[f.Deed] = true
		}
	}
	for d := Write; d <= lastDeed; d++ {
		if !deeds[d] {
			t.Errorf("no world has the deed %v", d)
		}
	}
	for l := Star; l <= Late; l++ {
		if !layouts[l] {
			t.Errorf("no world begins as %v", l)
		}
	}
	for s := Constant; s <= Zones; s++ {
		if !shapes[s] {
			t.Errorf("no world has %v latency", s)
		}
	}
}

// clean fails the test if the world was wrong, and says how to see it again.
func clean(t *testing.T, r Report) {
	t.Helper()
	if len(r.Violations) > 0 {
		t.Errorf("%v\n%d members, %d faults; again: grapevine sim --swarm 1 --seed %d", r.Violations[0], r.Plan.Size, len(r.Plan.Faults), r.Plan.Seed)
	}
}
