package intern

import (
	"runtime"
	"testing"
)

type value struct {
	n    int
	text string
}

func get(t *Table[value], hash uint64, want value) *value {
	return t.Get(hash, func(v *value) bool { return *v == want }, func() *value { return &want })
}

func TestEqualValuesAreSharedAndOthersAreNot(t *testing.T) {
	table := New[value]()
	a := get(table, 1, value{1, "a"})
	if get(table, 1, value{1, "a"}) != a {
		t.Error("the same value was made twice")
	}
	if b := get(table, 1, value{2, "b"}); b == a || *b != (value{2, "b"}) {
		t.Error("another value of the same hash was taken for it")
	}
	if again := get(table, 1, value{1, "a"}); *again != (value{1, "a"}) {
		t.Error("a value whose place was taken came back as another")
	}
	runtime.KeepAlive(a)
}

func TestWithoutATableNothingIsShared(t *testing.T) {
	if a, b := get(nil, 1, value{1, "a"}), get(nil, 1, value{1, "a"}); a == b {
		t.Error("shared without a table")
	}
}

func TestWhatNobodyHoldsGoesAway(t *testing.T) {
	table := New[value]()
	kept := get(table, 0, value{0, "kept"})
	for i := range 100_000 {
		get(table, uint64(i), value{i, "lost"})
		if i%1000 == 0 {
			runtime.GC()
		}
	}
	if n := table.Len(); n > 10_000 {
		t.Errorf("%d of 100000 entries are still there", n)
	}
	if get(table, 0, value{0, "kept"}) == nil {
		t.Error("a value came back as nil")
	}
	runtime.KeepAlive(kept)
}
