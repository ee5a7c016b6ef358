package scenario

import (
	"fmt"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/publish"
	"github.com/grapevine-gossip/grapevine/internal/sim"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

var grey = &Scenario{
	Name:     "grey",
	Question: "Are members whose network half works removed, soon and for good, and nobody else?",
	Explain: `In a settled cluster scenario.share of the members (at least one) turn grey for the duration. scenario.kind says how:
ingress and egress lose 80 % of what they are sent or send, flipping loses all that it is sent for 20 s on and 20 s off,
deaf hear nobody but each other, and are heard by all, pair cuts two healthy members off from each other. grey.removed counts the grey members that all others removed, grey.removals how
often one was removed, grey_ms is from the beginning until all others had removed it. views counts the different views
published.`,
	Options:  []string{"scenario.share", "scenario.kind"},
	Kinds:    []string{"ingress", "egress", "flipping", "deaf", "pair"},
	Defaults: base(101, 2*time.Minute, Options{Share: 0.01, Kind: "ingress"}),
	play:     playGrey,
	answer: func(o *Outcome) string {
		if o.Params.Options.Kind == "pair" {
			return fmt.Sprintf("Of the two that can't reach each other and all others, %s were removed.", o.value("false_removals"))
		}
		return fmt.Sprintf("%s of %s grey members were removed, the last one after %s, and %s of the healthy.",
			o.value("grey.removed"), o.value("grey.members"), o.last("grey_ms"), o.value("false_removals"))
	},
}

// flip is how long a flipping member is deaf, and how long it then is not.
const flip = 20 * time.Second

func playGrey(y *play) {
	if !y.form() {
		return
	}
	y.rest()
	count := max(1, int(y.p.Options.Share*float64(y.p.Nodes)+0.5))
	sick := y.nodes[1 : 1+min(count, y.p.Nodes/3)]
	ill := map[string]bool{}
	if y.p.Options.Kind != "pair" {
		for _, n := range sick {
			ill[n.Name] = true
		}
	}
	// What a grey member takes for the truth about others is its own affair.
	y.mayGo = func(observer, gone *sim.Node) bool { return ill[gone.Name] || ill[observer.Name] }
	left, removals := y.departures(ill)
	views := y.views()
	begin := y.Now()
	switch y.p.Options.Kind {
	case "ingress":
		y.Impose(sim.Rule{To: sim.SetOf(sick...), Loss: 0.8})
	case "egress":
		y.Impose(sim.Rule{From: sim.SetOf(sick...), Loss: 0.8})
	case "deaf":
		y.Impose(sim.Rule{From: sim.SetOf(append(y.nodes[:1:1], y.nodes[1+len(sick):]...)...), To: sim.SetOf(sick...), Loss: 1})
	case "pair":
		y.Impose(sim.Rule{From: sim.SetOf(y.nodes[1]), To: sim.SetOf(y.nodes[2]), Both: true, Loss: 1})
	case "flipping":
		deaf := sim.Rule{To: sim.SetOf(sick...), Loss: 1}
		for at := time.Duration(0); at < y.p.Duration; at += 2 * flip {
			y.At(at, func() {
				id := y.Impose(deaf)
				y.At(flip, func() { y.Lift(id) })
			})
		}
	}
	rec := y.record(max(y.p.Duration/400, 100*time.Millisecond))
	y.Run(y.p.Duration)
	rec.stop()
	y.most("views", "different views published", float64(len(views)))
	if y.p.Options.Kind == "pair" {
		return
	}
	var after []float64
	for _, at := range left {
		after = append(after, ms(at-begin))
	}
	y.count("grey.members", "grey members", float64(len(sick)))
	y.count("grey.removed", "of them removed by all others", float64(len(left)))
	y.count("grey.removals", "removals of grey members", float64(*removals))
	y.times("grey_ms", "from turning grey until all others have removed it", after)
}

// departures notes when the last of the others first was without a member of these names, and how often such a member
// was removed at all: how many lives of it were ended.
func (y *play) departures(names map[string]bool) (left map[string]time.Duration, removals *int) {
	left = map[string]time.Duration{}
	removals = new(int)
	ended := map[wire.Life]bool{} // boot ids tell the members apart
	without := map[string]map[*sim.Node]bool{}
	for name := range names {
		without[name] = map[*sim.Node]bool{}
	}
	healthy := 0
	for _, n := range y.ActiveNodes() {
		if !names[n.Name] {
			healthy++
		}
	}
	y.onEvent = append(y.onEvent, func(n *sim.Node, e *publish.Event) {
		if e.Member == nil || !names[e.Member.Name] || names[n.Name] {
			return
		}
		name := e.Member.Name
		switch e.Kind {
		case publish.EventFailed:
			if life := e.Member.Life; !ended[life] {
				ended[life] = true
				*removals++
			}
			without[name][n] = true
			if _, was := left[name]; !was && len(without[name]) == healthy {
				left[name] = y.Now()
			}
		case publish.EventReturned, publish.EventJoined:
			delete(without[name], n)
		}
	})
	return left, removals
}
