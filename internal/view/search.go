package view

import (
	"math/bits"
	"slices"
)

// Search finds id in ids, which are sorted, or where it would have to be. Ids are hashes, so its place can be guessed
// from its size, and the guess is off by about the root of their number.
func Search(ids []uint64, id uint64) (int, bool) {
	n := len(ids)
	if n < guessFrom {
		return slices.BinarySearch(ids, id)
	}
	guess, _ := bits.Mul64(id, uint64(n))
	lo, hi := int(guess), int(guess) // what lies before lo is below id, what lies from hi on is not
	for step := 8; lo > 0; step *= 4 {
		if lo = max(lo-step, 0); ids[lo] < id {
			break
		}
		hi = lo
	}
	for step := 8; hi < n && ids[hi] < id; step *= 4 {
		lo, hi = hi+1, min(hi+step, n)
	}
	i, ok := slices.BinarySearch(ids[lo:hi], id)
	if i += lo; !ok && i < n {
		ok = ids[i] == id // the bound itself
	}
	return i, ok
}

// guessFrom is the size from which a guess is better than halving.
const guessFrom = 32
