package cow

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

type pair struct {
	key string
	val int
}

func (p pair) MapKey() string { return p.key }

func drawPair(t *rapid.T) pair {
	return pair{fmt.Sprintf("%03d", rapid.IntRange(0, 300).Draw(t, "key")), rapid.Int().Draw(t, "value")}
}

// A Map must agree with a plain map, and a Frozen with the map at the time it was made.
func TestMapAgreesWithPlainMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var m Map[pair]
		twin := map[string]int{}
		type copied struct {
			frozen Frozen[pair]
			twin   map[string]int
		}
		var copies []copied
		for range rapid.IntRange(0, 400).Draw(t, "steps") {
			p := drawPair(t)
			switch rapid.IntRange(0, 10).Draw(t, "op") {
			case 0, 1, 2:
				_, had := twin[p.key]
				if m.Delete(p.key) != had {
					t.Fatalf("delete %s: had %v", p.key, had)
				}
				delete(twin, p.key)
			case 3:
				copies = append(copies, copied{m.Freeze(), maps.Clone(twin)})
			case 4:
				many := map[string]int{}
				for range rapid.IntRange(0, 200).Draw(t, "many") {
					p := drawPair(t)
					many[p.key] = p.val
				}
				var values []pair
				for _, key := range slices.Sorted(maps.Keys(many)) {
					values = append(values, pair{key, many[key]})
				}
				m.SetAll(values)
				maps.Copy(twin, many)
			default:
				m.Set(p)
				twin[p.key] = p.val
			}
		}
		check(t, m.Freeze(), twin)
		for _, c := range copies {
			check(t, c.frozen, c.twin)
		}
	})
}

func check(t *rapid.T, f Frozen[pair], twin map[string]int) {
	if f.Len() != len(twin) {
		t.Fatalf("length %d, want %d", f.Len(), len(twin))
	}
	var keys []string
	for k, v := range f.All() {
		if want, ok := twin[k]; !ok || want != v.val || k != v.key {
			t.Fatalf("key %s: %v, want %d %v", k, v, want, ok)
		}
		if got, ok := f.Get(k); !ok || got != v {
			t.Fatalf("get %s", k)
		}
		keys = append(keys, k)
	}
	if !slices.IsSorted(keys) || len(keys) != len(twin) {
		t.Fatalf("keys %v", keys)
	}
	var from []string
	for k := range f.From("150") {
		from = append(from, k)
	}
	i, _ := slices.BinarySearch(keys, "150")
	if !slices.Equal(from, keys[i:]) {
		t.Fatalf("from 150: %v, want %v", from, keys[i:])
	}
}
