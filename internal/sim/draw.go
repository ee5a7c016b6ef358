package sim

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/gossip"
)

// Plan is all that makes a swarm's world: drawn from one number, and the same whatever is left out of it later.
type Plan struct {
	Seed   uint64
	Chance uint64 // not 0: all that is not drawn here falls otherwise
	Config Config
	Size   int
	Layout Layout
	Spread time.Duration // the first members start within this time
	Faults []Fault
	Drawn  int // faults before any was left out
}

// Layout is who knows whom at the start.
type Layout uint8

// The layouts.
const (
	Star    Layout = iota // all know the first
	Three                 // all, and they themselves, know the first three
	Chain                 // each knows the one before
	Islands               // two stars; the second one's first member is told of the other later
	Late                  // all know the last, which starts last
)

var layoutNames = [...]string{"a star", "three seeds", "a chain", "two islands", "a late seed"}

func (l Layout) String() string { return layoutNames[l] }

// Draw makes the plan of a seed: an extreme world. Which deeds happen at all is drawn first, so that each world has a
// character of its own: many defects need the absence of something.
func Draw(seed uint64) Plan {
	rng := rand.New(rand.NewPCG(seed, 4))
	p := Plan{Seed: seed, Layout: Layout(rng.IntN(5)), Config: Config{Seed: seed, Check: AllChecks}}
	switch rng.IntN(4) {
	case 0:
		p.Size = 1 + rng.IntN(4)
	case 1, 2:
		p.Size = 3 + rng.IntN(12)
	default:
		p.Size = 10 + rng.IntN(51)
	}
	if rng.IntN(3) > 0 {
		p.Spread = upTo(rng, 5*time.Second)
	}
	p.Config.Link = drawLink(rng)
	p.Config.Host = drawHost(rng)
	p.Config.Settings = drawSettings(rng)
	names := p.drawFaults(rng)
	p.drawAlso(rand.New(rand.NewPCG(seed, 5)), names)
	if c := rand.New(rand.NewPCG(seed, 6)).IntN(6); c < len(gossip.Comparisons) {
		p.Config.Settings.Compare = gossip.Comparisons[c] // its worlds are too small for what large ones do by themselves
	}
	p.Config.Settings.Tree = rand.New(rand.NewPCG(seed, 7)).IntN(2) == 0 // its rosters are too short otherwise
	if few := rand.New(rand.NewPCG(seed, 8)).IntN(18); few < 6 {
		p.Config.Settings.Quick = 1 + few // there are too few accusations at once otherwise
	}
	p.Drawn = len(p.Faults)
	return p
}

func drawLink(rng *rand.Rand) Link {
	var l Link
	switch rng.IntN(5) {
	case 0:
		l.Latency = Latency{Shape: Constant, Least: upTo(rng, 20*time.Millisecond)}
	case 1, 2:
		least := upTo(rng, 5*time.Millisecond)
		l.Latency = Latency{Shape: Uniform, Least: least, Most: least + upTo(rng, 30*time.Millisecond)}
	case 3:
		l.Latency = Latency{
			Shape: LogNormal, Least: 100 * time.Microsecond, Median: time.Millisecond + upTo(rng, 40*time.Millisecond),
			Sigma: 0.2 + float64(0.8*rng.Float64()),
		}
	default:
		l.Latency = Latency{
			Shape: Zones, Least: 500 * time.Microsecond, Most: 10*time.Millisecond + upTo(rng, 140*time.Millisecond),
			Jitter: upTo(rng, 5*time.Millisecond),
		}
	}
	l.Loss = [...]float64{0, 0, 0.01, 0.05, 0.15, 0.3}[rng.IntN(6)]
	if rng.IntN(4) == 0 {
		l.Burst = Burst{Good: time.Second + upTo(rng, 20*time.Second), Bad: 50*time.Millisecond + upTo(rng, 3*time.Second), Loss: 0.5 + rng.Float64()/2}
	}
	if rng.IntN(3) == 0 {
		l.Duplicate = rng.Float64() / 4
	}
	if rng.IntN(3) == 0 {
		l.Reorder, l.HeldUp = rng.Float64()/4, upTo(rng, 300*time.Millisecond)
	}
	return l
}

