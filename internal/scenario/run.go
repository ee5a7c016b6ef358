package scenario

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Variation is one way to ask the question; a run compares them in the same worlds.
type Variation struct {
	Label  string
	Params Params
	Varied string  // the setting that differs, if it is one
	X      float64 // its value, if it is a number; a duration counts in milliseconds, a share in per cent
	Number bool
}

// Run is a scenario to be played: each variation in the worlds of Seeds seeds, the first of which is Seed.
type Run struct {
	Scenario   *Scenario
	Variations []Variation
	Seed       uint64
	Seeds      int
	Parallel   int // worlds at a time; each takes one processor and memory of its own

	Done func(v int, r Result)          // called after each world that was played to its end, one call at a time
	Tell func(done, all int, s Playing) // called now and then, one call at a time
}

// Playing is how far a world is.
type Playing struct {
	Variation int
	Seed      uint64
	Lived     time.Duration // virtual time
}

// Play plays all worlds. When ctx ends, those under way are dropped. The outcomes hold what was played to its end; they
// are the same however many worlds are played at a time.
func (r *Run) Play(ctx context.Context) []Outcome {
	type job struct{ v, s int }
	jobs := make(chan job)
	results := make([][]*Result, len(r.Variations))
	var mu sync.Mutex
	var wg sync.WaitGroup
	all := len(r.Variations) * r.Seeds
	done := 0
	for range max(r.Parallel, 1) {
		wg.Go(func() {
			for j := range jobs {
				seed := r.Seed + uint64(j.s)
				res := r.Scenario.Play(r.Variations[j.v].Params, seed, func(lived time.Duration) bool {
					if r.Tell != nil {
						mu.Lock()
						r.Tell(done, all, Playing{j.v, seed, lived})
						mu.Unlock()
					}
					return ctx.Err() == nil
				})
				mu.Lock()
				if !res.Stopped {
					results[j.v][j.s] = &res
					done++
					if r.Done != nil {
						r.Done(j.v, res)
					}
				}
				mu.Unlock()
			}
		})
	}
	for v := range r.Variations {
		results[v] = make([]*Result, r.Seeds)
	}
	for v := range r.Variations {
		for s := range r.Seeds {
			select {
			case jobs <- job{v, s}:
			case <-ctx.Done():
			}
		}
	}
	close(jobs)
	wg.Wait()
	out := make([]Outcome, 0, len(r.Variations))
	for v := range r.Variations {
		var had []Result
		for _, res := range results[v] {
			if res != nil {
				had = append(had, *res)
			}
		}
		out = append(out, newOutcome(r.Scenario, r.Variations[v], had))
	}
	return out
}

// Vary makes one variation for each value of a setting, or leaves them as they are if there is only one. It fails if
// the scenario can't be asked with one of them.
func (s *Scenario) Vary(from []Variation, name string, values []string) ([]Variation, error) {
	var out []Variation
	for _, v := range from {
		for _, value := range values {
			next := v
			if err := s.Set(&next.Params, name, value); err != nil {
				return nil, err
			}
			if len(values) > 1 {
				next.Label = joined(v.Label, fmt.Sprintf("%s=%s", name, value))
				next.X, next.Number = quantity(value)
				next.Varied = name
				if v.Varied != "" {
					next.Varied, next.Number = "", false
				}
			}
			out = append(out, next)
		}
	}
	return out, nil
}

// quantity reads the number in a value: 40ms as 40, 2% as 2.
func quantity(value string) (float64, bool) {
	if d, err := time.ParseDuration(value); err == nil {
		return ms(d), true
	}
	f, err := strconv.ParseFloat(strings.TrimSuffix(value, "%"), 64)
	return f, err == nil
}

func joined(a, b string) string {
	if a == "" {
		return b
	}
	return a + " " + b
}
