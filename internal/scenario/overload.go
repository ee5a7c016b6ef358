package scenario

import (
	"fmt"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/chart"
	"github.com/grapevine-gossip/grapevine/internal/sim"
)

var overload = &Scenario{
	Name:     "overload",
	Question: "What happens when more is written than the budget lets through?",
	Explain: `Each member of a settled cluster has scenario.count keys. For 15 s they are changed at half the rate that spread.budget lets
through, for the duration at scenario.rate times that rate, then not at all: the schedule of the Scuttlebutt paper. The rate
that gets through is taken as one change for every 48 bytes of one member's budget. stalest_ms is the age of the oldest change
that a member lacks since its owner made it known, looked at every quarter of a second of the overload; held_ms the age of
the oldest that an owner holds back (flow control; one that was replaced meanwhile does not count); goodput the changes
that a member took in over those that the budget lets through; jain the fairness among owners in what arrived; drained_ms
how long after the end all have all. spread.order and spread.flow compare the paper's orders, with and without flow control.`,
	Options:  []string{"scenario.count", "scenario.rate"},
	Defaults: overloaded(base(128, 20*time.Second, Options{Count: 64, Rate: 4})),
	play:     playOverload,
	answer: func(o *Outcome) string {
		return fmt.Sprintf("At %s times the capacity the stalest key of any member is %s old at worst; all is delivered %s after the end.",
			short(o.Params.Options.Rate), o.last("stalest_ms"), o.last("drained_ms"))
	},
}

const (
	changeBytes = 48
	drainEvery  = 50 * time.Millisecond // looking takes longer than what is looked at
	warmUp      = 15 * time.Second
	beat        = 10 * time.Millisecond // writes come in groups, one a beat
)

func overloaded(p Params) Params {
	p.Protocol.Budget = 96 << 10
	return p
}

// load is a stream of writes, and when each of them was made known.
type load struct {
	y       *play
	known   map[string][]time.Duration // by owner, of each version from first on: when it was made known
	first   map[string]uint64
	due     float64
	written int
}

func playOverload(y *play) {
	if !y.form() {
		return
	}
	y.rest()
	capacity := float64(y.p.Protocol.Budget) / changeBytes
	l := &load{y: y, known: map[string][]time.Duration{}, first: map[string]uint64{}}
	for _, n := range y.nodes {
		l.first[n.Name] = n.Snapshot().Self.Version + 1
	}
	begin := y.Now()
	var stalest, held []float64
	var points []chart.Point
	look := func() float64 {
		l.follow()
		age := ms(l.stalest())
		points = append(points, chart.Point{X: (y.Now() - begin).Seconds(), Y: age / 1000})
		return age
	}
	l.at(capacity/2, warmUp, look)
	before := y.sent()
	had, fresh, taken := l.arrived(), l.fresh(), y.Now()
	l.at(capacity*y.p.Options.Rate, y.p.Duration, func() float64 {
		age := look()
		stalest = append(stalest, age)
		held = append(held, ms(l.held()))
		return age
	})
	got := l.arrived()
	gained := float64(l.fresh() - fresh)
	over := (y.Now() - taken).Seconds() * float64(len(y.nodes))
	y.times("stalest_ms", "age of the oldest change that any member lacks, during the overload", stalest)
	y.times("held_ms", "age of the oldest change that an owner holds back, during the overload", held)
	var fair []float64
	for i := range got {
		fair = append(fair, float64(got[i]-had[i]))
	}
	y.level("goodput", "changes that a member took in, over what the budget lets through", gained/over/capacity)
	y.level("jain", "fairness among owners in what arrived, 1 is even", jain(fair))
	y.tellTraffic(before)
	end, next := y.Now(), y.Now()
	y.within(time.Minute, "all changes at all members", func() bool {
		if y.Now() < next {
			return false
		}
		next = y.Now() + drainEvery
		return look() == 0 && l.held() == 0
	})
	y.times("drained_ms", "from the end of the load until all have all", []float64{ms(y.Now() - end)})
	y.series(Series{Name: "staleness_over_time", X: "time, s", Y: "age of the oldest change that any member lacks, s", Line: chart.Line{Points: points}})
}

// at writes so many changes a second for a time.
func (l *load) at(rate float64, over time.Duration, look func() float64) {
	y := l.y
	beats := 0
	y.every(beat, over, func() {
		for l.due += rate * beat.Seconds(); l.due >= 1; l.due-- {
			n := y.nodes[y.Rand().IntN(len(y.nodes))]
			key := fmt.Sprintf("k%d", y.Rand().IntN(max(y.p.Options.Count, 1)))
			l.written++
			_ = y.Set(n, key, fmt.Sprintf("write %d", l.written))
		}
		l.follow()
		if beats++; beats%25 == 0 {
			look()
		}
	})
}

// follow notes what was made known.
func (l *load) follow() {
	for _, n := range l.y.nodes {
		released, _ := n.Machine().Held()
		for l.first[n.Name]+uint64(len(l.known[n.Name])) <= released {
			l.known[n.Name] = append(l.known[n.Name], l.y.Now())
		}
	}
}

// held is the age of the oldest change that an owner holds back.
func (l *load) held() time.Duration {
	var worst time.Duration
	for _, n := range l.y.nodes {
		_, oldest := n.Machine().Held()
		worst = max(worst, oldest)
	}
	return worst
}

// fresh counts the changes that all members took in.
func (l *load) fresh() uint64 {
	var sum uint64
	for _, n := range l.y.nodes {
		c := n.Machine().Stats().Counts
		sum += c.Copies - c.Known - c.Echoes
	}
	return sum
}

// lacks gives the age of the oldest change of an owner that was made known and that a member lacks.
func (l *load) lacks(n *sim.Node, owner string) time.Duration {
	have := uint64(0)
	if m, ok := n.Snapshot().Members.Get(owner); ok {
		have = m.Version
	}
	known := l.known[owner]
	next := 0
	if have >= l.first[owner] {
		next = int(have - l.first[owner] + 1)
	}
	if next >= len(known) {
		return 0
	}
	return l.y.Now() - known[next]
}

func (l *load) stalest() time.Duration {
	var worst time.Duration
	for _, n := range l.y.nodes {
		for _, o := range l.y.nodes {
			worst = max(worst, l.lacks(n, o.Name))
		}
	}
	return worst
}

// arrived counts, for each owner, the versions that all other members hold of it.
func (l *load) arrived() []uint64 {
	out := make([]uint64, len(l.y.nodes))
	for i, o := range l.y.nodes {
		for _, n := range l.y.nodes {
			if m, ok := n.Snapshot().Members.Get(o.Name); ok && n != o {
				out[i] += m.Version
			}
		}
	}
	return out
}

// jain is Jain's index of fairness: 1 if all are equal, 1/n if one has everything.
func jain(values []float64) float64 {
	var sum, squares float64
	for _, v := range values {
		sum += v
		squares += float64(v * v)
	}
	if squares == 0 {
		return 1
	}
	return float64(sum*sum) / (float64(len(values)) * squares)
}
