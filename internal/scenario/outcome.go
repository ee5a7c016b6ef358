package scenario

import (
	"fmt"
	"time"
)

// Outcome is what the worlds of one variation showed together.
type Outcome struct {
	Variation
	Scenario *Scenario
	Results  []Result
	Figures  Figures // of all results together
}

func newOutcome(s *Scenario, v Variation, results []Result) Outcome {
	all := make([]Figures, 0, len(results))
	for i := range results {
		all = append(all, results[i].Figures)
	}
	return Outcome{v, s, results, together(all)}
}

// Answer is what was found, in one sentence.
func (o *Outcome) Answer() string {
	if len(o.Results) == 0 {
		return "Nothing was run to its end."
	}
	for i := range o.Results {
		if r := &o.Results[i]; len(r.Violations) > 0 {
			return fmt.Sprintf("An invariant did not hold with seed %d: %s.", r.Seed, r.Violations[0])
		} else if r.Unfinished != "" {
			return fmt.Sprintf("With seed %d %s.", r.Seed, r.Unfinished)
		}
	}
	return o.Scenario.answer(o)
}

// Worst is the seed with the largest value of a figure.
func (o *Outcome) Worst(name string) (seed uint64, value float64) {
	for i := range o.Results {
		f := o.Results[i].Figures.Find(name)
		if f == nil {
			continue
		}
		v := f.Value
		if f.Kind == Times {
			v = f.Quantiles().Max
		}
		if seed == 0 || v > value {
			seed, value = o.Results[i].Seed, v
		}
	}
	return seed, value
}

func (o *Outcome) number(name string) float64 {
	if f := o.Figures.Find(name); f != nil {
		return f.Value
	}
	return 0
}

func (o *Outcome) value(name string) string { return short(o.number(name)) }

// half and last write a figure of Times for a sentence.
func (o *Outcome) half(name string) string {
	return o.time(name, func(q Quantiles) float64 { return q.P50 })
}

func (o *Outcome) last(name string) string {
	return o.time(name, func(q Quantiles) float64 { return q.Max })
}

func (o *Outcome) time(name string, of func(Quantiles) float64) string {
	f := o.Figures.Find(name)
	if f == nil || len(f.Samples) == 0 {
		return "no measured time"
	}
	return spoken(of(f.Quantiles()))
}

// spoken writes milliseconds as a person would say them.
func spoken(ms float64) string {
	if ms >= 1000 {
		return short(ms/1000) + " s"
	}
	if ms < 1 {
		return (time.Duration(ms*1000) * time.Microsecond).String()
	}
	return short(ms) + " ms"
}
