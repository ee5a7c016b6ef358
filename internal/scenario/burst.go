package scenario

import (
	"fmt"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/sim"
)

var burst = &Scenario{
	Name:     "burst",
	Question: "What does it take to pass on many changes that come at once?",
	Explain: `In a settled cluster scenario.share of the members (at least one) set scenario.count keys each, of twenty bytes, at one
instant. burst_ms is from then until a member has all of them. bytes_per_key is what all members together sent for each
key.`,
	Options:  []string{"scenario.share", "scenario.count"},
	Defaults: base(101, time.Minute, Options{Count: 1000}),
	play:     playBurst,
	answer: func(o *Outcome) string {
		return fmt.Sprintf("The last member has all %d keys after %s; each cost %s bytes in the whole cluster.",
			o.Params.Options.Count*writers(&o.Params), o.last("burst_ms"), o.value("bytes_per_key"))
	},
}

// writers is how many members take part in a burst.
func writers(p *Params) int { return max(1, int(p.Options.Share*float64(p.Nodes))) }

func playBurst(y *play) {
	if !y.form() {
		return
	}
	y.rest()
	before := y.sent()
	keys := y.p.Options.Count
	writing := y.nodes[:writers(&y.p)]
	total := 0
	for _, n := range writing {
		for k := range keys {
			if y.Set(n, fmt.Sprintf("burst%d", k), "twenty bytes of value") == nil {
				total++
			}
		}
	}
	has := y.Watch(func(m *sim.Node) bool {
		for _, n := range writing {
			if got, ok := m.Snapshot().Members.Get(n.Name); !ok || got.Keys.Len() < keys {
				return false
			}
		}
		return true
	})
	took, _ := y.within(y.p.Duration, "all keys at all members", func() bool { return len(has.At) == len(y.nodes) })
	y.times("burst_ms", "from the burst until a member has all of it", millis(has.Delays()))
	idle := 110 * float64(len(y.nodes)) * took.Seconds()
	y.level("bytes_per_key", "bytes sent by all together for each key, less 110 a member and second for the idle cluster",
		max(float64(y.sent().bytes-before.bytes)-idle, 0)/max(float64(total), 1))
	y.count("lost", "keys that did not reach all", float64(total-y.arrivedEverywhere(writing, keys)))
	y.series(Series{Name: "convergence", X: "time since the burst, ms", Y: "members that have all keys, %", Line: growth(has.Delays(), len(y.nodes))})
}

// arrivedEverywhere counts the keys of these members that every member has.
func (y *play) arrivedEverywhere(writing []*sim.Node, keys int) int {
	arrived := 0
	for _, owner := range writing {
		least := keys
		for _, n := range y.nodes {
			m, ok := n.Snapshot().Members.Get(owner.Name)
			if !ok {
				least = 0
				break
			}
			least = min(least, m.Keys.Len())
		}
		arrived += least
	}
	return arrived
}
