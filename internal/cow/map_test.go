package cow

import (
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// A Map must agree with a plain map, and a Frozen with the map at the time it was made.
func TestMapAgreesWithPlainMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var m Map[int, int]
		twin := map[int]int{}
		type copied struct {
			frozen Frozen[int, int]
			twin   map[int]int
		}
		var copies []copied
		for range rapid.IntRange(0, 400).Draw(t, "steps") {
			key := rapid.IntRange(0, 300).Draw(t, "key")
			switch rapid.IntRange(0, 9).Draw(t, "op") {
			case 0, 1, 2:
				_, had := twin[key]
				if m.Delete(key) != had {
					t.Fatalf("delete %d: had %v", key, had)
				}
				delete(twin, key)
			case 3:
				copies = append(copies, copied{m.Freeze(), maps.Clone(twin)})
			default:
				v := rapid.Int().Draw(t, "value")
				m.Set(key, v)
				twin[key] = v
			}
		}
		check(t, m.Freeze(), twin)
		for _, c := range copies {
			check(t, c.frozen, c.twin)
		}
	})
}

func check(t *rapid.T, f Frozen[int, int], twin map[int]int) {
	if f.Len() != len(twin) {
		t.Fatalf("length %d, want %d", f.Len(), len(twin))
	}
	var keys []int
	for k, v := range f.All() {
		if want, ok := twin[k]; !ok || want != v {
			t.Fatalf("key %d: %d, want %d %v", k, v, want, ok)
		}
		if got, ok := f.Get(k); !ok || got != v {
			t.Fatalf("get %d", k)
		}
		keys = append(keys, k)
	}
	if !slices.IsSorted(keys) || len(keys) != len(twin) {
		t.Fatalf("keys %v", keys)
	}
	var from []int
	for k := range f.From(150) {
		from = append(from, k)
	}
	i, _ := slices.BinarySearch(keys, 150)
	if !slices.Equal(from, keys[i:]) {
		t.Fatalf("from 150: %v, want %v", from, keys[i:])
	}
}
