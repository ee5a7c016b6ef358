package sim

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"time"
)

// alsoFrom is the number of the first fault that drawAlso draws.
const alsoFrom = 1000

// drawAlso gives half of the worlds more faults, from a generator of their own: what drawFaults draws for a seed is
// what it was before there were these, and worlds that are kept as tests stay the same.
func (p *Plan) drawAlso(rng *rand.Rand, names []string) {
	if rng.IntN(2) == 0 {
		return
	}
	if rng.IntN(12) == 0 {
		f := p.also(Storm, upTo(rng, 4*time.Second), rng)
		f.Count = 30 + rng.IntN(90)
		names = p.add(f, names)
	}
	var deeds []Deed
	for d := firstAlso; d <= lastAlso; d++ {
		if rng.IntN(3) == 0 {
			deeds = append(deeds, d)
		}
	}
	if len(deeds) > 0 {
		for range 1 + rng.IntN(12) {
			f := p.also(deeds[rng.IntN(len(deeds))], upTo(rng, 30*time.Second), rng)
			f.drawAlso(rng, names)
			names = p.add(f, names)
		}
	}
	if rng.IntN(10) == 0 && len(names) <= 15 {
		p.drawLasting(rng, names)
	}
	switch {
	case rng.IntN(4) == 0:
		f := p.also(Hoard, upTo(rng, 20*time.Second), rng)
		f.Count, f.Who = 10+rng.IntN(10), draw(rng, names, 1)
		p.add(f, names)
	case rng.IntN(3) == 0:
		p.drawTorrent(rng, names)
	}
	slices.SortStableFunc(p.Faults, func(a, b Fault) int { return cmp.Compare(a.At, b.At) })
}

func (p *Plan) also(d Deed, at time.Duration, rng *rand.Rand) Fault {
	return Fault{Number: alsoFrom + len(p.Faults), At: at, Deed: d, Seed: rng.Uint64()}
}

// add puts a fault into the plan and returns the names of all who take part then.
func (p *Plan) add(f Fault, names []string) []string {
	p.Faults = append(p.Faults, f)
	if f.Deed == Storm || f.Deed == Churn {
		return f.newcomers(names)
	}
	return names
}

// drawAlso fills in what the deed needs.
func (f *Fault) drawAlso(rng *rand.Rand, names []string) {
	f.For = 100*time.Millisecond + upTo(rng, 15*time.Second)
	f.Kept, f.OneWay = rng.IntN(2) == 0, rng.IntN(2) == 0
	some := 1
	if rng.IntN(2) == 0 {
		some = 1 + rng.IntN(max(len(names)*2/3, 1))
	}
	switch f.Deed {
	case Sever:
		some++
		f.Count = 1 + rng.IntN(some-1)
		f.Share = [...]float64{0.3, 0.6, 0.9, 1, 1}[rng.IntN(5)]
	case Shatter:
		f.Count, some = 2+rng.IntN(3), 0
	case Flap:
		f.Count = 2 + rng.IntN(8)
	case Falter:
		f.Count = 2 + rng.IntN(20)
		f.Delay = upTo(rng, 2*f.share(1))
	case Narrow:
		f.Count = 4 + rng.IntN(100)
	case Churn:
		f.Count, some = 1+rng.IntN(12), 0
	}
	f.Who = draw(rng, names, some)
}

// draw gives so many names, each as likely again.
func draw(rng *rand.Rand, names []string, count int) []string {
	var out []string
	for range count {
		out = append(out, names[rng.IntN(len(names))])
	}
	return out
}

// drawLasting draws one fault that is in force for minutes, or for more than what is kept of the ended, and writes
// meanwhile.
func (p *Plan) drawLasting(rng *rand.Rand, names []string) {
	d := [...]Deed{Part, Shatter, Stand, Freeze, Reboot, Goodbye, Sever}[rng.IntN(7)]
	f := p.also(d, upTo(rng, 30*time.Second), rng)
	f.drawAlso(rng, names)
	f.For = time.Minute + upTo(rng, 15*time.Minute)
	if rng.IntN(4) == 0 {
		f.For += time.Hour
	}
	p.add(f, names)
	for range rng.IntN(10) {
		w := p.also([...]Deed{Write, Write, Erase}[rng.IntN(3)], f.At+upTo(rng, f.For), rng)
		w.Count, w.Who = rng.IntN(50), draw(rng, names, 1)
		p.add(w, names)
	}
}

// drawTorrent lets some write more than a small budget lets through.
func (p *Plan) drawTorrent(rng *rand.Rand, names []string) {
	p.Config.Settings.Budget = 16 << 10 << rng.IntN(5)
	f := p.also(Torrent, upTo(rng, 30*time.Second), rng)
	f.For, f.Count = time.Second+upTo(rng, 8*time.Second), 10+rng.IntN(200)
	f.Who = draw(rng, names, 1+rng.IntN(len(names)))
	p.add(f, names)
}
