package overlay

import (
	"cmp"
	"slices"
)

// Near lists the neighbours of one member, as the Graph of ids does. It takes one walk over the ids, where a Graph sorts
// them: the better way for whoever asks for few members.
func Near(ids []uint64, rank func(ring int, id uint64) uint64, i int) []int {
	if len(ids) <= Small {
		return Build(ids, rank).Neighbors(i)
	}
	out := make([]int, 0, Degree)
	for r := range Rings {
		before, after := beside(ids, r, rank, i)
		for _, j := range [2]int{before, after} {
			if j != i && !slices.Contains(out, j) {
				out = append(out, j)
			}
		}
	}
	return out
}

// beside finds who stands before and after member i on a ring.
func beside(ids []uint64, r int, rank func(int, uint64) uint64, i int) (before, after int) {
	me := placed{rank(r, ids[i]), ids[i], int32(i)}
	below, above := me, me // the nearest; me while there is none
	for j, id := range ids {
		p := placed{rank(r, id), id, int32(j)}
		switch {
		case p.less(me):
			if below.i == me.i || below.less(p) {
				below = p
			}
		case j != i && (above.i == me.i || p.less(above)):
			above = p
		}
	}
	if below.i == me.i {
		below = extreme(ids, r, rank, func(p, most placed) bool { return most.less(p) })
	}
	if above.i == me.i {
		above = extreme(ids, r, rank, placed.less)
	}
	return int(below.i), int(above.i)
}

// extreme is who stands at one end of a ring: the neighbour of the other end.
func extreme(ids []uint64, r int, rank func(int, uint64) uint64, better func(p, than placed) bool) placed {
	best := placed{rank(r, ids[0]), ids[0], 0}
	for j, id := range ids {
		if p := (placed{rank(r, id), id, int32(j)}); better(p, best) {
			best = p
		}
	}
	return best
}

// Branch finds the same as Graph.Branch.
func Branch(ids []uint64, rank func(ring int, id uint64) uint64, i, arity int) (parent int, children []int) {
	all := make([]placed, len(ids))
	for j, id := range ids {
		all[j] = placed{rank(0, id), id, int32(j)}
	}
	me, place := all[i], 0
	for _, p := range all {
		if p.less(me) {
			place++
		}
	}
	parent = -1
	if place > 0 {
		at := (place - 1) / arity
		settle(all, at, at+1)
		parent = int(all[at].i)
	}
	if first := place*arity + 1; first < len(all) {
		end := min(first+arity, len(all))
		settle(all, first, end)
		for _, p := range all[first:end] {
			children = append(children, int(p.i))
		}
	}
	return parent, children
}

// placed is a member on a ring.
type placed struct {
	rank, id uint64
	i        int32
}

func (p placed) less(o placed) bool { return p.rank < o.rank || p.rank == o.rank && p.id < o.id }

func comparePlaced(a, b placed) int {
	if a.rank != b.rank {
		return cmp.Compare(a.rank, b.rank)
	}
	return cmp.Compare(a.id, b.id)
}

// settle puts into all[from:to] what stands there when all are sorted: it partitions, and goes on with the parts that
// matter.
func settle(all []placed, from, to int) {
	const small, most = 16, 100 // that many partitions mean that the pivots are bad
	for n := 0; len(all) > small && n < most; n++ {
		m := partition(all)
		switch {
		case to <= m:
			all = all[:m]
		case from > m:
			all, from, to = all[m+1:], from-m-1, to-m-1
		default:
			settle(all[:m], from, m)
			all, from, to = all[m+1:], 0, to-m-1
		}
	}
	slices.SortFunc(all, comparePlaced)
}

// partition puts one member at its place, with the lower ones before it, and returns the place.
func partition(all []placed) int {
	last := len(all) - 1
	mid := last / 2
	if all[mid].less(all[0]) {
		all[mid], all[0] = all[0], all[mid]
	}
	if all[last].less(all[0]) {
		all[last], all[0] = all[0], all[last]
	}
	if all[last].less(all[mid]) {
		all[last], all[mid] = all[mid], all[last]
	}
	all[mid], all[last] = all[last], all[mid] // the median of the three
	m := 0
	for j := range last {
		if all[j].less(all[last]) {
			all[m], all[j] = all[j], all[m]
			m++
		}
	}
	all[m], all[last] = all[last], all[m]
	return m
}
