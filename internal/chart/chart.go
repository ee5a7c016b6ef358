// Package chart draws plots that are described by data alone. The same chart gives the same bytes, on every run.
package chart

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// Chart is one plot, as data.
type Chart struct {
	Name  string // of its file, without the extension
	Title string // states the finding
	X, Y  Axis
	Lines []Line
}

// Axis is one direction of a chart.
type Axis struct {
	Label    string // with the unit
	Log      bool
	Min, Max float64 // both zero: from the data
	// Names stand on the axis in place of numbers, the first at 0, the next at 1. Only X can have them. Where they are
	// too long to stand side by side, the chart is drawn on its side.
	Names []string
}

// Line is one series of a chart.
type Line struct {
	Name   string // in the legend; the same name has the same colour in all charts of a report
	Shape  Shape
	Points []Point
	Ranges []Range // of each point, as a band or a whisker; none: nothing
	// Bars may say more: Labels stand at their ends, Gaps where a category has none.
	Labels []string
	Gaps   []Gap
}

// Point is one value of a line.
type Point struct{ X, Y float64 }

// Gap tells why there is no bar.
type Gap struct {
	X    float64
	Text string
}

// Range is where Y may lie.
type Range struct{ Low, High float64 }

// Shape is how a line is drawn.
type Shape int

// The shapes.
const (
	Curve  Shape = iota // joined by straight lines
	Step                // each value holds until the next one, the last to the end of the axis
	Points              // by themselves
	Bars                // from the base; those of several lines stand side by side, in their order
)

// CDF is the share of values that are at most x, as steps from 0 to 1.
func CDF(name string, values []float64) Line {
	sorted := slices.Sorted(slices.Values(values))
	line := Line{Name: name, Shape: Step}
	for i, v := range sorted {
		if i == 0 {
			line.Points = append(line.Points, Point{v, 0})
		}
		if i+1 == len(sorted) || sorted[i+1] != v {
			line.Points = append(line.Points, Point{v, float64(i+1) / float64(len(sorted))})
		}
	}
	return line
}

// Check tells why a chart can't be drawn.
func (c *Chart) Check() error {
	err := errors.Join(c.checkText(), c.X.check("x"), c.Y.check("y"))
	if !slices.ContainsFunc(c.Lines, func(l Line) bool { return len(l.Points) > 0 }) {
		err = errors.Join(err, errors.New("no line has points"))
	}
	if len(c.Y.Names) > 0 {
		err = errors.Join(err, errors.New("only the x axis can have names"))
	}
	for i := range c.Lines {
		err = errors.Join(err, c.checkLine(&c.Lines[i]))
	}
	if err != nil {
		return fmt.Errorf("chart %q: %w", c.Name, err)
	}
	return nil
}

func (c *Chart) checkText() error {
	var err error
	for _, text := range []struct{ what, is string }{
		{"name", c.Name}, {"title", c.Title}, {"label on the x axis", c.X.Label}, {"label on the y axis", c.Y.Label},
	} {
		if text.is == "" {
			err = errors.Join(err, errors.New("no "+text.what))
		}
	}
	for _, r := range c.Name {
		plain := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_'
		if !plain {
			return errors.Join(err, errors.New("the name is that of a file: letters, digits, - and _ only"))
		}
	}
	return err
}

func (a *Axis) check(which string) error {
	switch {
	case !finite(a.Min) || !finite(a.Max):
		return fmt.Errorf("%s axis: its ends are not numbers that can be drawn: %v to %v", which, a.Min, a.Max)
	case a.open():
	case a.Min >= a.Max:
		return fmt.Errorf("%s axis: it ends at %v, where it begins at %v", which, a.Max, a.Min)
	case a.Max-a.Min <= 1e-9*max(math.Abs(a.Min), math.Abs(a.Max)):
		return fmt.Errorf("%s axis: its ends %v and %v are too near to each other", which, a.Min, a.Max)
	case a.Log && a.Min <= 0:
		return fmt.Errorf("%s axis: a logarithmic one can't begin at %v", which, a.Min)
	}
	if a.Log && len(a.Names) > 0 {
		return fmt.Errorf("%s axis: it has names, so it can't be logarithmic", which)
	}
	return nil
}

// open tells that the data say where the axis ends.
func (a *Axis) open() bool { return a.Min == 0 && a.Max == 0 }

func (c *Chart) checkLine(l *Line) error {
	switch {
	case l.Name == "":
		return errors.New("a line has no name")
	case len(l.Points) == 0 && len(l.Gaps) == 0:
		return fmt.Errorf("line %q: no points", l.Name)
	case l.Shape < Curve || l.Shape > Bars:
		return fmt.Errorf("line %q: no such shape: %d", l.Name, l.Shape)
	case l.Shape != Bars && len(l.Labels)+len(l.Gaps) > 0:
		return fmt.Errorf("line %q: only bars have labels and gaps", l.Name)
	case len(l.Labels) > 0 && len(l.Labels) != len(l.Points):
		return fmt.Errorf("line %q: %d labels for %d points", l.Name, len(l.Labels), len(l.Points))
	case len(l.Ranges) > 0 && len(l.Ranges) != len(l.Points):
		return fmt.Errorf("line %q: %d ranges for %d points", l.Name, len(l.Ranges), len(l.Points))
	}
	for i, p := range l.Points {
		if err := c.checkPoint(p); err != nil {
			return fmt.Errorf("line %q, point %d: %w", l.Name, i, err)
		}
		if x := c.X; l.Shape == Bars && !x.open() && (p.X < x.Min || p.X > x.Max) {
			return fmt.Errorf("line %q, point %d: a bar at %v is not on the x axis, which goes from %v to %v", l.Name, i, p.X, x.Min, x.Max)
		}
	}
	for i, r := range l.Ranges {
		if err := errors.Join(c.Y.checkValue(r.Low), c.Y.checkValue(r.High)); err != nil {
			return fmt.Errorf("line %q, range %d: %w", l.Name, i, err)
		}
	}
	return nil
}

func (c *Chart) checkPoint(p Point) error {
	if err := errors.Join(c.X.checkValue(p.X), c.Y.checkValue(p.Y)); err != nil {
		return err
	}
	if n := len(c.X.Names); n > 0 && (p.X != math.Trunc(p.X) || p.X < 0 || int(p.X) >= n) {
		return fmt.Errorf("x is %v, and there are %d names", p.X, n)
	}
	return nil
}

func (a *Axis) checkValue(v float64) error {
	switch {
	case !finite(v):
		return fmt.Errorf("%v is not a number that can be drawn", v)
	case a.Log && v <= 0:
		return fmt.Errorf("%v can't be on a logarithmic axis", v)
	}
	return nil
}

// finite leaves room for sums and products.
func finite(v float64) bool { return math.Abs(v) < 1e100 && (v == 0 || math.Abs(v) > 1e-100) }
