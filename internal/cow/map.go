// Package cow has a sorted map whose frozen copies cost nothing: pages are shared until one of them is written to.
//
// The goroutine that owns a Map changes it as it likes and hands out Frozen copies, which any goroutine may read for
// ever. A change after a Freeze copies one page and the spine, not the map.
package cow

import (
	"cmp"
	"iter"
	"slices"
)

// pageSize is a compromise: a change copies at most one page and the spine of n/pageSize pointers.
const pageSize = 64

type item[K cmp.Ordered, V any] struct {
	key K
	val V
}

type page[K cmp.Ordered, V any] struct {
	items []item[K, V]
	epoch uint64 // the Map's epoch in which the page was made; an older page is shared with a Frozen
}

// Map is a sorted map. The zero Map is empty and ready.
type Map[K cmp.Ordered, V any] struct {
	pages  []*page[K, V] // never an empty page
	n      int
	epoch  uint64
	shared bool // the spine itself is shared with a Frozen
}

// Frozen is an immutable copy of a Map. The zero Frozen is empty.
type Frozen[K cmp.Ordered, V any] struct {
	pages []*page[K, V]
	n     int
}

// Freeze returns a copy that no later change of m touches.
func (m *Map[K, V]) Freeze() Frozen[K, V] {
	m.epoch++
	m.shared = true
	return Frozen[K, V]{pages: m.pages, n: m.n}
}

// Len is the number of keys.
func (m *Map[K, V]) Len() int { return m.n }

// Len is the number of keys.
func (f Frozen[K, V]) Len() int { return f.n }

// Get returns the value of key.
func (m *Map[K, V]) Get(key K) (V, bool) { return get(m.pages, key) }

// Get returns the value of key.
func (f Frozen[K, V]) Get(key K) (V, bool) { return get(f.pages, key) }

// All yields every key in rising order.
func (m *Map[K, V]) All() iter.Seq2[K, V] { return func(yield func(K, V) bool) { all(m.pages, yield) } }

// All yields every key in rising order.
func (f Frozen[K, V]) All() iter.Seq2[K, V] {
	return func(yield func(K, V) bool) { all(f.pages, yield) }
}

// From yields the keys that are not below key, in rising order.
func (f Frozen[K, V]) From(key K) iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		p := pageOf(f.pages, key)
		if p == len(f.pages) {
			return
		}
		i, _ := f.pages[p].find(key)
		for _, it := range f.pages[p].items[i:] {
			if !yield(it.key, it.val) {
				return
			}
		}
		all(f.pages[p+1:], yield)
	}
}

// Set stores val under key.
func (m *Map[K, V]) Set(key K, val V) {
	m.ownSpine()
	if len(m.pages) == 0 {
		m.pages = append(m.pages, &page[K, V]{items: []item[K, V]{{key, val}}, epoch: m.epoch})
		m.n = 1
		return
	}
	p := min(pageOf(m.pages, key), len(m.pages)-1)
	pg := m.ownPage(p)
	i, found := pg.find(key)
	if found {
		pg.items[i].val = val
		return
	}
	pg.items = slices.Insert(pg.items, i, item[K, V]{key, val})
	m.n++
	if len(pg.items) > pageSize {
		half := len(pg.items) / 2
		right := &page[K, V]{items: slices.Clone(pg.items[half:]), epoch: m.epoch}
		clear(pg.items[half:])
		pg.items = pg.items[:half]
		m.pages = slices.Insert(m.pages, p+1, right)
	}
}

// Delete removes key and reports whether it was there.
func (m *Map[K, V]) Delete(key K) bool {
	p := pageOf(m.pages, key)
	if p == len(m.pages) {
		return false
	}
	if _, found := m.pages[p].find(key); !found {
		return false
	}
	m.ownSpine()
	pg := m.ownPage(p)
	i, _ := pg.find(key)
	pg.items = slices.Delete(pg.items, i, i+1)
	m.n--
	if len(pg.items) == 0 {
		m.pages = slices.Delete(m.pages, p, p+1)
	}
	return true
}

func (m *Map[K, V]) ownSpine() {
	if m.shared {
		m.pages = slices.Clone(m.pages)
		m.shared = false
	}
}

func (m *Map[K, V]) ownPage(i int) *page[K, V] {
	pg := m.pages[i]
	if pg.epoch != m.epoch {
		pg = &page[K, V]{items: append(make([]item[K, V], 0, len(pg.items)+1), pg.items...), epoch: m.epoch}
		m.pages[i] = pg
	}
	return pg
}

func (p *page[K, V]) find(key K) (int, bool) {
	return slices.BinarySearchFunc(p.items, key, func(it item[K, V], k K) int { return cmp.Compare(it.key, k) })
}

// pageOf is the first page whose last key is not below key; len(pages) if there is none.
func pageOf[K cmp.Ordered, V any](pages []*page[K, V], key K) int {
	i, _ := slices.BinarySearchFunc(pages, key, func(p *page[K, V], k K) int {
		return cmp.Compare(p.items[len(p.items)-1].key, k)
	})
	return i
}

func get[K cmp.Ordered, V any](pages []*page[K, V], key K) (V, bool) {
	if p := pageOf(pages, key); p < len(pages) {
		if i, found := pages[p].find(key); found {
			return pages[p].items[i].val, true
		}
	}
	var none V
	return none, false
}

func all[K cmp.Ordered, V any](pages []*page[K, V], yield func(K, V) bool) {
	for _, p := range pages {
		for _, it := range p.items {
			if !yield(it.key, it.val) {
				return
			}
		}
	}
}
