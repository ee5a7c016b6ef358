// Package intern lets holders of equal immutable values share one of them. A table holds its values weakly: what nobody
// else holds any more goes away, so a table needs no bound and can't change what a program does, only what it costs.
package intern

import (
	"maps"
	"weak"
)

// Table is a set of shared values. A nil Table shares nothing. Not safe for concurrent use.
type Table[V any] struct {
	held  map[uint64]weak.Pointer[V]
	sweep int // entries at which those whose value is gone are dropped
}

const leastSweep = 64

// New makes an empty table.
func New[V any]() *Table[V] {
	return &Table[V]{held: map[uint64]weak.Pointer[V]{}, sweep: leastSweep}
}

// Get returns the value held under hash if it is the same as the one wanted, or else what make returns, which is held
// from then on. Of two values with one hash the later is held.
func (t *Table[V]) Get(hash uint64, same func(*V) bool, make func() *V) *V {
	if t == nil {
		return make()
	}
	if v := t.held[hash].Value(); v != nil && same(v) {
		return v
	}
	v := make()
	t.held[hash] = weak.Make(v)
	if len(t.held) > t.sweep {
		maps.DeleteFunc(t.held, func(_ uint64, p weak.Pointer[V]) bool { return p.Value() == nil })
		t.sweep = max(2*len(t.held), leastSweep)
	}
	return v
}

// Len is the number of entries, among them those whose value is gone and that were not dropped yet.
func (t *Table[V]) Len() int { return len(t.held) }
