package scenario

import (
	"fmt"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/sim"
)

var faults = &Scenario{
	Name:     "faults",
	Question: "What does a cluster make of a given list of faults?",
	Explain: `What happens is in a file: entries [[fault]] with a deed, a time and the members it befalls. When the last of them is over
and the duration has passed, all that is imposed is lifted; heal_ms is from then until a member reports the view of all who
take part stable. false_removals counts members that no fault names and that another such member removed.`,
	Defaults:  base(20, 30*time.Second, Options{}),
	NeedsFile: true,
	play:      playFaults,
	answer: func(o *Outcome) string {
		return fmt.Sprintf("After the faults the last member reports the one view stable within %s; %s live members were removed.",
			o.last("heal_ms"), o.value("false_removals"))
	},
}

func playFaults(y *play) {
	if !y.form() {
		return
	}
	y.rest()
	before := y.sent()
	struck := map[string]bool{} // a removal by or of one of these may be right
	for _, f := range y.p.Faults {
		for _, name := range f.Who {
			struck[name] = true
		}
	}
	y.mayGo = func(observer, gone *sim.Node) bool { return struck[observer.Name] || struck[gone.Name] }
	var last time.Duration
	for _, f := range y.p.Faults {
		y.At(f.At, func() { y.Inflict(f) })
		last = max(last, f.At+f.For)
	}
	rec := y.record(max((last+y.p.Duration)/400, 50*time.Millisecond))
	y.Run(last + y.p.Duration)
	y.tellTraffic(before)
	y.Heal()
	live := len(y.ActiveNodes())
	whole := y.Watch(func(n *sim.Node) bool { return n.Active() && n.Snapshot().Size == live && n.Snapshot().Stable })
	y.settle()
	rec.stop()
	y.count("members", "members in the end", float64(live))
	y.times("heal_ms", "from the end of all faults until a member reports the one view stable", millis(whole.Delays()))
}
