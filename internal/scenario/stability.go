package scenario

import (
	"fmt"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/sim"
)

var stability = &Scenario{
	Name:     "stability",
	Question: "How soon do all members know that all hold the same view?",
	Explain: `In a settled cluster scenario.count changes of the view happen one after another: a newcomer joins, a member leaves, in
turn. stable_ms is from the moment in which the first member publishes the new view until a member reports it stable,
last_ms until the last one does. packets_per_change is what a member sent for a change, less what it sends while idle. All reports are
checked by two oracles: each member has held the view, and there was a moment at which all did.`,
	Options:  []string{"scenario.count"},
	Defaults: base(101, 10*time.Second, Options{Count: 20}),
	play:     playStability,
	answer: func(o *Outcome) string {
		return fmt.Sprintf("Half of the members report a new view stable after %s, the last one after %s; %s reports were false.",
			o.half("stable_ms"), o.last("last_ms"), o.value("false_stable"))
	},
}

func playStability(y *play) {
	if !y.form() {
		return
	}
	y.rest()
	quiet := y.sent()
	y.Run(5 * time.Second)
	_, idle := y.sent().per(quiet, len(y.nodes))
	var all, last, packets []float64
	for i := range y.p.Options.Count {
		y.Run(time.Duration(y.Rand().Int64N(int64(time.Second))))
		before := y.sent()
		live := y.ActiveNodes()
		size := len(live) + 1
		if i%2 == 1 {
			size = len(live) - 1
		}
		first := time.Duration(0)
		changed := y.Watch(func(n *sim.Node) bool {
			if first == 0 && n.Active() && n.Snapshot().Size == size { // who leaves is ahead of the others
				first = y.Now()
			}
			return false
		})
		reported := y.Watch(func(n *sim.Node) bool { return n.Snapshot().Size == size && n.Snapshot().Stable })
		if i%2 == 0 {
			y.newcomer(i)
		} else {
			_ = y.Leave(live[seeds+y.Rand().IntN(len(live)-seeds)]) // it takes part, so it can leave
		}
		_, ok := y.within(settleWithin, "one stable view", func() bool {
			return len(y.ActiveNodes()) == size && sim.Stable(y.ActiveNodes())
		})
		y.Stop(changed)
		y.Stop(reported)
		if !ok {
			break
		}
		worst := 0.0
		for _, n := range y.ActiveNodes() {
			d := ms(reported.At[n] - first)
			all = append(all, d)
			worst = max(worst, d)
		}
		last = append(last, worst)
		y.Run(time.Second) // what follows the change belongs to it
		now := y.sent()
		packets = append(packets, float64(now.packets-before.packets)/float64(size)-idle*(now.at-before.at).Seconds())
	}
	y.times("stable_ms", "from a new view until a member reports it stable", all)
	y.times("last_ms", "from a new view until all report it stable", last)
	y.level("packets_per_change", "packets a member sends for a change of the view", mean(packets))
}

func mean(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}
