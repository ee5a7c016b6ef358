package scenario

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Figure is one thing that was measured.
type Figure struct {
	Name    string // in JSON; a dot puts it into an object
	Label   string // for a person, with the unit
	Kind    Kind
	Value   float64
	Samples []float64 // Times: milliseconds
}

// Kind says how figures of several worlds become one.
type Kind uint8

// The kinds.
const (
	Times Kind = iota + 1 // all samples together
	Count                 // the sum
	Level                 // the mean
	Most                  // the largest
	Least                 // the smallest
)

// Quantiles of a figure of Times.
type Quantiles struct {
	P50 float64 `json:"p50"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

// Quantiles gives the median, the 99th percentile and the largest sample, by the nearest rank.
func (f *Figure) Quantiles() Quantiles {
	if len(f.Samples) == 0 {
		return Quantiles{}
	}
	sorted := slices.Sorted(slices.Values(f.Samples))
	rank := func(q float64) float64 {
		return sorted[max(int(math.Ceil(q*float64(len(sorted))))-1, 0)]
	}
	return Quantiles{rank(0.5), rank(0.99), sorted[len(sorted)-1]}
}

// Text is the value for a person.
func (f *Figure) Text() string {
	if f.Kind == Times {
		q := f.Quantiles()
		return fmt.Sprintf("%s / %s / %s", short(q.P50), short(q.P99), short(q.Max))
	}
	return short(f.Value)
}

// short writes a number with as many digits as a person wants to read.
func short(v float64) string {
	switch a := math.Abs(v); {
	case a >= 100 || v == math.Trunc(v):
		return strconv.FormatFloat(v, 'f', 0, 64)
	case a >= 10:
		return strconv.FormatFloat(v, 'f', 1, 64)
	case a >= 0.995:
		return strconv.FormatFloat(v, 'f', 2, 64)
	default:
		return strconv.FormatFloat(v, 'g', 3, 64)
	}
}

// rounded keeps four decimals, so that JSON does not show noise of the arithmetic.
func rounded(v float64) float64 { return math.Round(v*1e4) / 1e4 }

func (f *Figure) json() any {
	if f.Kind == Times {
		q := f.Quantiles()
		return Quantiles{rounded(q.P50), rounded(q.P99), rounded(q.Max)}
	}
	return rounded(f.Value)
}

// Figures are the results of a world, in the order in which they were taken.
type Figures []Figure

// Find gives the figure of a name, or nil.
func (fs Figures) Find(name string) *Figure {
	for i := range fs {
		if fs[i].Name == name {
			return &fs[i]
		}
	}
	return nil
}

// MarshalJSON writes the figures as one object, in their order.
func (fs Figures) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	open := ""
	for i := range fs {
		group, name, nested := strings.Cut(fs[i].Name, ".")
		if !nested {
			group, name = "", fs[i].Name
		}
		if open != "" && open != group {
			b.WriteByte('}')
		}
		switch {
		case nested && open != group:
			if i > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, "%q:{", group)
		case i > 0:
			b.WriteByte(',')
		}
		open = group
		value, err := json.Marshal(fs[i].json())
		if err != nil {
			return nil, fmt.Errorf("%s: %w", fs[i].Name, err)
		}
		fmt.Fprintf(&b, "%q:%s", name, value)
	}
	if open != "" {
		b.WriteByte('}')
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// together makes one set of figures of those of several worlds. What some did not measure counts where it was.
func together(all []Figures) Figures {
	var out Figures
	count := map[string]int{}
	for _, fs := range all {
		for _, f := range fs {
			have := out.Find(f.Name)
			if have == nil {
				f.Samples = slices.Clone(f.Samples)
				out = append(out, f)
				count[f.Name] = 1
				continue
			}
			count[f.Name]++
			switch f.Kind {
			case Times:
				have.Samples = append(have.Samples, f.Samples...)
			case Most:
				have.Value = max(have.Value, f.Value)
			case Least:
				have.Value = min(have.Value, f.Value)
			default:
				have.Value += f.Value
			}
		}
	}
	for i := range out {
		if out[i].Kind == Level {
			out[i].Value /= float64(count[out[i].Name])
		}
	}
	return out
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func millis(ds []time.Duration) []float64 {
	out := make([]float64, len(ds))
	for i, d := range ds {
		out[i] = ms(d)
	}
	return out
}
