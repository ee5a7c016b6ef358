// Package reconcile finds out where two lists of numbers under the same keys differ, from few bytes: about 11 for each
// difference, however long the lists are.
//
// One side computes cells, eight bytes each: sums, modulo 2^64, of the numbers times a factor that depends on the key.
// The other side subtracts its own. What is left of a cell to which a single differing key was added is that key's
// difference times its factor; since both sides know the keys, and versions are not apart by billions, trying all keys of
// the cell tells which it is. Its difference is subtracted from the other cells, which may leave a single one there too.
//
// Which cells a key is added to is that of the rateless code of Yang, Gilad and Alizadeh, "Practical Rateless Set
// Reconciliation" (SIGCOMM 2024): any number of cells can be computed, more of them never spoil the former, and they
// suffice as soon as there are about 1.35 to 1.72 for each difference. Theirs reconciles sets: a changed number is two
// differences there, and a cell has to hold a whole element and its hash.
//
// The salt makes another code of each exchange, so that what can't be told apart once can be the next time.
package reconcile

// Difference is a key whose numbers differ.
type Difference struct {
	Place int   // of the key in the list
	By    int64 // the other side's number less this side's
}

// maxBy bounds a difference. The larger it is, the sooner the numbers in a cell of several differences look like one: of
// 10,000 keys tried, once in 200,000 times. Then cells are left over, and nothing is lost but bytes.
const maxBy = 1 << 32

// Cells computes the first n cells.
func Cells(salt uint64, keys, numbers []uint64, n int) []uint64 {
	cells := make([]uint64, n)
	for i, key := range keys {
		add(cells, salt, key, numbers[i])
	}
	return cells
}

// add adds a key's number to the cells of its walk.
func add(cells []uint64, salt, key, number uint64) {
	if number == 0 {
		return
	}
	product := number * factor(salt, key)
	for w := start(salt, key); w.cell < len(cells); w.next() {
		cells[w.cell] += product
	}
}

// Decode finds all differences from the other side's cells. It reports false if there are too many for so few cells, or
// if the cells are not of numbers under these keys and this salt. The differences are in no particular order.
func Decode(salt uint64, keys, numbers, theirs []uint64) ([]Difference, bool) {
	d := decoder{salt: salt, keys: keys, left: Cells(salt, keys, numbers, len(theirs))}
	for i, cell := range theirs {
		d.left[i] = cell - d.left[i]
	}
	return d.peel()
}

type decoder struct {
	salt  uint64
	keys  []uint64
	left  []uint64 // of the cells, once the differences found are taken out
	first []int32  // where in added a cell's keys begin
	added []int32  // places of keys, cell after cell
	parts []uint64 // inverse factors of the keys
	found []Difference
}

// peel takes out one difference after another. The cells that hold few keys are tried first: trying one of the first
// cells costs as much as there are keys.
func (d *decoder) peel() ([]Difference, bool) {
	d.index()
	open := make([]bool, len(d.left)) // a cell that changed since it was tried
	for i := range open {
		open[i] = true
	}
	seen := make(map[int]bool)
	for i := len(open) - 1; i >= 0; i-- {
		if !open[i] {
			continue
		}
		open[i] = false
		one, ok := d.single(i)
		if !ok {
			continue
		}
		if seen[one.Place] || len(d.found) == len(d.left) {
			return nil, false // no list makes such cells
		}
		seen[one.Place] = true
		d.found = append(d.found, one)
		i = max(i+1, d.takeOut(one, open))
	}
	for _, cell := range d.left {
		if cell != 0 {
			return nil, false
		}
	}
	return d.found, true
}

// takeOut subtracts a difference from its cells, opens them, and returns the place after the last of them.
func (d *decoder) takeOut(one Difference, open []bool) int {
	key := d.keys[one.Place]
	product := uint64(one.By) * factor(d.salt, key)
	last := 0
	for w := start(d.salt, key); w.cell < len(d.left); w.next() {
		d.left[w.cell] -= product
		open[w.cell] = true
		last = w.cell
	}
	return last + 1
}

// single tells which difference alone would leave what a cell holds.
func (d *decoder) single(cell int) (Difference, bool) {
	left := d.left[cell]
	if left == 0 {
		return Difference{}, false
	}
	for _, place := range d.added[d.first[cell]:d.first[cell+1]] {
		if by := int64(left * d.parts[place]); -maxBy < by && by < maxBy {
			return Difference{int(place), by}, true
		}
	}
	return Difference{}, false
}

// index lists the keys of each cell.
func (d *decoder) index() {
	d.parts = make([]uint64, len(d.keys))
	d.first = make([]int32, len(d.left)+1)
	for i, key := range d.keys {
		d.parts[i] = inverse(factor(d.salt, key))
		for w := start(d.salt, key); w.cell < len(d.left); w.next() {
			d.first[w.cell+1]++
		}
	}
	for i := range d.left {
		d.first[i+1] += d.first[i]
	}
	d.added = make([]int32, d.first[len(d.left)])
	next := append([]int32(nil), d.first...)
	for i, key := range d.keys {
		for w := start(d.salt, key); w.cell < len(d.left); w.next() {
			d.added[next[w.cell]] = int32(i)
			next[w.cell]++
		}
	}
}
