package reconcile

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// sample collects one figure over many runs.
type sample []float64

func (s sample) mean() float64 {
	sum := 0.0
	for _, x := range s {
		sum += x
	}
	return sum / float64(len(s))
}

func (s sample) p99() float64 {
	slices.Sort(s)
	return s[(len(s)-1)*99/100]
}

// BenchmarkOverhead tells how many cells are needed for each difference: of the sketch, for each key whose number
// differs; of the rateless IBLT, for each element that only one side has, as the paper does.
//
//	go test -run xxx -bench Overhead -benchtime 1000x ./internal/reconcile
func BenchmarkOverhead(b *testing.B) {
	for _, d := range []int{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1000} {
		b.Run(fmt.Sprintf("d=%d", d), func(b *testing.B) {
			rng := rand.New(rand.NewPCG(uint64(d), 7))
			var cells, symbols sample
			for b.Loop() {
				cells = append(cells, float64(fewestCells(rng.Uint64(), drawPair(rng, 1000, d)))/float64(d))
				// The IBLT sees nothing of what both sides hold, so it need not be there. Two elements for each key.
				p := drawPair(rng, (d+1)/2, (d+1)/2)
				symbols = append(symbols, float64(fewestSymbols(rng.Uint64(), p))/float64(2*len(p.keys)))
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(cells.mean(), "cells/d")
			b.ReportMetric(cells.p99(), "cells/d-p99")
			b.ReportMetric(symbols.mean(), "iblt/d")
			b.ReportMetric(symbols.p99(), "iblt/d-p99")
		})
	}
}

// BenchmarkCompare tells what it takes for two members to find out where they differ: bytes without frames, and round
// trips. Cells and symbols are sent in runs that end at 24, 128, 512 and so on. "done" is what package antientropy does:
// runs while they are worth it, and a list by place after them.
//
//	go test -run xxx -bench Compare -benchtime 20x ./internal/reconcile
func BenchmarkCompare(b *testing.B) {
	for _, n := range []int{1000, 10_000} {
		for _, d := range []int{1, 4, 16, 64, 128, 256, 512, n} {
			b.Run(fmt.Sprintf("n=%d/d=%d", n, d), func(b *testing.B) {
				rng := rand.New(rand.NewPCG(uint64(n), uint64(d)))
				got := map[string]*sample{}
				note := func(name string, bytes, trips int) {
					for unit, x := range map[string]int{"B": bytes, "trips": trips} {
						if got[name+"-"+unit] == nil {
							got[name+"-"+unit] = &sample{}
						}
						*got[name+"-"+unit] = append(*got[name+"-"+unit], float64(x))
					}
				}
				for b.Loop() {
					p := drawPair(rng, n, d)
					list, enough := numbers(p.theirs), math.MaxInt
					if d <= 512 { // beyond, nobody would
						enough = fewestCells(rng.Uint64(), p)
						cells, trips := inRuns(enough)
						note("sketch", 8*cells, trips)
						symbols, trips := inRuns(fewestSymbols(rng.Uint64(), drawPair(rng, d, d)))
						note("iblt", symbolBytes*symbols, trips)
					}
					bytes, trips := tree(p)
					note("tree", bytes, trips)
					note("place", list, 1)
					note("id", lines(p.theirs), 1)
					bytes, trips = asDone(enough, list)
					note("done", bytes, trips)
				}
				b.ReportMetric(0, "ns/op")
				for name, s := range got {
					b.ReportMetric(s.mean(), name)
				}
			})
		}
	}
}

// inRuns is how many cells are sent, and in how many round trips, until there are enough.
func inRuns(enough int) (cells, trips int) {
	cells, trips = 24, 1
	for end := 128; cells < enough; end *= 4 {
		cells = end
		trips++
	}
	return cells, trips
}

func asDone(enough, list int) (bytes, trips int) {
	for _, end := range []int{24, 128, 512} {
		if list < 2*8*end {
			break
		}
		bytes = 8 * end
		trips++
		if end >= enough {
			return bytes, trips
		}
	}
	return bytes + list, trips + 1
}
