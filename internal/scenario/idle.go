package scenario

import (
	"fmt"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/publish"
	"github.com/grapevine-gossip/grapevine/internal/sim"
)

var idle = &Scenario{
	Name:     "idle",
	Question: "What does a member send while nothing happens, and is anybody suspected?",
	Explain: `A settled cluster is left alone for the duration. suspected counts suspicions that members told their applications of,
false_removals the live members that any other removed. member_seconds is how long all members together lived.`,
	Defaults: base(101, time.Minute, Options{}),
	play:     playIdle,
	answer: func(o *Outcome) string {
		return fmt.Sprintf("A member sends %s bytes in %s packets a second; %s live members were removed in %s member-seconds.",
			o.value("bytes_per_member_s"), o.value("packets_per_member_s"), o.value("false_removals"), o.value("member_seconds"))
	},
}

func playIdle(y *play) {
	if !y.form() {
		return
	}
	y.rest()
	before := y.sent()
	suspected := 0
	y.onEvent = append(y.onEvent, func(_ *sim.Node, e *publish.Event) {
		if e.Kind == publish.EventSuspected {
			suspected++
		}
	})
	rec := y.record(max(y.p.Duration/200, 100*time.Millisecond))
	y.Run(y.p.Duration)
	rec.stop()
	y.tellTraffic(before)
	y.count("suspected", "suspicions told by all together", float64(suspected))
	y.count("member_seconds", "seconds lived by all members together", float64(len(y.nodes))*y.p.Duration.Seconds())
}
