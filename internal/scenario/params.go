package scenario

import (
	"errors"
	"fmt"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/sim"
)

// Params are all that makes a world, but its seed.
type Params struct {
	Nodes    int
	Duration time.Duration // of the part that is measured; what it means is in the scenario's explanation
	Link     sim.Link
	Host     sim.Host
	Cores    int // that all share; 0: each member has one of its own
	Protocol sim.Settings
	Options  Options
	Faults   []sim.Fault // of the scenario faults
}

// Options are what only some scenarios read.
type Options struct {
	Share float64       // of the members
	Count int           // of members, keys, changes
	Every time.Duration // between two of them
	Pause time.Duration // how long something stands still
	Rate  float64       // a second
	Kind  string
}

// lan is the network that scenarios are asked in unless another is named: one switch between the members.
func lan() sim.Link {
	return sim.Link{Latency: sim.Latency{Shape: sim.Uniform, Least: 100 * time.Microsecond, Most: 500 * time.Microsecond}}
}

// base is what the defaults of all scenarios start from.
func base(nodes int, duration time.Duration, o Options) Params {
	return Params{Nodes: nodes, Duration: duration, Link: lan(), Host: sim.Usual(), Options: o}
}

// Largest is the largest cluster that addresses can be given to.
const Largest = 1 << 20

// Check tells what is impossible about a world.
func (p *Params) Check() error {
	o := &p.Options
	if p.Nodes < 3 || p.Nodes > Largest {
		return fmt.Errorf("a cluster of %d: nodes is between 3 and %d", p.Nodes, Largest)
	}
	if p.Duration <= 0 || p.Duration > 1000*time.Hour {
		return fmt.Errorf("duration %v is not above 0 and at most 1000h", p.Duration)
	}
	if l := &p.Link.Latency; l.Shape == sim.Uniform && l.Most < l.Least {
		return fmt.Errorf("latency between %v and %v: the first one is the larger", l.Least, l.Most)
	}
	if o.Share < 0 || o.Share >= 1 {
		return errors.New("scenario.share is at least 0 and below 1")
	}
	if o.Count < 0 || o.Count > 1_000_000 {
		return errors.New("scenario.count is between 0 and 1000000")
	}
	if b := p.Link.Burst; (b.Good > 0) != (b.Bad > 0) {
		return errors.New("link.burst_good and link.burst_bad go together")
	}
	return nil
}

// Memory is about how many bytes a world takes if the garbage collector is kept short: each member knows each other one.
func Memory(p *Params) int64 {
	n := int64(p.Nodes)
	return n*n*bytesPerPair + n*bytesPerMember
}

// Measured in the heap of 2000 members that have just formed: 77 bytes a pair. The rest is what is under way, and garbage.
const (
	bytesPerPair   = 110
	bytesPerMember = 60_000
)
