package chart

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
)

// extent is a range that grows.
type extent struct{ low, high float64 }

func nothing() extent { return extent{math.Inf(1), math.Inf(-1)} }

func (e *extent) add(v float64) { e.low, e.high = min(e.low, v), max(e.high, v) }

// extents are those of the data.
func (c *Chart) extents() (x, y extent) {
	x, y = nothing(), nothing()
	for _, l := range c.Lines {
		for _, p := range l.Points {
			x.add(p.X)
			y.add(p.Y)
		}
		for _, r := range l.Ranges {
			y.add(r.Low)
			y.add(r.High)
		}
		if l.Shape == Bars && !c.Y.Log {
			y.add(0)
		}
	}
	return x, y
}

// horizontal is where the x axis begins and ends.
func (c *Chart) horizontal() extent {
	data, _ := c.extents()
	gap := c.slot(c.X.Log)
	switch {
	case len(c.X.Names) > 0:
		return extent{-0.5, float64(len(c.X.Names)) - 0.5}
	case !c.X.open():
		return extent{c.X.Min, c.X.Max}
	case c.X.Log:
		half := math.Sqrt(gap)
		return roundLog(extent{data.low / half, data.high * half})
	case gap > 0:
		return widened(extent{data.low - gap/2, data.high + gap/2})
	case data.low > 0 && data.low < data.high/3:
		data.low = 0
	}
	data = widened(data)
	// To a round number, if it is near.
	near := (data.high - data.low) / 25
	step := niceStep(data.high-data.low, 7)
	if low := math.Floor(data.low/step) * step; data.low-low < near {
		data.low = low
	}
	if high := math.Ceil(data.high/step) * step; high-data.high < near {
		data.high = high
	}
	return data
}

// vertical is where the y axis begins and ends.
func (c *Chart) vertical() extent {
	_, data := c.extents()
	switch {
	case !c.Y.open():
		return extent{c.Y.Min, c.Y.Max}
	case c.Y.Log && c.has(Bars):
		return roundLog(extent{data.low / 2, data.high}) // the shortest bar is seen too
	case c.Y.Log:
		return roundLog(data)
	case data.low > 0 && data.low <= data.high/2:
		data.low = 0
	}
	data = widened(data)
	step := niceStep(data.high-data.low, 5)
	return extent{math.Floor(data.low/step) * step, math.Ceil(data.high/step) * step}
}

func (c *Chart) has(s Shape) bool {
	for _, l := range c.Lines {
		if l.Shape == s {
			return true
		}
	}
	return false
}

// widened gives a length to what has none, or so little that its ticks could not be told apart.
func widened(e extent) extent {
	if e.high-e.low > 1e-9*max(math.Abs(e.low), math.Abs(e.high)) {
		return e
	}
	if e.low == 0 {
		return extent{0, 1}
	}
	half := math.Abs(e.low) / 2
	return extent{e.low - half, e.high + half}
}

// roundLog widens to 1, 2 or 5 times a power of ten.
func roundLog(e extent) extent {
	const slack = 1e-9
	out := extent{math.Inf(-1), math.Inf(1)}
	for power := math.Floor(math.Log10(e.low)); power <= math.Ceil(math.Log10(e.high)); power++ {
		for _, digit := range []float64{1, 2, 5} {
			v := digit * math.Pow(10, power)
			if v <= e.low*(1+slack) {
				out.low = v
			}
			if v >= e.high*(1-slack) {
				out.high = min(out.high, v)
			}
		}
	}
	if out.low == out.high {
		out = extent{out.low / 2, out.high * 2}
	}
	return out
}

// niceStep is 1, 2 or 5 times a power of ten, so that about n fit.
func niceStep(length float64, n int) float64 {
	rough := length / float64(n)
	power := math.Pow(10, math.Floor(math.Log10(rough)))
	switch share := rough / power; {
	case share < 1.5:
		return power
	case share < 3.5:
		return 2 * power
	case share < 7.5:
		return 5 * power
	}
	return 10 * power
}

// ticker gives an axis about n labels.
type ticker struct {
	log bool
	n   int
}

// Ticks implements plot.Ticker. Minor ones have no label.
func (t ticker) Ticks(low, high float64) []plot.Tick {
	const fewDecades = 0.7 // over less, round numbers come too seldom
	if t.log && math.Log10(high/low) > fewDecades {
		return t.logTicks(low, high)
	}
	step := niceStep(high-low, t.n)
	first := math.Ceil(low/step - 1e-9)
	var out []plot.Tick
	for i := range 3 * t.n { // bounded: far from 0 a float has no room for one more
		v := (first + float64(i)) * step
		if v > high+step*1e-9 {
			break
		}
		out = append(out, plot.Tick{Value: v, Label: label(v, step, high)})
	}
	return out
}

func (t ticker) logTicks(low, high float64) []plot.Tick {
	decades := math.Log10(high / low)
	every := int(max(1, math.Ceil(decades/float64(t.n+2)))) // decades between labels
	labels := map[int]bool{1: true}
	if decades < 2.2 && float64(3*decades) < float64(t.n)+1 {
		labels[2], labels[5] = true, true
	}
	var out []plot.Tick
	for power := int(math.Floor(math.Log10(low))); power <= int(math.Ceil(math.Log10(high))); power++ {
		for digit := 1; digit < 10; digit++ {
			v := float64(digit) * math.Pow10(power)
			if v < low*(1-1e-9) || v > high*(1+1e-9) {
				continue
			}
			tick := plot.Tick{Value: v}
			if labels[digit] && power%every == 0 {
				tick.Label = label(v, v, high)
			}
			if tick.Label != "" || every == 1 {
				out = append(out, tick)
			}
		}
	}
	return out
}

// label prints a number on an axis that reaches to high, so that neighbours a step apart differ.
func label(v, step, high float64) string {
	const fromHereShort = 9999.5
	if v != 0 && high > fromHereShort {
		for _, unit := range []struct {
			size float64
			sign string
		}{{1e12, "T"}, {1e9, "G"}, {1e6, "M"}, {1e3, "k"}} {
			if math.Abs(v) >= unit.size*(1-1e-9) {
				return decimal(v/unit.size, step/unit.size) + unit.sign
			}
		}
	}
	if v != 0 && math.Abs(step) < 0.99e-4 && math.Abs(v) < 1 {
		return powerOfTen(v)
	}
	return decimal(v, step)
}

// decimal prints as many places as the step has.
func decimal(v, step float64) string {
	places := 0
	for scaled := math.Abs(step); places < 6 && math.Abs(scaled-math.Round(scaled)) > 1e-6; places++ {
		scaled *= 10
	}
	s := strconv.FormatFloat(v, 'f', places, 64)
	if strings.Trim(s, "-0.") == "" {
		return "0"
	}
	return strings.Replace(s, "-", "−", 1)
}

func powerOfTen(v float64) string {
	power := int(math.Floor(math.Log10(math.Abs(v)) + 1e-9))
	raised := strings.Map(func(r rune) rune {
		return map[rune]rune{
			'-': '⁻', '0': '⁰', '1': '¹', '2': '²', '3': '³', '4': '⁴', '5': '⁵', '6': '⁶', '7': '⁷', '8': '⁸', '9': '⁹',
		}[r]
	}, strconv.Itoa(power))
	digits := strconv.FormatFloat(v/math.Pow10(power), 'g', 3, 64)
	if digits == "1" {
		return "10" + raised
	}
	return fmt.Sprintf("%s×10%s", digits, raised)
}
