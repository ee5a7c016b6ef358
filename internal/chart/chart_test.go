package chart

import (
	"math"
	"slices"
	"strings"
	"testing"
)

func sound() Chart {
	return Chart{
		Name: "a", Title: "a", X: Axis{Label: "x"}, Y: Axis{Label: "y"},
		Lines: []Line{{Name: "a", Points: []Point{{1, 1}, {2, 2}}}},
	}
}

func TestCheckSaysWhatIsWrong(t *testing.T) {
	if c := sound(); c.Check() != nil {
		t.Fatal(c.Check())
	}
	for _, tc := range []struct {
		spoil func(*Chart)
		want  string
	}{
		{func(c *Chart) { c.Name = "" }, "no name"},
		{func(c *Chart) { c.Name = "../a" }, "letters, digits"},
		{func(c *Chart) { c.Title = "" }, "no title"},
		{func(c *Chart) { c.X.Label = "" }, "no label on the x axis"},
		{func(c *Chart) { c.Y.Label = "" }, "no label on the y axis"},
		{func(c *Chart) { c.Lines = nil }, "no line has points"},
		{func(c *Chart) { c.Lines[0].Name = "" }, "a line has no name"},
		{func(c *Chart) { c.Lines[0].Points = nil }, `line "a": no points`},
		{func(c *Chart) { c.Lines[0].Shape = 9 }, "no such shape"},
		{func(c *Chart) { c.Lines[0].Points[1].Y = math.NaN() }, `line "a", point 1: NaN is not a number`},
		{func(c *Chart) { c.Lines[0].Points[1].X = math.Inf(1) }, "+Inf is not a number"},
		{func(c *Chart) { c.Y.Log = true; c.Lines[0].Points[0].Y = 0 }, "point 0: 0 can't be on a logarithmic axis"},
		{func(c *Chart) { c.X.Log = true; c.X.Max = 3 }, "can't begin at 0"},
		{func(c *Chart) { c.X.Min = 3 }, "ends at 0"},
		{func(c *Chart) { c.Y.Max = math.Inf(1) }, "y axis: its ends are not numbers"},
		{func(c *Chart) { c.X.Names = []string{"n"} }, "there are 1 names"},
		{func(c *Chart) { c.Y.Names = []string{"n"} }, "only the x axis"},
		{func(c *Chart) { c.Lines[0].Labels = []string{"a", "b"} }, "only bars have labels"},
		{func(c *Chart) { c.Lines[0].Shape = Bars; c.Lines[0].Labels = []string{"a"} }, "1 labels for 2 points"},
		{func(c *Chart) { c.Lines[0].Ranges = []Range{{1, 2}} }, "1 ranges for 2 points"},
		{func(c *Chart) { c.Y.Log = true; c.Lines[0].Ranges = []Range{{0, 1}, {1, 2}} }, "range 0: 0 can't"},
	} {
		c := sound()
		tc.spoil(&c)
		if err := c.Check(); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%v, want it to say %q", err, tc.want)
		}
	}
}

func TestCDFCountsEachValueOnce(t *testing.T) {
	values := []float64{3, 1, 3, 2}
	got := CDF("a", values)
	want := []Point{{1, 0}, {1, 0.25}, {2, 0.5}, {3, 1}}
	if got.Shape != Step || !slices.Equal(got.Points, want) {
		t.Errorf("%v", got)
	}
	if values[0] != 3 {
		t.Error("it sorted what it was given")
	}
}
