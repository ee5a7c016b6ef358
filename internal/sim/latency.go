package sim

import (
	"math"
	"math/rand/v2"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/phi"
)

// Latency is how long a packet is on its way, one way. The zero Latency is none at all.
type Latency struct {
	Shape  Shape
	Least  time.Duration // Constant: always; Uniform: at least; LogNormal: what every packet takes; Zones: within a zone
	Most   time.Duration // Uniform: at most; Zones: between the two zones
	Median time.Duration // LogNormal: on top of Least
	Sigma  float64       // LogNormal: of the logarithm; 0.5 is a usual network, 1 a bad one
	Jitter time.Duration // Zones, Constant: up to so much more, evenly
}

// Shape is the form of a distribution.
type Shape uint8

// The shapes.
const (
	Constant Shape = iota
	Uniform
	LogNormal
	Zones // members with even addresses in one zone, those with odd ones in the other
)

var shapeNames = [...]string{"constant", "uniform", "log-normal", "two zones"}

func (s Shape) String() string { return shapeNames[s] }

// draw gives the time that one packet takes between two addresses.
func (l *Latency) draw(rng *rand.Rand, from, to uint32) time.Duration {
	d := l.Least
	switch l.Shape {
	case Uniform:
		return d + upTo(rng, l.Most-d)
	case LogNormal:
		return d + time.Duration(float64(float64(l.Median)*phi.Exp(float64(l.Sigma*normal(rng)))))
	case Zones:
		if (from^to)&1 == 1 {
			d = l.Most
		}
	}
	return d + upTo(rng, l.Jitter)
}

// Mean is about how long a packet takes, for bounds.
func (l *Latency) Mean() time.Duration {
	switch l.Shape {
	case Uniform:
		return (l.Least + l.Most) / 2
	case LogNormal:
		return l.Least + time.Duration(float64(float64(l.Median)*phi.Exp(float64(l.Sigma*l.Sigma)/2)))
	case Zones:
		return max(l.Least, l.Most) + l.Jitter/2
	}
	return l.Least + l.Jitter/2
}

// upTo draws evenly between 0 and d, both included.
func upTo(rng *rand.Rand, d time.Duration) time.Duration {
	if d <= 0 {
		return 0
	}
	return time.Duration(rng.Int64N(int64(d) + 1))
}

// ln10 turns decimal logarithms into natural ones.
const ln10 = 2.302585092994045684

// normal draws from the standard normal distribution by Marsaglia's polar method. The standard library's takes
// logarithms whose last bits depend on the processor.
func normal(rng *rand.Rand) float64 {
	for {
		u := 2*rng.Float64() - 1
		v := 2*rng.Float64() - 1
		s := float64(u*u) + float64(v*v)
		if s > 0 && s < 1 {
			ln := float64(phi.Log10(s) * ln10)
			return float64(u * math.Sqrt(-2*ln/s))
		}
	}
}

// exponential draws a time with the given mean.
func exponential(rng *rand.Rand, mean time.Duration) time.Duration {
	ln := float64(phi.Log10(1-rng.Float64()) * ln10)
	return time.Duration(float64(-ln * float64(mean)))
}
