// Package cow has a sorted set of named values whose frozen copies cost nothing: pages are shared until one of them is
// written to.
//
// The goroutine that owns a Map changes it as it likes and hands out Frozen copies, which any goroutine may read for
// ever. A change after a Freeze copies one page and the spine, not the map.
package cow

import (
	"cmp"
	"iter"
	"slices"
)

// Keyed is a value that knows its key, which never changes. So a map holds nothing beside its values.
type Keyed interface{ MapKey() string }

// pageSize is a compromise: a change copies at most one page and the spine of n/pageSize pointers.
const pageSize = 64

type page[V Keyed] struct {
	items []V
	epoch uint64 // the Map's epoch in which the page was made; an older page is shared with a Frozen
}

// Map is sorted by key. The zero Map is empty and ready.
type Map[V Keyed] struct {
	pages  []*page[V] // never an empty page
	n      int
	epoch  uint64
	shared bool // the spine itself is shared with a Frozen
}

// Frozen is an immutable copy of a Map. The zero Frozen is empty.
type Frozen[V Keyed] struct {
	pages []*page[V]
	n     int
}

// Freeze returns a copy that no later change of m touches.
func (m *Map[V]) Freeze() Frozen[V] {
	m.epoch++
	m.shared = true
	return Frozen[V]{pages: m.pages, n: m.n}
}

// Len is the number of keys.
func (m *Map[V]) Len() int { return m.n }

// Len is the number of keys.
func (f Frozen[V]) Len() int { return f.n }

// Get returns the value of key.
func (m *Map[V]) Get(key string) (V, bool) { return get(m.pages, key) }

// Get returns the value of key.
func (f Frozen[V]) Get(key string) (V, bool) { return get(f.pages, key) }

// All yields every value in rising order of keys.
func (m *Map[V]) All() iter.Seq2[string, V] {
	return func(yield func(string, V) bool) { all(m.pages, yield) }
}

// All yields every value in rising order of keys.
func (f Frozen[V]) All() iter.Seq2[string, V] {
	return func(yield func(string, V) bool) { all(f.pages, yield) }
}

// From yields the values whose keys are not below key, in rising order.
func (f Frozen[V]) From(key string) iter.Seq2[string, V] {
	return func(yield func(string, V) bool) {
		p := pageOf(f.pages, key)
		if p == len(f.pages) {
			return
		}
		i, _ := f.pages[p].find(key)
		for _, v := range f.pages[p].items[i:] {
			if !yield(v.MapKey(), v) {
				return
			}
		}
		all(f.pages[p+1:], yield)
	}
}

// Set stores a value under its key.
func (m *Map[V]) Set(v V) {
	m.ownSpine()
	if len(m.pages) == 0 {
		m.pages = append(m.pages, &page[V]{items: []V{v}, epoch: m.epoch})
		m.n = 1
		return
	}
	p := min(pageOf(m.pages, v.MapKey()), len(m.pages)-1)
	pg := m.ownPage(p)
	i, found := pg.find(v.MapKey())
	if found {
		pg.items[i] = v
		return
	}
	pg.items = slices.Insert(pg.items, i, v)
	m.n++
	if len(pg.items) > pageSize {
		half := len(pg.items) / 2
		right := &page[V]{items: slices.Clone(pg.items[half:]), epoch: m.epoch}
		pg.items = slices.Clone(pg.items[:half])
		m.pages = slices.Insert(m.pages, p+1, right)
	}
}

// SetAll stores many values, which are in rising order of keys. From a quarter of the map on the pages are made anew,
// and full.
func (m *Map[V]) SetAll(values []V) {
	if 4*len(values) < m.n || len(values) < 2 {
		for _, v := range values {
			m.Set(v)
		}
		return
	}
	merged := make([]V, 0, m.n+len(values))
	for key, v := range m.All() {
		for len(values) > 0 && values[0].MapKey() < key {
			merged, values = append(merged, values[0]), values[1:]
		}
		if len(values) > 0 && values[0].MapKey() == key {
			v, values = values[0], values[1:]
		}
		merged = append(merged, v)
	}
	merged = append(merged, values...)
	m.n, m.pages, m.shared = len(merged), nil, false
	for items := range slices.Chunk(merged, pageSize) {
		m.pages = append(m.pages, &page[V]{items: slices.Clone(items), epoch: m.epoch})
	}
}

// Delete removes key and reports whether it was there.
func (m *Map[V]) Delete(key string) bool {
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

func (m *Map[V]) ownSpine() {
	if m.shared {
		m.pages = slices.Clone(m.pages)
		m.shared = false
	}
}

func (m *Map[V]) ownPage(i int) *page[V] {
	pg := m.pages[i]
	if pg.epoch != m.epoch {
		pg = &page[V]{items: append(make([]V, 0, len(pg.items)+1), pg.items...), epoch: m.epoch}
		m.pages[i] = pg
	}
	return pg
}

func (p *page[V]) find(key string) (int, bool) {
	return slices.BinarySearchFunc(p.items, key, func(v V, k string) int { return cmp.Compare(v.MapKey(), k) })
}

// pageOf is the first page whose last key is not below key; len(pages) if there is none.
func pageOf[V Keyed](pages []*page[V], key string) int {
	i, _ := slices.BinarySearchFunc(pages, key, func(p *page[V], k string) int {
		return cmp.Compare(p.items[len(p.items)-1].MapKey(), k)
	})
	return i
}

func get[V Keyed](pages []*page[V], key string) (V, bool) {
	if p := pageOf(pages, key); p < len(pages) {
		if i, found := pages[p].find(key); found {
			return pages[p].items[i], true
		}
	}
	var none V
	return none, false
}

func all[V Keyed](pages []*page[V], yield func(string, V) bool) {
	for _, p := range pages {
		for _, v := range p.items {
			if !yield(v.MapKey(), v) {
				return
			}
		}
	}
}
