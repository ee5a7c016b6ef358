package reconcile

import (
	"math/bits"
	"math/rand/v2"
	"slices"
	"testing"
)

// What was not chosen, for the comparison: the rateless IBLT of Yang et al., a hash tree of 64-way buckets, and digests.

// element is a set's element: a key with its number. A key whose number changed is two of them.
type element struct{ key, number uint64 }

func (e element) hash(salt uint64) uint64 { return mix(mix(salt^e.key) + e.number) }

// symbol is a coded symbol of a rateless IBLT.
type symbol struct {
	sum   element // by exclusive or
	check uint64  // likewise, of hashes
	count int
}

// symbolBytes is what a symbol takes: 12 of the element, if numbers are below 2^32, 4 of the check, 1 of the count.
const symbolBytes = 17

func (s *symbol) add(e element, hash uint64, count int) {
	s.sum.key ^= e.key
	s.sum.number ^= e.number
	s.check ^= hash
	s.count += count
}

func addSymbols(symbols []symbol, salt uint64, e element, count int) {
	hash := e.hash(salt)
	for w := start(salt, hash); w.cell < len(symbols); w.next() {
		symbols[w.cell].add(e, hash, count)
	}
}

// riblt decodes n symbols of theirs, less those of mine.
func riblt(salt uint64, p pair, n int) (mine, theirs []element, ok bool) {
	left := make([]symbol, n)
	for i, key := range p.keys {
		addSymbols(left, salt, element{key, p.theirs[i]}, 1)
		addSymbols(left, salt, element{key, p.mine[i]}, -1)
	}
	for progress := true; progress; {
		progress = false
		for i := range left {
			s := left[i]
			if s.count*s.count != 1 || s.check != s.sum.hash(salt) {
				continue
			}
			if s.count > 0 {
				theirs = append(theirs, s.sum)
			} else {
				mine = append(mine, s.sum)
			}
			addSymbols(left, salt, s.sum, -s.count)
			progress = true
		}
	}
	return mine, theirs, !slices.ContainsFunc(left, func(s symbol) bool { return s != symbol{} })
}

// hashBytes is what a bucket's hash takes in the tree: differing buckets whose hashes agree by chance are left for the
// next exchange.
const hashBytes = 4

// tree counts what the exchange over a tree of 64-way buckets takes: the hashes of a node's 64 children go to the other
// side, which answers for each that differs with the hashes below, or with the numbers of a bucket that has few keys.
func tree(p pair) (bytes, trips int) {
	shift := 58
	within := [][2]int{{0, len(p.keys)}} // differing buckets, as ranges of places
	for len(within) > 0 {
		trips++
		var below [][2]int
		for _, b := range within {
			bytes++ // which child it is
			if b[1]-b[0] <= 16 {
				bytes += numbers(p.theirs[b[0]:b[1]])
				continue
			}
			bytes += 64 * hashBytes
			for lo := b[0]; lo < b[1]; {
				hi := lo
				for hi < b[1] && p.keys[hi]>>shift == p.keys[lo]>>shift {
					hi++
				}
				if !slices.Equal(p.mine[lo:hi], p.theirs[lo:hi]) {
					below = append(below, [2]int{lo, hi})
				}
				lo = hi
			}
		}
		within = below
		shift -= 6
	}
	return bytes, trips
}

// numbers is what a digest by place takes: each number as a uvarint.
func numbers(of []uint64) (bytes int) {
	for _, v := range of {
		bytes += max(1, (bits.Len64(v)+6)/7)
	}
	return bytes
}

// lines is what a digest by id takes: for each key 8 bytes of id, 4 of boot, 1 of generation, and the number.
func lines(of []uint64) int { return 13*len(of) + numbers(of) }

// fewest finds the least number of cells that decode.
func fewest(decodes func(cells int) bool) int {
	most := 1
	for !decodes(most) {
		most *= 2
	}
	least := most / 2 // too few
	for most-least > 1 {
		if mid := (most + least) / 2; decodes(mid) {
			most = mid
		} else {
			least = mid
		}
	}
	return most
}

func fewestCells(salt uint64, p pair) int {
	theirs := Cells(salt, p.keys, p.theirs, 16*len(p.keys)+64)
	return fewest(func(n int) bool {
		_, ok := Decode(salt, p.keys, p.mine, theirs[:n])
		return ok
	})
}

func fewestSymbols(salt uint64, p pair) int {
	return fewest(func(n int) bool {
		_, _, ok := riblt(salt, p, n)
		return ok
	})
}

// The comparison is worth something only if the rivals work as well.
func TestRivalsFindWhatTheTwinFinds(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for _, d := range []int{0, 1, 2, 7, 60} {
		p := drawPair(rng, 500, d)
		var mine, theirs []element
		for _, one := range twin(p.keys, p.mine, p.theirs) {
			mine = append(mine, element{p.keys[one.Place], p.mine[one.Place]})
			theirs = append(theirs, element{p.keys[one.Place], p.theirs[one.Place]})
		}
		gotMine, gotTheirs, ok := riblt(9, p, 8*d+32)
		byKey := func(a, b element) int {
			if a.key < b.key {
				return -1
			}
			return 1
		}
		slices.SortFunc(gotMine, byKey)
		slices.SortFunc(gotTheirs, byKey)
		if !ok || !slices.Equal(gotMine, mine) || !slices.Equal(gotTheirs, theirs) {
			t.Errorf("%d differences: the IBLT finds %d and %d elements, %v", d, len(gotMine), len(gotTheirs), ok)
		}
	}
}
