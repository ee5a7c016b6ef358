package scenario

import (
	"fmt"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/chart"
	"github.com/grapevine-gossip/grapevine/internal/publish"
	"github.com/grapevine-gossip/grapevine/internal/sim"
)

var churn = &Scenario{
	Name:     "churn",
	Question: "How well does a cluster agree while members join and leave all the time?",
	Explain: `In a settled cluster scenario.rate newcomers a second join, with the first three members as their seeds, and as many others
leave, at random moments, for the duration.
views_equal is the share of the time in which all members held the same view, stable_share the share of the time that a
member had reported its view stable, on average. unequal_ms are the lengths of the times in which not all agreed. bytes_per_event
is what a member sent for each join or leave.`,
	Options:  []string{"scenario.rate"},
	Defaults: base(101, time.Minute, Options{Rate: 2}),
	play:     playChurn,
	answer: func(o *Outcome) string {
		return fmt.Sprintf("At %s joins and as many leaves a second all views were equal for %s of the time and reported stable for %s.",
			short(o.Params.Options.Rate), percent(o.number("views_equal")), percent(o.number("stable_share")))
	},
}

// glance is how often churn looks at all members.
const glance = 10 * time.Millisecond

func playChurn(y *play) {
	if !y.form() {
		return
	}
	y.rest()
	before := y.sent()
	begin := y.Now()
	// Leaving and coming are drawn beforehand, evenly over the duration, so that all settings meet the same ones.
	changes := int(y.p.Options.Rate * y.p.Duration.Seconds())
	for i := range changes {
		y.At(time.Duration(y.Rand().Int64N(int64(y.p.Duration))), func() { y.newcomer(i) })
		y.At(time.Duration(y.Rand().Int64N(int64(y.p.Duration))), y.someoneLeaves)
	}
	var equal, looks int
	var stable float64
	var unequal []float64
	var since time.Duration
	var agreement []chart.Point
	y.every(glance, y.p.Duration, func() {
		members := y.settledMembers()
		looks++
		same, reported := sameView(members)
		stable += reported
		if same {
			equal++
			if since > 0 {
				unequal = append(unequal, ms(y.Now()-since))
			}
			since = 0
		} else if since == 0 {
			since = y.Now()
		}
		if looks%10 == 0 {
			agreement = append(agreement, chart.Point{X: (y.Now() - begin).Seconds(), Y: 100 * largestParty(members)})
		}
	})
	y.level("views_equal", "share of the time in which all views were equal", float64(equal)/float64(looks))
	y.level("stable_share", "share of the time in which a member had reported stability", stable/float64(looks))
	y.times("unequal_ms", "how long views were unequal at a time", unequal)
	now := y.sent()
	y.level("bytes_per_event", "bytes a member sent for each join or leave, less 110 a second for the idle cluster",
		(float64(now.bytes-before.bytes)/float64(len(y.ActiveNodes()))-110*y.p.Duration.Seconds())/float64(max(2*changes, 1)))
	y.tellTraffic(before)
	y.series(Series{Name: "agreement_over_time", X: "time, s", Y: "members that hold the commonest view, %", Line: chart.Line{Points: agreement}})
	y.settle()
}

func (y *play) newcomer(i int) {
	var addrs []uint32
	for _, n := range y.nodes[:seeds] {
		addrs = append(addrs, n.Address())
	}
	y.enter(sim.Member{Name: fmt.Sprintf("c%d", i), Seeds: addrs})
}

// seeds is how many of the first members newcomers have as seeds. They stay.
const seeds = 3

// someoneLeaves has a member leave that has been let in.
func (y *play) someoneLeaves() {
	live := y.settledMembers()
	if len(live) > seeds {
		_ = y.Leave(live[seeds+y.Rand().IntN(len(live)-seeds)]) // it takes part, so it can leave
	}
}

// settledMembers lists those who take part and have been let in.
func (y *play) settledMembers() []*sim.Node {
	var out []*sim.Node
	for _, n := range y.ActiveNodes() {
		if n.Snapshot().Standing == publish.StandingMember {
			out = append(out, n)
		}
	}
	return out
}

// sameView reports whether all hold one view, and the share that has reported its own stable.
func sameView(nodes []*sim.Node) (bool, float64) {
	same, stable := true, 0
	for _, n := range nodes {
		same = same && n.Snapshot().View == nodes[0].Snapshot().View
		if n.Snapshot().Stable {
			stable++
		}
	}
	return same, float64(stable) / float64(max(len(nodes), 1))
}
