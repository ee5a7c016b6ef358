package sim

import (
	"fmt"
	"runtime/debug"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/publish"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// Report is what became of one world of the swarm.
type Report struct {
	Plan       Plan
	Violations []Violation
	Trace      uint64
	Events     uint64        // handled
	Members    int           // that took part in the end
	Lived      time.Duration // virtual time
	Stopped    bool          // by Config.GoOn: it says nothing
	HealedIn   time.Duration // from the end of the faults to one stable view and equal state
}

// Swarm draws the world of a seed and runs it.
func Swarm(seed uint64) Report { return Draw(seed).Run() }

// Run runs a plan: first anything may break, and only what must never be is an error; then everything is whole, and all
// have to agree within a bound.
func (p Plan) Run() Report {
	cfg := p.Config
	if p.Chance > 0 {
		cfg.Seed = wire.Mix(cfg.Seed ^ wire.Mix(p.Chance))
	}
	w := New(cfg)
	w.populate(p)
	var last time.Duration
	for _, f := range p.Faults {
		w.At(f.At, func() { w.Inflict(f) })
		last = max(last, f.At+f.For)
	}
	r := Report{Plan: p}
	w.Survive(func() {
		w.Run(max(last, p.Spread) + time.Second)
		if !w.broken() {
			r.HealedIn = w.heal(p)
		}
	})
	r.Violations, r.Trace, r.Events, r.Lived = w.violations, w.trace.hash, w.count, w.now
	r.Stopped = w.stopped
	r.Members = len(w.ActiveNodes())
	return r
}

// Survive makes a panic a violation like any other, so that its faults can be minimised.
func (w *World) Survive(live func()) {
	defer func() {
		if r := recover(); r != nil {
			w.violate("no_panic", nil, "%v\n%s", r, debug.Stack())
		}
	}()
	live()
}

// populate starts the first members.
func (w *World) populate(p Plan) {
	addr := func(i int) uint32 { return uint32(i + 1) }
	w.net.place(uint32(p.Size), nil) // those who come later get others
	for i := range p.Size {
		c := Member{Name: fmt.Sprintf("n%d", i), Addr: addr(i)}
		at := time.Duration(w.rng.Int64N(int64(p.Spread) + 1))
		switch p.Layout {
		case Star:
			c.Seeds = []uint32{addr(0)}
		case Three:
			c.Seeds = []uint32{addr(0), addr(1 % p.Size), addr(2 % p.Size)}
		case Chain:
			c.Seeds = []uint32{addr(max(i-1, 0))}
		case Islands:
			c.Seeds = []uint32{addr(i % 2)}
		case Late:
			c.Seeds = []uint32{addr(p.Size - 1)}
			if i == p.Size-1 {
				at = p.Spread
			}
		}
		if c.Seeds[0] == c.Addr && p.Layout != Three {
			c.Seeds = nil
		}
		w.At(at, func() { w.Start(c) })
	}
	if p.Layout == Islands && p.Size > 1 {
		w.At(p.Spread+time.Second, func() {
			if a, b := w.find("n0"), w.find("n1"); a != nil && b != nil {
				_ = w.Join(b, a.addr) // it may have ended by now
			}
		})
	}
}

// Bounds of the healing phase.
const (
	healWithin = 60 * time.Second
	waitMost   = 15 * time.Minute // who failed often waits up to ten minutes before it is let in again
	quietFor   = 10 * time.Second // then nothing may change any more
	quietMost  = 600              // packets that each member sends meanwhile; a fifth of that is the most a sound world needed
)

// heal makes everything whole and waits for all to agree.
func (w *World) heal(p Plan) time.Duration {
	w.Heal()
	w.SetLink(Link{Latency: p.Config.Link.Latency})
	for _, n := range w.nodes {
		n.host = Host{}
	}
	w.dismissDoubles()
	limit := healWithin
	if i := p.Config.Settings.Interval; i > time.Second {
		limit = limit * time.Duration(i.Milliseconds()) / 1000
	}
	contact := w.meet()
	start, since := w.now, w.now
	took := time.Duration(0)
	left := len(w.ActiveNodes())
	for {
		if w.anybodyWaits() {
			since = w.now
		}
		if n := len(w.ActiveNodes()); n < left { // one learned that another process has its name
			left, since = n, w.now
			contact = w.meet()
		}
		what := w.disagreement()
		if w.broken() {
			return w.now - start
		}
		if what == "" {
			took = w.now - start
			break
		}
		if w.now-since > limit+contact || w.now-start > waitMost {
			w.violate("convergence", nil, "not %v after the faults ended: %s", w.now-start, what)
			return w.now - start
		}
		w.Run(100 * time.Millisecond)
	}
	w.staysQuiet()
	return took
}

// staysQuiet lets time pass in which nobody may go, nobody is suspected, and members have little to say.
func (w *World) staysQuiet() {
	failed, sent := w.failures(), w.packets()
	w.Run(quietFor)
	if w.broken() {
		return
	}
	if what := w.disagreement(); what != "" {
		w.violate("convergence", nil, "it did not last: %s", what)
	}
	if gone := w.failures() - failed; gone > 0 {
		w.violate("no_false_failure", nil, "%d failures were published while all was well", gone)
	}
	if each := (w.packets() - sent) / uint64(max(len(w.ActiveNodes()), 1)); each > quietMost {
		w.violate("idle_cost", nil, "each member sent %d packets in %v, though all was well", each, quietFor)
	}
	if n := w.streaming(); n != nil {
		w.violate("bounded_queues", n, "streams are open, though nothing was said for a minute")
	}
}

func (w *World) packets() (sum uint64) {
	for _, n := range w.nodes {
		sum += n.Sent.Packets
	}
	return sum
}

func (w *World) failures() (sum uint64) {
	for _, n := range w.nodes {
		sum += n.Counts[publish.EventFailed]
	}
	return sum
}

// dismissDoubles leaves one process to each name: the one with the highest life, since the others end when they hear of
// it.
func (w *World) dismissDoubles() {
	best := map[string]*Node{}
	for _, n := range w.ActiveNodes() {
		o := best[n.Name]
		switch {
		case o == nil:
			best[n.Name] = n
		case n.Life().Compare(o.Life()) > 0:
			w.Crash(o)
			best[n.Name] = n
		default:
			w.Crash(n)
		}
	}
}

func (w *World) anybodyWaits() bool {
	for _, n := range w.nodes {
		if n.Active() && n.snap.Standing == publish.StandingWaiting {
			return true
		}
	}
	return false
}

// disagreement tells what is not yet as it must be in the end: one stable view of exactly those who live, everybody
// reads what each of them says, and nobody is suspected. "" if all is.
func (w *World) disagreement() string {
	live := w.ActiveNodes()
	for _, n := range live {
		switch {
		case n.snap.Size != len(live) || n.snap.View != live[0].snap.View:
			return fmt.Sprintf("%s holds view %x of %d, %s view %x of %d, %d live",
				live[0].Name, live[0].snap.View, live[0].snap.Size, n.Name, n.snap.View, n.snap.Size, len(live))
		case !n.snap.Stable:
			return fmt.Sprintf("%s does not know the view to be stable, and waits for %v", n.Name, n.m.WaitingFor())
		}
	}
	for _, owner := range live {
		own := owner.snap.Self
		for _, n := range live {
			m, ok := n.snap.Members.Get(owner.Name)
			switch {
			case !ok || m.Life != own.Life || m.Version != own.Version || m.Addr != own.Addr:
				return fmt.Sprintf("%s does not know %s as it is", n.Name, owner.Name)
			case m.State == publish.Suspect:
				return fmt.Sprintf("%s suspects %s", n.Name, owner.Name)
			}
		}
	}
	return ""
}