func drawHost(rng *rand.Rand) Host {
	var h Host
	if rng.IntN(2) == 0 {
		h.PerPacket = upTo(rng, 300*time.Microsecond)
		h.PerKB = upTo(rng, 50*time.Microsecond)
		h.PerSend = upTo(rng, 50*time.Microsecond)
	}
	if rng.IntN(4) == 0 {
		h.Bandwidth = 64<<10 + rng.IntN(1<<20)
	}
	if rng.IntN(4) == 0 {
		h.Buffer = 16 + rng.IntN(200)
	}
	return h
}

func drawSettings(rng *rand.Rand) Settings {
	var s Settings
	if rng.IntN(3) == 0 {
		s.Phi = 5 + float64(7*rng.Float64())
	}
	if rng.IntN(3) == 0 {
		s.Interval = 300*time.Millisecond + upTo(rng, 1700*time.Millisecond)
	}
	if rng.IntN(4) == 0 {
		s.Budget = 64<<10 + rng.IntN(1<<20)
	}
	return s
}

// drawFaults draws what happens in the first phase, and returns the names of all who take part.
func (p *Plan) drawFaults(rng *rand.Rand) []string {
	var deeds []Deed
	for d := Write; d < firstAlso; d++ {
		if rng.IntN(3) == 0 {
			deeds = append(deeds, d)
		}
	}
	names := make([]string, 0, p.Size)
	for i := range p.Size {
		names = append(names, fmt.Sprintf("n%d", i))
	}
	lasts := 5*time.Second + upTo(rng, 40*time.Second)
	count := rng.IntN(60)
	if len(deeds) == 0 {
		count = 0
	}
	at := upTo(rng, 8*time.Second)
	for i := range count {
		at += upTo(rng, 2*lasts/time.Duration(count))
		f := Fault{Number: i, At: at, Deed: deeds[rng.IntN(len(deeds))], Seed: rng.Uint64()}
		f.draw(rng, names)
		if f.Deed == Storm {
			if len(names)+f.Count > 70 {
				continue
			}
			names = f.newcomers(names)
		}
		p.Faults = append(p.Faults, f)
	}
	return names
}

// newcomers appends the names of those who are started by the fault.
func (f Fault) newcomers(names []string) []string {
	for i := range f.Count {
		names = append(names, f.newcomer(i))
	}
	return names
}

// draw fills in what the deed needs.
func (f *Fault) draw(rng *rand.Rand, names []string) {
	f.For = 100*time.Millisecond + upTo(rng, 10*time.Second)
	f.Kept, f.OneWay, f.Moved = rng.IntN(2) == 0, rng.IntN(3) == 0, rng.IntN(4) == 0
	some := 1
	switch f.Deed {
	case Write, Expiring:
		f.Count = rng.IntN(20)
		if f.Deed == Write && rng.IntN(6) == 0 {
			f.Count = rng.IntN(30000)
		}
	case Flood:
		f.Count = 10 + rng.IntN(300)
	case Storm:
		f.Count = 1 + rng.IntN(12)
		some = 0
	case Tire:
		f.Count = 2 + rng.IntN(30)
	case Far:
		f.Delay = upTo(rng, 400*time.Millisecond)
	case Gray, Weather:
		f.Share = 0.2 + float64(0.8*rng.Float64())
	case Oblivion, Introduce:
		some = 2
	}
	switch f.Deed {
	case Kill, Reboot, Stand, Part, Gray, Far, Tire, Snap:
		if rng.IntN(3) == 0 {
			some = 1 + rng.IntN(max(len(names)*2/3, 1))
		}
	case Goodbye:
		if !f.Kept {
			f.For = 0
		}
	case Weather:
		some = 0
	}
	for range some {
		f.Who = append(f.Who, names[rng.IntN(len(names))])
	}
}
