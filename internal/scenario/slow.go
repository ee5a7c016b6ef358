package scenario

import (
	"fmt"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/sim"
)

var slow = &Scenario{
	Name:     "slow",
	Question: "Are healthy members accused when others stand still now and then?",
	Explain: `In a settled cluster scenario.count members stand still for scenario.pause, all at once, every scenario.every, for the
duration (the grid of the Lifeguard paper varies these three). false_removals counts members that did not stand still and
were removed. At the end a healthy member crashes; detect_ms is from then until another one's view is without it.`,
	Options:  []string{"scenario.count", "scenario.pause", "scenario.every"},
	Defaults: base(128, time.Minute, Options{Count: 16, Pause: 2 * time.Second, Every: 4 * time.Second}),
	play:     playSlow,
	answer: func(o *Outcome) string {
		return fmt.Sprintf("%s healthy members were removed while %d of %d stood still; half of the others noticed a true crash after %s, the last after %s.",
			o.value("false_removals"), o.Params.Options.Count, o.Params.Nodes, o.half("detect_ms"), o.last("detect_ms"))
	},
}

func playSlow(y *play) {
	if !y.form() {
		return
	}
	y.rest()
	o := &y.p.Options
	lame := map[*sim.Node]bool{}
	for _, n := range y.nodes[1:][:min(o.Count, y.p.Nodes-3)] {
		lame[n] = true
	}
	y.mayGo = func(observer, gone *sim.Node) bool { return lame[gone] || lame[observer] }
	before := y.sent()
	removed := y.departuresOf(lame)
	y.every(max(o.Every, o.Pause+time.Millisecond), y.p.Duration, func() {
		for _, n := range y.nodes {
			if lame[n] {
				y.Pause(n, o.Pause, false)
			}
		}
	})
	y.tellTraffic(before)
	y.count("slow_removals", "removals of members that stood still", float64(*removed))
	victim := y.nodes[len(y.nodes)-1]
	y.Crash(victim)
	gone := y.Watch(func(n *sim.Node) bool { return !inView(n, victim.Name) })
	healthy := len(y.ActiveNodes()) - len(lame)
	y.within(detectWithin, "the removal of a crashed member", func() bool {
		seen := 0
		for n := range gone.At {
			if !lame[n] {
				seen++
			}
		}
		return seen >= healthy
	})
	y.times("detect_ms", "from the crash until another member has removed it", millis(gone.Delays()))
}

func (y *play) departuresOf(nodes map[*sim.Node]bool) *int {
	names := map[string]bool{}
	for n := range nodes {
		names[n.Name] = true
	}
	_, removals := y.departures(names)
	return removals
}
