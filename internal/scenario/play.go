package scenario

import (
	"fmt"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/chart"
	"github.com/grapevine-gossip/grapevine/internal/publish"
	"github.com/grapevine-gossip/grapevine/internal/sim"
)

// Result is what one world showed.
type Result struct {
	Seed       uint64
	Trace      uint64
	Violations []string // invariants that did not hold; the world ended there
	Unfinished string   // what did not come about within its bound; the figures up to then are there
	Stopped    bool     // from outside: it says nothing
	Figures    Figures
	Series     []Series
	Checked    bool // all invariants, after every step
	Events     uint64
	Lived      time.Duration
}

// Series is a figure over the time of one world, or over another quantity.
type Series struct {
	Name string // of the chart
	X, Y string // with units
	Line chart.Line
}

// checkedUpTo is the largest cluster in which every invariant is checked after every step; above, the work would grow
// with the square of the size, and the two oracles of stability, the sizes of datagrams and false removals remain.
const checkedUpTo = 64

// settleWithin bounds how long a cluster may take to form or to agree before a scenario gives up.
const settleWithin = 5 * time.Minute

// play is one world in which a scenario is played.
type play struct {
	*sim.World
	p      Params
	nodes  []*sim.Node
	byName map[string]*sim.Node
	result Result

	mayGo     func(observer, gone *sim.Node) bool // a removal that is right; nil: only of who does not take part
	onEvent   []func(*sim.Node, *publish.Event)
	onPublish []func(*sim.Node)
	wronged   map[string]bool
}

// Play plays a scenario in the world of a seed. Progress is told now and then, with the virtual time so far; when it
// returns false the world ends.
func (s *Scenario) Play(p Params, seed uint64, progress func(time.Duration) bool) Result {
	cfg := sim.Config{Seed: seed, Link: p.Link, Host: p.Host, Cores: p.Cores, Settings: p.Protocol, Check: sim.OraclesOnly}
	if p.Nodes <= checkedUpTo {
		cfg.Check = sim.AllChecks
	}
	y := &play{p: p, byName: map[string]*sim.Node{}, wronged: map[string]bool{}}
	if progress != nil {
		cfg.GoOn = func() bool { return progress(y.Now()) }
	}
	y.World = sim.New(cfg)
	y.result = Result{Seed: seed, Checked: cfg.Check == sim.AllChecks}
	y.World.OnEvent = y.event
	y.World.OnPublish = y.published
	y.Survive(func() { s.play(y) })
	return y.finish()
}

// finish puts together what every scenario tells.
func (y *play) finish() Result {
	r := &y.result
	falseStable := 0
	for _, v := range y.Violations() {
		r.Violations = append(r.Violations, v.String())
		if v.Check == sim.StabilizedWasTrue {
			falseStable++
		}
	}
	y.count("false_removals", "live members removed", float64(len(y.wronged)))
	y.count("false_stable", "false reports of stability", float64(falseStable))
	y.most("largest_datagram", "bytes of the largest datagram", float64(y.Largest))
	r.Trace, r.Stopped, r.Events, r.Lived = y.Trace(), y.Stopped(), y.Handled(), y.Now()-time.Second
	return *r
}

func (y *play) event(n *sim.Node, e *publish.Event) {
	if e.Kind == publish.EventFailed {
		gone := y.byName[e.Member.Name]
		right := !gone.Active()
		if y.mayGo != nil {
			right = right || y.mayGo(n, gone)
		}
		if !right {
			y.wronged[gone.Name] = true
		}
	}
	for _, f := range y.onEvent {
		f(n, e)
	}
}

func (y *play) published(n *sim.Node) {
	for _, f := range y.onPublish {
		f(n)
	}
}

// form starts all members at once through one seed and waits until each reports the one view stable. It reports whether
// they did.
func (y *play) form() bool {
	for i := range y.p.Nodes {
		y.start(i)
	}
	return y.settle()
}

func (y *play) start(i int) {
	m := sim.Member{Name: fmt.Sprintf("n%d", i)}
	if i > 0 {
		m.Seeds = []uint32{y.nodes[0].Address()}
	}
	y.enter(m)
}

func (y *play) enter(m sim.Member) {
	n := y.Start(m)
	y.nodes = append(y.nodes, n)
	y.byName[n.Name] = n
}

// settle waits until all who take part report one stable view.
func (y *play) settle() bool {
	_, ok := y.within(settleWithin, "one stable view", func() bool { return sim.Stable(y.ActiveNodes()) })
	return ok
}

// rest lets what a formation stirred up pass.
func (y *play) rest() { y.Run(5 * time.Second) }

// within waits for something and notes if it does not come about.
func (y *play) within(limit time.Duration, what string, cond func() bool) (time.Duration, bool) {
	took, ok := y.Until(limit, cond)
	if !ok && len(y.Violations()) == 0 && !y.Stopped() {
		y.result.Unfinished = fmt.Sprintf("%s did not come about within %v", what, limit)
	}
	return took, ok
}

func (y *play) going() bool { return len(y.Violations()) == 0 && !y.Stopped() }

// every calls f each d, for a total time, and lets that time pass.
func (y *play) every(d, total time.Duration, f func()) {
	for end := y.Now() + total; y.Now() < end && y.going(); {
		f()
		y.Run(min(d, end-y.Now()))
	}
}

func (y *play) put(f Figure) { y.result.Figures = append(y.result.Figures, f) }

func (y *play) times(name, label string, samples []float64) {
	y.put(Figure{Name: name, Label: label + ", ms", Kind: Times, Samples: samples})
}

func (y *play) count(name, label string, v float64) {
	y.put(Figure{Name: name, Label: label, Kind: Count, Value: v})
}

func (y *play) level(name, label string, v float64) {
	y.put(Figure{Name: name, Label: label, Kind: Level, Value: v})
}

func (y *play) most(name, label string, v float64) {
	y.put(Figure{Name: name, Label: label, Kind: Most, Value: v})
}

func (y *play) series(s Series) { y.result.Series = append(y.result.Series, s) }
