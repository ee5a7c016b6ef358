package view

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestSearchFindsWhatHalvingFinds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		// Evenly spread, as hashes are, or crowded at an end, as somebody who chooses names could have them.
		shift := rapid.SampledFrom([]int{0, 32, 56}).Draw(t, "shift")
		ids := rapid.SliceOfNDistinct(rapid.Uint64(), 0, 200, rapid.ID[uint64]).Draw(t, "ids")
		for i := range ids {
			if ids[i] >>= shift; rapid.Bool().Draw(t, "high") {
				ids[i] = ^ids[i]
			}
		}
		slices.Sort(ids)
		ids = slices.Compact(ids)
		for _, id := range append(slices.Clone(ids), 0, 1, 255, 1<<63, math.MaxUint64, rapid.Uint64().Draw(t, "id")) {
			i, ok := Search(ids, id)
			if wantI, want := slices.BinarySearch(ids, id); i != wantI || ok != want {
				t.Fatalf("%d in %d: place %d, %v; want %d, %v", id, ids, i, ok, wantI, want)
			}
		}
	})
}
