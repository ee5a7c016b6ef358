package scenario

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/publish"
	"github.com/grapevine-gossip/grapevine/internal/sim"
)

var update = &Scenario{
	Name:     "update",
	Question: "How long until every member has a changed value?",
	Explain: `In a settled cluster members change a key in turn, one each scenario.every, for the duration; scenario.count is the
size of the values in bytes. With scenario.share that share of the members crash just before the first change; who
wants changes to meet members that are dead and not yet detected takes less than a second. update_ms is from a Set
until another member tells its application, last_ms until the last of them did, late_share the share of these that
took more than ten times the median: they came by repair, not by push. copies_per_member is how often a member
received a change, known_share the share of what it received that it already had, echoes how often a change came back
to its owner.`,
	Options:  []string{"scenario.every", "scenario.count", "scenario.share"},
	Defaults: base(101, 10*time.Second, Options{Every: 100 * time.Millisecond, Count: 20}),
	play:     playUpdate,
	answer: func(o *Outcome) string {
		return fmt.Sprintf("Half of the members have an update after %s, the last one after %s.", o.half("update_ms"), o.last("last_ms"))
	},
}

// arrivals follows changes until each member has told of them.
type arrivals struct {
	y       *play
	begun   map[change]time.Duration
	missing map[change]int
	delays  []float64
	last    []float64
}

type change struct {
	owner   string
	version uint64
}

func (y *play) follow() *arrivals {
	a := &arrivals{y: y, begun: map[change]time.Duration{}, missing: map[change]int{}}
	y.onEvent = append(y.onEvent, func(n *sim.Node, e *publish.Event) {
		if e.Kind != publish.EventKeySet || e.Member == nil {
			return
		}
		c := change{e.Member.Name, e.Version}
		begun, ok := a.begun[c]
		if !ok || n.Name == c.owner {
			return
		}
		a.delays = append(a.delays, ms(y.Now()-begun))
		if a.missing[c]--; a.missing[c] == 0 {
			a.last = append(a.last, ms(y.Now()-begun))
			delete(a.missing, c)
		}
	})
	return a
}

// set changes a key and follows the change.
func (a *arrivals) set(n *sim.Node, key, value string) {
	y := a.y
	v := n.Snapshot().Self.Version + 1
	c := change{n.Name, v}
	a.begun[c] = y.Now()
	a.missing[c] = len(y.ActiveNodes()) - 1
	if err := y.Set(n, key, value); err != nil {
		delete(a.begun, c)
		delete(a.missing, c)
	}
}

func (a *arrivals) tell() {
	a.y.times("update_ms", "from a Set until another member has it", a.delays)
	a.y.times("last_ms", "from a Set until all have it", a.last)
	a.y.level("late_share", "share of these that took ten times the median or more", a.late())
}

// late is the share of arrivals that took ten times as long as half of them.
func (a *arrivals) late() float64 {
	if len(a.delays) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(a.delays))
	i, _ := slices.BinarySearch(sorted, 10*sorted[len(sorted)/2])
	return float64(len(sorted)-i) / float64(len(sorted))
}

func playUpdate(y *play) {
	if !y.form() {
		return
	}
	y.rest()
	if dead := int(y.p.Options.Share * float64(y.p.Nodes)); dead > 0 {
		y.crashSome(dead)
	}
	before := y.sent()
	had := y.received()
	a := y.follow()
	value := strings.Repeat("v", y.p.Options.Count)
	i := 0
	y.every(max(y.p.Options.Every, time.Millisecond), y.p.Duration, func() {
		live := y.ActiveNodes()
		a.set(live[y.Rand().IntN(len(live))], fmt.Sprintf("k%d", i%10), value)
		i++
	})
	y.within(time.Minute, "every update at every member", func() bool { return len(a.missing) == 0 })
	a.tell()
	got := y.received()
	copies := float64(got.copies - had.copies)
	y.level("copies_per_member", "copies of a change that a member receives", copies/(float64(i)*float64(len(y.ActiveNodes())-1)))
	y.level("known_share", "share of the received changes that were known", float64(got.known-had.known)/max(copies, 1))
	y.count("echoes", "changes that came back to their owner", float64(got.echoes-had.echoes))
	y.tellTraffic(before)
}
