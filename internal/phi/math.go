package phi

import "math"

// The assembly of math.Exp and math.Log differs between processors in the last bit, and a trace must not. The series
// below use a fixed order of additions and products that are rounded one by one (float64() forbids fusing them), so
// they give the same bits everywhere. Frexp and Ldexp only move bits, Sqrt is rounded correctly by IEEE 754.

const (
	ln2      = 0x1.62e42fefa39efp-1
	log10E   = 0x1.bcb7b1526e50ep-2
	sqrtHalf = 0x1.6a09e667f3bcdp-1
)

// ln is the natural logarithm of a finite x > 0, to 4 units in the last place for x away from 1 and to 1e-16 beside it.
func ln(x float64) float64 {
	m, e := math.Frexp(x) // 0.5 <= m < 1
	if m < sqrtHalf {
		m, e = 2*m, e-1
	}
	s := (m - 1) / (m + 1) // |s| < 0.172, so the term after the last is below 1e-17
	q := float64(s * s)
	sum := 0.0
	for k := 21; k >= 1; k -= 2 {
		sum = float64(sum*q) + 1/float64(k)
	}
	return float64(2*float64(s*sum)) + float64(float64(e)*ln2)
}

// Log10 is the decimal logarithm of a finite x > 0, with a relative error below 1e-14 (absolute beside 1).
func Log10(x float64) float64 { return float64(ln(x) * log10E) }

// Exp is e to the x with a relative error below 1e-13; 0 below -700 and +Inf above 700.
func Exp(x float64) float64 {
	switch {
	case x < -700:
		return 0
	case x > 700:
		return math.Inf(1)
	}
	k := math.Floor(x/ln2 + 0.5)
	r := x - float64(k*ln2) // |r| < 0.35, so the term after the last is below 1e-18
	sum := 1.0
	for i := 15; i >= 1; i-- {
		sum = 1 + float64(sum*r)/float64(i)
	}
	return math.Ldexp(sum, int(k))
}
