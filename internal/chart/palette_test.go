package chart

import (
	"math"
	"strconv"
	"strings"
	"testing"
)

// cones maps linear RGB to what it looks like to an eye: with all cones, without those for long, middle and short waves
// (Machado, Oliveira and Fernandes 2009).
var cones = [][9]float64{
	{1, 0, 0, 0, 1, 0, 0, 0, 1},
	{0.152286, 1.052583, -0.204868, 0.114503, 0.786281, 0.099216, -0.003882, -0.048116, 1.051998},
	{0.367322, 0.860646, -0.227968, 0.280085, 0.672501, 0.047413, -0.011820, 0.042940, 0.968881},
	{1.255528, -0.076749, -0.178779, -0.078411, 0.930809, 0.147602, 0.004733, 0.691367, 0.303900},
}

func linear(t *testing.T, colour string) [3]float64 {
	t.Helper()
	var out [3]float64
	for i := range out {
		v, err := strconv.ParseUint(colour[1+2*i:3+2*i], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		c := float64(v) / 255
		if c <= 0.04045 {
			out[i] = c / 12.92
		} else {
			out[i] = math.Pow((c+0.055)/1.055, 2.4)
		}
	}
	return out
}

func multiply(m [9]float64, v [3]float64) [3]float64 {
	var out [3]float64
	for i := range out {
		out[i] = m[3*i]*v[0] + m[3*i+1]*v[1] + m[3*i+2]*v[2]
	}
	return out
}

// oklab is a space in which distances are about as they are seen (Ottosson 2020).
func oklab(v [3]float64) [3]float64 {
	for i := range v {
		v[i] = min(1, max(0, v[i]))
	}
	lms := multiply([9]float64{
		0.4122214708, 0.5363325363, 0.0514459929, 0.2119034982, 0.6806995451, 0.1073969566, 0.0883024619, 0.2817188376, 0.6299787005,
	}, v)
	for i := range lms {
		lms[i] = math.Cbrt(lms[i])
	}
	return multiply([9]float64{
		0.2104542553, 0.7936177850, -0.0040720468, 1.9779984951, -2.4285922050, 0.4505937099, 0.0259040371, 0.7827717662, -0.8086757660,
	}, lms)
}

func seenApart(t *testing.T, a, b string) float64 {
	t.Helper()
	least := math.Inf(1)
	for _, eye := range cones {
		p, q := oklab(multiply(eye, linear(t, a))), oklab(multiply(eye, linear(t, b)))
		least = min(least, math.Hypot(math.Hypot(p[0]-q[0], p[1]-q[1]), p[2]-q[2]))
	}
	return least
}

func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	luminance := func(colour string) float64 {
		v := linear(t, colour)
		return 0.2126*v[0] + 0.7152*v[1] + 0.0722*v[2] + 0.05
	}
	x, y := luminance(a), luminance(b)
	return max(x, y) / min(x, y)
}

// Colours are told apart by every kind of eye, the first four more easily, and they are seen on their page.
func TestColoursAreToldApart(t *testing.T) {
	for name, pick := range map[string]func(shade) string{
		"light": func(s shade) string { return s.light },
		"dark":  func(s shade) string { return s.dark },
	} {
		for i, a := range colours {
			if c := contrast(t, pick(a), pick(page)); c < 3 {
				t.Errorf("%s %d has a contrast of %.1f", name, i, c)
			}
			for j, b := range colours[:i] {
				want := 0.078
				if i < 4 {
					want = 0.12
				}
				if d := seenApart(t, pick(a), pick(b)); d < want {
					t.Errorf("%s: %d and %d are %.3f apart", name, j, i, d)
				}
			}
		}
	}
}

// A dark page has a rule for each class that a light one has, and paper is always light.
func TestStyleSheet(t *testing.T) {
	light, dark, ok := strings.Cut(styleSheet, "@media screen and (prefers-color-scheme:dark)")
	if n := strings.Count(light, "{color:#"); !ok || n != len(colours)+4 || strings.Count(dark, "{color:#") != n {
		t.Error(styleSheet)
	}
}
