package scenario

import (
	"fmt"
	"time"
)

var loss = &Scenario{
	Name:     "loss",
	Question: "Is anybody alive removed when the network loses packets, and is a true crash still seen?",
	Explain: `A settled cluster lives with lossy links for the duration, then scenario.count members crash one after another.
false_removals counts live members that any other removed, all through. detect_ms is from a crash until a survivor's view
is without the member.`,
	Options:  []string{"scenario.count"},
	Defaults: lossy(base(101, time.Minute, Options{Count: 5})),
	play:     playLoss,
	answer: func(o *Outcome) string {
		return fmt.Sprintf("With %s of the packets lost %s live members were removed; the last survivor noticed a crash after %s.",
			percent(o.Params.Link.Loss), o.value("false_removals"), o.last("detect_ms"))
	},
}

func lossy(p Params) Params {
	p.Link.Loss = 0.15
	return p
}

func percent(share float64) string { return short(100*share) + " %" }

func playLoss(y *play) {
	if !y.form() {
		return
	}
	y.rest()
	before := y.sent()
	rec := y.record(max(y.p.Duration/200, 100*time.Millisecond))
	y.Run(y.p.Duration)
	rec.stop()
	y.tellTraffic(before)
	y.count("member_seconds", "seconds lived by all members together", float64(len(y.nodes))*y.p.Duration.Seconds())
	y.crashes(y.p.Options.Count)
}
