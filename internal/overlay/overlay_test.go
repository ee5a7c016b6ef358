package overlay

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func rank(ring int, id uint64) uint64 {
	x := id + uint64(ring)*0x9e3779b97f4a7c15
	x ^= x >> 31
	x *= 0xbf58476d1ce4e5b9
	return x ^ x>>27
}

func ids(n int) []uint64 {
	out := make([]uint64, n)
	for i := range out {
		out[i] = rank(7, uint64(i+1)) // spread like hashes of names
	}
	return out
}

// Every size, not only round ones: the graph is undirected, connected, without loops or repetition, and nobody has too few
// neighbours.
func TestGraphOfEverySize(t *testing.T) {
	sizes := []int{1, 2, 3}
	for n := 4; n <= 130; n++ {
		sizes = append(sizes, n)
	}
	for _, n := range append(sizes, 1000) {
		g := Build(ids(n), rank)
		reached := map[int]bool{0: true}
		for queue := []int{0}; len(queue) > 0; queue = queue[1:] {
			for _, j := range g.Neighbors(queue[0]) {
				if !reached[j] {
					reached[j] = true
					queue = append(queue, j)
				}
			}
		}
		if len(reached) != n {
			t.Errorf("%d members: only %d are reached", n, len(reached))
		}
		for i := range n {
			near := g.Neighbors(i)
			least := min(Degree, n-1)
			if n > Small {
				least = 3 // rings may coincide; the more members, the less often
			}
			if len(near) < least || slices.Contains(near, i) || len(near) != len(uniq(near)) {
				t.Errorf("%d members: neighbours of %d are %v", n, i, near)
			}
			for _, j := range near {
				if !slices.Contains(g.Neighbors(j), i) {
					t.Errorf("%d members: %d has the neighbour %d, not the other way round", n, i, j)
				}
			}
		}
	}
}

func uniq(s []int) []int { return slices.Compact(slices.Sorted(slices.Values(s))) }

// Up to seven, everybody watches everybody.
func TestSmallSetsAreComplete(t *testing.T) {
	for n := 1; n <= Degree+1; n++ {
		g := Build(ids(n), rank)
		for i := range n {
			if len(g.Neighbors(i)) != n-1 {
				t.Errorf("%d members: %d has %d neighbours", n, i, len(g.Neighbors(i)))
			}
		}
	}
}

// twin finds the neighbours on the first rings by looking at everybody.
func twin(ids []uint64, i int) []int {
	var out []int
	for r := range Rings {
		prev, next := -1, -1
		before := func(a, b int) bool {
			ra, rb := rank(r, ids[a]), rank(r, ids[b])
			return ra < rb || ra == rb && ids[a] < ids[b]
		}
		first, last := 0, 0
		for j := range ids {
			if before(j, first) {
				first = j
			}
			if before(last, j) {
				last = j
			}
			if before(j, i) && (prev < 0 || before(prev, j)) {
				prev = j
			}
			if before(i, j) && (next < 0 || before(j, next)) {
				next = j
			}
		}
		if prev < 0 {
			prev = last
		}
		if next < 0 {
			next = first
		}
		out = append(out, prev, next)
	}
	return uniq(out)
}

// The graph depends on the set alone, not on the order in which its members are listed, and agrees with the twin.
func TestGraphAgreesWithTwin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := ids(rapid.IntRange(Small+1, 150).Draw(t, "members"))
		g := Build(all, rank)
		i := rapid.IntRange(0, len(all)-1).Draw(t, "member")
		if got, want := uniq(g.Neighbors(i)), twin(all, i); !slices.Equal(got, want) {
			t.Fatalf("neighbours %v, want %v", got, want)
		}
		reversed := slices.Clone(all)
		slices.Reverse(reversed)
		h := Build(reversed, rank)
		var got []int
		for _, j := range h.Neighbors(len(all) - 1 - i) {
			got = append(got, len(all)-1-j)
		}
		if !slices.Equal(uniq(got), uniq(g.Neighbors(i))) {
			t.Fatal("the order of the list matters")
		}
	})
}

func BenchmarkBuild(b *testing.B) {
	for _, n := range []int{101, 1000} {
		all := ids(n)
		b.Run(map[int]string{101: "101", 1000: "1000"}[n], func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Build(all, rank).Neighbors(0)
			}
		})
	}
}
