// Package overlay lays one sparse undirected graph over a set of members: a few pseudo-random rings, each member joined
// to its predecessor and successor on each. The union is an expander, and everybody who holds the same set computes the
// same graph.
package overlay

import "slices"

// The shape of the graph. It belongs to the protocol version: all members must compute the same.
const (
	Rings  = 3
	Degree = 2 * Rings // neighbours of a member; fewer only where rings coincide or members are few

	// Small is the size up to which members with fewer than Degree neighbours are given edges of further rings. Above it
	// coinciding edges are rare, and one missing edge of six does no harm.
	Small    = 64
	maxRings = 64
)

// Graph is the overlay of a set. Members are numbered by their place in the ids given to Build.
type Graph struct {
	n     int
	order [Rings][]int32 // ring -> place on the ring -> member
	place [Rings][]int32 // ring -> member -> place on the ring
	small [][]int        // whole adjacency, for sets up to Small
}

// Build computes the graph of ids, which must be distinct. rank gives the place of an id on a ring.
func Build(ids []uint64, rank func(ring int, id uint64) uint64) *Graph {
	g := &Graph{n: len(ids)}
	for r := range Rings {
		g.order[r] = ring(ids, r, rank)
		g.place[r] = make([]int32, len(ids))
		for p, i := range g.order[r] {
			g.place[r][i] = int32(p)
		}
	}
	if g.n <= Small {
		g.small = fill(ids, rank)
	}
	return g
}

// Branch finds whom member i has above and below it in the tree of that arity which lies over ring 0 like a heap. The
// parent of the root is -1.
func (g *Graph) Branch(i, arity int) (parent int, children []int) {
	ring, place := g.order[0], int(g.place[0][i])
	parent = -1
	if place > 0 {
		parent = int(ring[(place-1)/arity])
	}
	first := place*arity + 1
	for p := first; p < min(first+arity, len(ring)); p++ {
		children = append(children, int(ring[p]))
	}
	return parent, children
}

// Neighbors lists the neighbours of member i, without repetition. The slice is the caller's to read, not to change.
func (g *Graph) Neighbors(i int) []int {
	if g.small != nil {
		return g.small[i]
	}
	out := make([]int, 0, Degree)
	for r := range Rings {
		p := int(g.place[r][i])
		for _, q := range [2]int{p - 1, p + 1} {
			if j := int(g.order[r][(q+g.n)%g.n]); j != i && !slices.Contains(out, j) {
				out = append(out, j)
			}
		}
	}
	return out
}

func ring(ids []uint64, r int, rank func(int, uint64) uint64) []int32 {
	all := make([]placed, len(ids))
	for i, id := range ids {
		all[i] = placed{rank(r, id), id, int32(i)}
	}
	slices.SortFunc(all, comparePlaced)
	out := make([]int32, len(ids))
	for p, a := range all {
		out[p] = a.i
	}
	return out
}

// fill builds the whole graph of a small set. Beyond the first Rings rings an edge counts only if one of its ends still
// lacks neighbours, so the graph stays undirected and of even degree.
func fill(ids []uint64, rank func(int, uint64) uint64) [][]int {
	n := len(ids)
	adj := make([][]int, n)
	const room = Degree + 2
	rows := make([]int, n*room)
	for i := range adj {
		adj[i] = rows[i*room : i*room : (i+1)*room]
	}
	want := min(Degree, n-1)
	join := func(a, b int) {
		if a != b && !slices.Contains(adj[a], b) {
			adj[a] = append(adj[a], b)
			adj[b] = append(adj[b], a)
		}
	}
	lacks := func(i int) bool { return len(adj[i]) < want }
	if n <= Degree+1 {
		for a := range n {
			for b := range a {
				join(a, b)
			}
		}
		return adj
	}
	for r := range maxRings {
		if r >= Rings && !slices.ContainsFunc(adj, func(a []int) bool { return len(a) < want }) {
			break
		}
		order := ring(ids, r, rank)
		for p, a := range order {
			b := order[(p+1)%n]
			if r < Rings || lacks(int(a)) || lacks(int(b)) {
				join(int(a), int(b))
			}
		}
	}
	return adj
}
