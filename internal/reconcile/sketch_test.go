package reconcile

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// twin finds the differences in the dumb way.
func twin(keys, mine, theirs []uint64) []Difference {
	held := map[uint64]uint64{}
	for i, key := range keys {
		held[key] = mine[i]
	}
	var out []Difference
	for i, key := range keys {
		if held[key] != theirs[i] {
			out = append(out, Difference{i, int64(theirs[i] - held[key])})
		}
	}
	return out
}

func sorted(d []Difference) []Difference {
	d = slices.Clone(d)
	slices.SortFunc(d, func(a, b Difference) int { return cmp.Compare(a.Place, b.Place) })
	return d
}

// pair is what two sides hold.
type pair struct{ keys, mine, theirs []uint64 }

// drawPair makes lists of n that differ in d places, in either direction.
func drawPair(rng *rand.Rand, n, d int) pair {
	keys := map[uint64]bool{}
	for len(keys) < n {
		keys[rng.Uint64()] = true
	}
	p := pair{keys: slices.Sorted(maps.Keys(keys))}
	for range n {
		v := rng.Uint64N(1000)
		p.mine, p.theirs = append(p.mine, v), append(p.theirs, v)
	}
	for _, i := range rng.Perm(n)[:d] {
		side := p.mine
		if rng.IntN(2) == 0 {
			side = p.theirs
		}
		side[i] += 1 + rng.Uint64N(20)
	}
	return p
}

func TestDecodeFindsWhatTheTwinFinds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 400).Draw(t, "n")
		d := rapid.IntRange(0, n).Draw(t, "d")
		p := drawPair(rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1)), n, d)
		salt := rapid.Uint64().Draw(t, "salt")
		want := twin(p.keys, p.mine, p.theirs)
		enough := 0
		for cells := 1; ; cells *= 2 {
			got, ok := Decode(salt, p.keys, p.mine, Cells(salt, p.keys, p.theirs, cells))
			if ok && !slices.Equal(sorted(got), want) {
				t.Fatalf("%d cells: %v, but they differ by %v", cells, got, want)
			}
			if enough > 0 && !ok {
				t.Fatalf("%d cells were enough, %d are not", enough, cells)
			}
			if ok && enough == 0 {
				enough = cells
			}
			if enough > 0 && cells > 2*enough {
				return
			}
			if cells > 64*(d+4) {
				t.Fatalf("%d cells do not suffice for %d differences", cells, d)
			}
		}
	})
}

// More cells are only added to those that are known.
func TestCellsGoOn(t *testing.T) {
	p := drawPair(rand.New(rand.NewPCG(1, 2)), 300, 0)
	all := Cells(7, p.keys, p.mine, 500)
	for _, n := range []int{0, 1, 2, 63, 64, 499} {
		if !slices.Equal(all[:n], Cells(7, p.keys, p.mine, n)) {
			t.Errorf("the first %d of 500 cells are not the %d cells", n, n)
		}
	}
}

func TestEqualListsDiffer(t *testing.T) {
	p := drawPair(rand.New(rand.NewPCG(1, 2)), 300, 0)
	if d, ok := Decode(3, p.keys, p.mine, Cells(3, p.keys, p.theirs, 1)); !ok || len(d) > 0 {
		t.Errorf("equal lists: %v, %v", d, ok)
	}
}

// What does not fit is told: never is a difference made up that leaves all cells explained.
func TestDecodeRefusesWhatItCantExplain(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	p := drawPair(rng, 1000, 40)
	cells := Cells(5, p.keys, p.theirs, 100)
	refused := func(name string, salt uint64, keys, mine, theirs []uint64) {
		t.Helper()
		if d, ok := Decode(salt, keys, mine, theirs); ok {
			t.Errorf("%s: decoded as %d differences", name, len(d))
		}
	}
	refused("another salt", 6, p.keys, p.mine, cells)
	refused("too few cells", 5, p.keys, p.mine, cells[:20])
	other := slices.Clone(p.keys)
	other[17]++
	refused("other keys", 5, other, p.mine, cells)
	refused("no keys at all", 5, nil, nil, cells)
	random := slices.Clone(cells)
	for i := range random {
		random[i] = rng.Uint64()
	}
	refused("random cells", 5, p.keys, p.mine, random)
	same := slices.Repeat([]uint64{cells[0]}, 100)
	refused("the same cell again and again", 5, p.keys, p.mine, same)
	bad := slices.Clone(cells)
	bad[50]++
	refused("one bit off", 5, p.keys, p.mine, bad)
	far := slices.Clone(p.mine)
	far[3] += 1 << 40
	refused("numbers too far apart", 5, p.keys, p.mine, Cells(5, p.keys, far, 100))
}

