package sim

import (
	"math/rand/v2"
	"time"
)

// Link is what happens to packets between any two members. Rules make exceptions.
type Link struct {
	Latency   Latency
	Loss      float64 // share of the packets
	Burst     Burst
	Duplicate float64       // share of the packets that arrive twice
	Reorder   float64       // share of the packets that are held up
	HeldUp    time.Duration // by up to so long
}

// Burst is the model of Gilbert and Elliott: a link is good or bad for a while. The zero Burst is never bad.
type Burst struct {
	Good, Bad time.Duration // mean lengths
	Loss      float64       // while it is bad, instead of the link's Loss
}

// weather is the state of one directed link under Burst.
type weather struct {
	bad   bool
	until time.Duration
}

type pair struct{ from, to uint32 }

// bad tells whether the link is in its bad state, letting the time since it was last asked pass.
func (n *network) bad(rng *rand.Rand, now time.Duration, p pair) bool {
	b := &n.link.Burst
	s := n.weather[p]
	if s == nil {
		s = &weather{}
		n.weather[p] = s
	}
	if now-s.until > 20*(b.Good+b.Bad) || s.until == 0 { // long ago: whatever it was then says nothing
		s.bad = float64(rng.Float64()*float64(b.Good+b.Bad)) < float64(b.Bad)
		s.until = now + exponential(rng, b.mean(s.bad))
	}
	for s.until <= now {
		s.bad = !s.bad
		s.until += exponential(rng, b.mean(s.bad)) + 1
	}
	return s.bad
}

func (b *Burst) mean(bad bool) time.Duration {
	if bad {
		return b.Bad
	}
	return b.Good
}

// Set is a set of addresses. The nil Set holds all.
type Set []uint64

// SetOf makes a set of the addresses that these nodes have now.
func SetOf(nodes ...*Node) Set {
	s := Set{0}
	for _, n := range nodes {
		s = s.with(n.addr)
	}
	return s
}

func (s Set) with(addr uint32) Set {
	for int(addr/64) >= len(s) {
		s = append(s, 0)
	}
	s[addr/64] |= 1 << (addr % 64)
	return s
}

func (s Set) has(addr uint32) bool {
	return s == nil || int(addr/64) < len(s) && s[addr/64]>>(addr%64)&1 == 1
}

// Rule is an exception for the packets from one set of addresses to another. Partitions of any shape, one-way links and
// grey members are rules; several may hold at once.
type Rule struct {
	From, To Set
	Both     bool          // and in the other direction
	Except   bool          // only between addresses of which one is in From and the other is not; To is not looked at
	Loss     float64       // share of the packets, beside the link's own; 1 is a cut
	Delay    time.Duration // on top
}

func (r *Rule) applies(from, to uint32) bool {
	if r.Except {
		in, there := r.From.has(from), r.From.has(to)
		return in && !there || r.Both && there && !in
	}
	return r.From.has(from) && r.To.has(to) || r.Both && r.From.has(to) && r.To.has(from)
}
