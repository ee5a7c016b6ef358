package scenario

import (
	"fmt"
	"slices"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/publish"
	"github.com/grapevine-gossip/grapevine/internal/sim"
)

var crash = &Scenario{
	Name:     "crash",
	Question: "How soon do all survivors know that a member crashed?",
	Explain: `In a settled cluster scenario.count members crash one after another, each once all survivors have removed the one before
and some seconds have passed. detect_ms is from a crash until a survivor's view is without the member, last_ms until that
holds for all.`,
	Options:  []string{"scenario.count"},
	Defaults: base(101, detectWithin, Options{Count: 5}),
	play:     playCrash,
	answer: func(o *Outcome) string {
		return fmt.Sprintf("Half of the survivors know after %s, the last one after %s; %s live members were removed.",
			o.half("detect_ms"), o.last("detect_ms"), o.value("false_removals"))
	},
}

var crashMany = &Scenario{
	Name:     "crash-10pct",
	Question: "How soon does every survivor have the right view when a tenth of the cluster crashes at once?",
	Explain: `In a settled cluster scenario.share of the members crash at one instant. detect_ms is from then until a survivor's view
is exactly the survivors. views counts the different views that survivors published from the crash up to the right one.`,
	Options:  []string{"scenario.share"},
	Defaults: base(101, 30*time.Second, Options{Share: 0.1}),
	play:     playCrashMany,
	answer: func(o *Outcome) string {
		return fmt.Sprintf("The last survivor has exactly the right view after %s and at most %s published views; %s live members were removed.",
			o.last("detect_ms"), o.value("views"), o.value("false_removals"))
	},
}

// inView reports whether a member of that name is in a node's view.
func inView(n *sim.Node, name string) bool {
	m, ok := n.Snapshot().Members.Get(name)
	return ok && m.State != publish.Failed && m.State != publish.Left && m.State != publish.Forgotten
}

func playCrash(y *play) {
	if !y.form() {
		return
	}
	y.rest()
	y.crashes(y.p.Options.Count)
}

// settled is the time between two crashes: what one stirred up has passed.
const settled = 3 * time.Second

// crashes ends so many members one after another.
func (y *play) crashes(count int) {
	var last []float64
	var delays []time.Duration
	for range min(count, y.p.Nodes-2) {
		// Not at a fixed moment of anybody's period, and any but the seed.
		y.Run(time.Duration(y.Rand().Int64N(int64(time.Second))))
		live := y.ActiveNodes()
		d, ok := y.crashOne(live[1+y.Rand().IntN(len(live)-1)])
		if !ok {
			break
		}
		delays = append(delays, d...)
		last = append(last, ms(d[len(d)-1]))
		y.Run(settled)
	}
	y.times("detect_ms", "from a crash until a survivor has removed it", millis(delays))
	y.times("last_ms", "from a crash until all survivors have removed it", last)
}

// detectWithin bounds how long the removal of a crashed member may take.
const detectWithin = time.Minute

// crashOne ends a process and waits until no survivor has it in its view.
func (y *play) crashOne(victim *sim.Node) ([]time.Duration, bool) {
	y.Crash(victim)
	gone := y.Watch(func(n *sim.Node) bool { return !inView(n, victim.Name) })
	defer y.Stop(gone)
	_, ok := y.within(detectWithin, "the removal of a crashed member", func() bool { return len(gone.At) == len(y.ActiveNodes()) })
	return gone.Delays(), ok
}

func playCrashMany(y *play) {
	if !y.form() {
		return
	}
	y.rest()
	before := y.sent()
	y.Run(time.Duration(y.Rand().Int64N(int64(time.Second))))
	victims := y.crashSome(max(1, int(y.p.Options.Share*float64(y.p.Nodes))))
	survivors := y.ActiveNodes()
	views := y.views()
	right := y.Watch(func(n *sim.Node) bool {
		if n.Snapshot().Size != len(survivors) {
			return false
		}
		for _, v := range victims {
			if inView(n, v.Name) {
				return false
			}
		}
		return true
	})
	rec := y.record(50 * time.Millisecond)
	y.within(y.p.Duration, "the right view at every survivor", func() bool { return len(right.At) == len(survivors) })
	y.times("detect_ms", "from the crash until a survivor has the right view", millis(right.Delays()))
	y.most("views", "different views published by survivors", float64(len(views)))
	y.Run(2 * time.Second)
	rec.stop()
	y.tellTraffic(before)
	y.series(Series{
		Name: "convergence", X: "time since the crash, ms", Y: "survivors with the right view, %",
		Line: growth(right.Delays(), len(survivors)),
	})
}

// crashSome ends so many processes at once, but not the seed's.
func (y *play) crashSome(count int) []*sim.Node {
	victims := slices.Clone(y.nodes[1:])
	y.Rand().Shuffle(len(victims), func(i, j int) { victims[i], victims[j] = victims[j], victims[i] })
	for _, v := range victims[:count] {
		y.Crash(v)
	}
	return victims[:count]
}

// views notes the different views that are published from now on, beside the one that the seed holds now.
func (y *play) views() map[uint64]bool {
	held := y.nodes[0].Snapshot().View
	views := map[uint64]bool{}
	y.onPublish = append(y.onPublish, func(n *sim.Node) {
		if v := n.Snapshot().View; v != held {
			views[v] = true
		}
	})
	return views
}