// Cells that were made for a key to be found again and again must not keep the decoder busy.
func TestDecodeEndsOnCellsThatContradictEachOther(t *testing.T) {
	p := drawPair(rand.New(rand.NewPCG(3, 4)), 100, 0)
	cells := Cells(5, p.keys, p.mine, 64)
	for i := range cells { // each cell alone says another difference of a key of its own
		for _, key := range p.keys {
			w := start(5, key)
			for w.cell < i {
				w.next()
			}
			if w.cell == i {
				cells[i] += uint64(i+1) * factor(5, key)
				break
			}
		}
	}
	if d, ok := Decode(5, p.keys, p.mine, cells); ok {
		t.Errorf("decoded as %d differences", len(d))
	}
}

func TestInverse(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for range 1000 {
		if x := rng.Uint64() | 1; x*inverse(x) != 1 {
			t.Fatalf("%d times %d is not 1", x, inverse(x))
		}
	}
}

// Section 4.2 of the paper: the probability that a key is in cell i is 1/(1+i/2).
func TestWalkHasThePapersDensity(t *testing.T) {
	const walks, cells = 100_000, 200
	var in [cells]int
	for key := range uint64(walks) {
		for w := start(9, mix(key+1)); w.cell < cells; w.next() {
			in[w.cell]++
		}
	}
	for i, n := range in {
		want := walks / (1 + float64(i)/2)
		if d := float64(n) - want; d*d > 25*want {
			t.Errorf("%d of %d keys are in cell %d, not %.0f", n, walks, i, want)
		}
	}
}

// Any cells whatever end in an answer, and an answer explains all of them.
func FuzzDecode(f *testing.F) {
	f.Add(uint64(1), uint16(10), []byte("cells of no list"))
	f.Add(uint64(0), uint16(0), []byte{})
	p := drawPair(rand.New(rand.NewPCG(1, 10)), 10, 3)
	var honest []byte
	for _, c := range Cells(1, p.keys, p.theirs, 12) {
		honest = binary.LittleEndian.AppendUint64(honest, c)
	}
	f.Add(uint64(1), uint16(10), honest)
	f.Fuzz(func(t *testing.T, salt uint64, n uint16, raw []byte) {
		p := drawPair(rand.New(rand.NewPCG(1, uint64(n%500))), int(n%500), 0)
		var cells []uint64
		for ; len(raw) >= 8; raw = raw[8:] {
			cells = append(cells, binary.LittleEndian.Uint64(raw))
		}
		d, ok := Decode(salt, p.keys, p.mine, cells)
		if !ok {
			return
		}
		for _, one := range d {
			p.mine[one.Place] += uint64(one.By)
		}
		if !slices.Equal(Cells(salt, p.keys, p.mine, len(cells)), cells) {
			t.Fatalf("%d differences do not make these %d cells", len(d), len(cells))
		}
	})
}

func BenchmarkCells(b *testing.B) {
	for _, n := range []int{1000, 10_000} {
		p := drawPair(rand.New(rand.NewPCG(1, 2)), n, 0)
		b.Run(fmt.Sprintf("n=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Cells(1, p.keys, p.mine, 128)
			}
		})
	}
}

func BenchmarkDecode(b *testing.B) {
	for _, n := range []int{1000, 10_000} {
		for _, d := range []int{1, 10, 80} {
			p := drawPair(rand.New(rand.NewPCG(1, 2)), n, d)
			cells := Cells(1, p.keys, p.theirs, 2*d+8)
			b.Run(fmt.Sprintf("n=%d/d=%d", n, d), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, ok := Decode(1, p.keys, p.mine, cells); !ok {
						b.Fatal("not decoded")
					}
				}
			})
		}
	}
}
