package scenario

import (
	"fmt"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/chart"
	"github.com/grapevine-gossip/grapevine/internal/sim"
)

var bootstrap = &Scenario{
	Name:     "bootstrap",
	Question: "How long does a cluster take to form when all of its members start at once?",
	Explain: `All members start at one instant; each knows one seed, the first of them. bootstrap_ms is from then until a member
lists all, stable_ms until it reports the view stable. view_sizes counts the different sizes of view that any member
published on the way, seed_bytes_ratio is what the seed sent over what a member sent on average.`,
	Defaults: base(101, time.Minute, Options{}),
	play:     playBootstrap,
	answer: func(o *Outcome) string {
		return fmt.Sprintf("The last of %d members lists all others %s after the start.", o.Params.Nodes, o.last("bootstrap_ms"))
	},
}

func playBootstrap(y *play) {
	n := y.p.Nodes
	sizes := map[int]bool{}
	y.onPublish = append(y.onPublish, func(m *sim.Node) { sizes[m.Snapshot().Size] = true })
	listed := y.Watch(func(m *sim.Node) bool { return m.Snapshot().Size == n })
	stable := y.Watch(func(m *sim.Node) bool { return m.Snapshot().Size == n && m.Snapshot().Stable })
	for i := range n {
		y.start(i)
	}
	y.within(y.p.Duration, "one stable view", func() bool { return sim.Stable(y.ActiveNodes()) })
	y.times("bootstrap_ms", "from the start until a member lists all", millis(listed.Delays()))
	y.times("stable_ms", "from the start until a member reports stability", millis(stable.Delays()))
	y.most("view_sizes", "different sizes of view seen on the way", float64(len(sizes)))
	var total uint64
	for _, m := range y.nodes {
		total += m.Sent.Bytes + m.Sent.StreamBytes
	}
	seed := y.nodes[0].Sent
	mean := float64(total) / float64(n)
	y.most("seed_bytes_ratio", "bytes the seed sent, over the mean", float64(seed.Bytes+seed.StreamBytes)/mean)
	y.level("bytes_per_member", "bytes that a member sent to form the cluster", mean)
	y.series(Series{
		Name: "convergence", X: "time since the start, ms", Y: "members that list all, %",
		Line: growth(listed.Delays(), n),
	})
}

// growth is the share of n that has come about over time.
func growth(delays []time.Duration, n int) chart.Line {
	line := chart.Line{Shape: chart.Step, Points: []chart.Point{{}}}
	for i, d := range delays {
		line.Points = append(line.Points, chart.Point{X: ms(d), Y: 100 * float64(i+1) / float64(n)})
	}
	return line
}
