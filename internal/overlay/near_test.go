package overlay

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// Whoever asks for one member gets what the whole graph says.
func TestOneMemberAsInTheWholeGraph(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 300).Draw(t, "members")
		// Few ranks collide, or many: then ids decide.
		mask := rapid.SampledFrom([]uint64{1<<64 - 1, 0xff, 1}).Draw(t, "mask")
		rank := func(r int, id uint64) uint64 { return rank(r, id) & mask }
		all := ids(n)
		slices.Sort(all)
		g := Build(all, rank)
		i := rapid.IntRange(0, n-1).Draw(t, "member")
		if got, want := Near(all, rank, i), g.Neighbors(i); !slices.Equal(got, want) {
			t.Fatalf("neighbours of %d of %d: %v, want %v", i, n, got, want)
		}
		arity := rapid.IntRange(1, 9).Draw(t, "arity")
		parent, children := Branch(all, rank, i, arity)
		wantParent, want := g.Branch(i, arity)
		if parent != wantParent || !slices.Equal(children, want) {
			t.Fatalf("branch of %d of %d: %d and %v, want %d and %v", i, n, parent, children, wantParent, want)
		}
	})
}

func BenchmarkOneMember(b *testing.B) {
	all := ids(1000)
	slices.Sort(all)
	b.Run("near", func(b *testing.B) {
		for b.Loop() {
			Near(all, rank, 500)
		}
	})
	b.Run("branch", func(b *testing.B) {
		for b.Loop() {
			Branch(all, rank, 500, 8)
		}
	})
	b.Run("graph", func(b *testing.B) {
		for b.Loop() {
			Build(all, rank)
		}
	})
}
