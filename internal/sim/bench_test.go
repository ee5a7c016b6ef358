package sim

import (
	"fmt"
	"testing"
	"time"
)

// BenchmarkIdle measures a settled cluster: how many events a second are handled, and how much faster than the clock it
// runs.
func BenchmarkIdle(b *testing.B) {
	for _, n := range []int{100, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			w := New(Config{Seed: 1, Link: lan()})
			nodes := w.StartMany(n)
			if _, ok := w.Until(30*time.Second, func() bool { return Stable(nodes) }); !ok {
				b.Fatal("not stable")
			}
			w.Run(10 * time.Second)
			before := w.Handled()
			b.ReportAllocs()
			for b.Loop() {
				w.Run(time.Second)
			}
			b.ReportMetric(float64(w.Handled()-before)/b.Elapsed().Seconds(), "events/s")
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "x-real-time")
		})
	}
}
