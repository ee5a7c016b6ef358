package demo

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/grapevine-gossip/grapevine"
	"github.com/grapevine-gossip/grapevine/internal/local"
)

// Play is the demo at the keys of a person.
type Play struct {
	Cluster *local.Cluster
	Members int
	In      io.Reader
	Out     io.Writer

	split bool
}

// Help says what the keys do.
const Help = "keys: k kill one, r revive all, p cut the network in two, h heal it, q quit"

const ctrlC = 3 // what a terminal in raw mode sends in place of a signal

// Run starts the members and obeys the keys until q or the end of ctx. It prints what the seed tells, and calls ready
// with it once all are there.
func (p *Play) Run(ctx context.Context, ready func(seed *grapevine.Node) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	begin := time.Now()
	if err := p.Cluster.Grow(ctx, p.Members); err != nil {
		return err
	}
	live := p.Cluster.Live()
	if err := local.Until(ctx, stepLimit, func() string { return local.NotStable(live, len(live)) }); err != nil {
		return err
	}
	fmt.Fprintf(p.Out, "%d members are stable after %s\n", len(live), seconds(time.Since(begin)))
	seed := live[0].Node
	if err := ready(seed); err != nil {
		return err
	}
	fmt.Fprintln(p.Out, Help)
	sub := seed.Subscribe(grapevine.Filter{})
	defer sub.Close()
	keys, restore, err := readKeys(ctx, p.In)
	if err != nil {
		return err
	}
	defer restore()
	return p.obey(ctx, keys, sub.C())
}

func (p *Play) obey(ctx context.Context, keys <-chan byte, events <-chan grapevine.Event) error {
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case e, ok := <-events:
			if !ok {
				return nil
			}
			if text := describe(e); text != "" {
				fmt.Fprintf(p.Out, "%s  %s\n", time.Now().Format("15:04:05.000"), text)
			}
		case k := <-keys:
			if k == 'q' || k == ctrlC {
				return nil
			}
			if err := p.press(ctx, k); err != nil {
				fmt.Fprintf(p.Out, "%v\n", err)
			}
		}
	}
}

func (p *Play) press(ctx context.Context, key byte) error {
	switch key {
	case 'k':
		live := p.Cluster.Live()
		if len(live) == 1 {
			return fmt.Errorf("only the seed is left; r revives the others")
		}
		victim := live[len(live)-1]
		fmt.Fprintf(p.Out, "* %s is killed\n", victim.Name)
		return p.Cluster.Kill(victim)
	case 'r':
		for _, m := range p.Cluster.Dead() {
			fmt.Fprintf(p.Out, "* %s starts again\n", m.Name)
			if err := p.Cluster.Revive(ctx, m); err != nil {
				return err
			}
		}
	case 'p':
		if p.split {
			return fmt.Errorf("the network is cut already; h heals it")
		}
		small, large := sides(p.Cluster)
		fmt.Fprintf(p.Out, "* cut: %d members here, %d there\n", len(large), len(small))
		cut(p.Cluster, small)
		p.split = true
	case 'h':
		fmt.Fprintln(p.Out, "* healed")
		p.Cluster.Chaos.Heal()
		p.split = false
	default:
		fmt.Fprintln(p.Out, Help)
	}
	return nil
}

// describe puts an event in a sentence.
func describe(e grapevine.Event) string {
	switch e := e.(type) {
	case grapevine.MemberJoined:
		return e.Name + " joined"
	case grapevine.MemberSuspected:
		return e.Name + " is suspected"
	case grapevine.MemberCleared:
		return e.Name + " is no longer suspected"
	case grapevine.MemberFailed:
		var by []string
		for _, a := range e.Accusers {
			by = append(by, a.Name)
		}
		return strings.TrimSuffix(e.Name+" failed, says "+strings.Join(by, ", "), ", says ")
	case grapevine.MemberReturned:
		return e.Name + " returned"
	case grapevine.MemberLeft:
		return e.Name + " left"
	case grapevine.ViewStabilized:
		return fmt.Sprintf("stable: %d members agree", len(e.Members))
	case grapevine.ViewDestabilized:
		return "not stable"
	case grapevine.Rejoined:
		return "the seed is back among the others: " + e.Reason
	default:
		return ""
	}
}
