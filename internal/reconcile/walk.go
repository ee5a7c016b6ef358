package reconcile

import "math"

// walk is the sequence of cells that one key is added to: all keys to cell 0, and to cell i with probability
// 1/(1+i/2), as in section 4.2 of Yang et al. So each cell holds fewer keys than the one before, and whatever the number
// of differences, the cells about as far on hold one or two of them.
type walk struct {
	cell  int
	state uint64
}

// start begins the walk of a key at cell 0.
func start(salt, key uint64) walk { return walk{state: mix(salt ^ key)} }

// next goes on to the key's next cell. From cell i it lies beyond cell j with probability (i+1)(i+2) / (j+1)(j+2), the
// product of not being in those between; that is solved for j. At farthest the walk has ended.
func (w *walk) next() {
	w.state += 0x9e3779b97f4a7c15
	chance := (float64(mix(w.state)) + 1) / (1 << 64)
	i := float64(w.cell)
	beyond := math.Ceil(math.Sqrt(0.25+float64((i+1)*(i+2))/chance) - 1.5)
	w.cell = int(min(max(beyond, i+1), farthest))
}

const farthest = 1 << 30

// factor is what a key's number is multiplied with; odd, so that it can be divided by.
func factor(salt, key uint64) uint64 { return mix(mix(salt+key)^0x666163746f72) | 1 }

// inverse is the number that times x is 1 modulo 2^64. Each step of Newton's doubles the bits that are right.
func inverse(x uint64) uint64 {
	y := 3*x ^ 2 // right in 5 bits
	for range 4 {
		y *= 2 - x*y
	}
	return y
}

// mix is the finaliser of splitmix64.
func mix(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}
