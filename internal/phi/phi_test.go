package phi

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

const ms = time.Millisecond

// learned is a window of answer times around mean.
func learned(mean, jitter time.Duration) *Times {
	t := NewTimes(64)
	for i := range 64 {
		t.Add(mean + jitter*time.Duration(i%5-2)/2)
	}
	return &t
}

// silent is phi of a member probed each interval that stopped answering so long ago.
func silent(since, interval time.Duration, t *Times, loss float64) float64 {
	var ages []time.Duration
	for age := since; age >= 0; age -= interval {
		ages = append(ages, age)
	}
	return Of(ages, t, loss)
}

func TestSeriesAgreeWithMath(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.Float64Range(1e-300, 1e300).Draw(t, "x")
		if rapid.Bool().Draw(t, "near 1") {
			x = rapid.Float64Range(0.01, 2).Draw(t, "x near 1")
		}
		if got, want := ln(x), math.Log(x); math.Abs(got-want) > 1e-15+1e-14*math.Abs(want) {
			t.Fatalf("ln(%v) is %v, want %v", x, got, want)
		}
		if got, want := Log10(x), math.Log10(x); math.Abs(got-want) > 1e-15+1e-14*math.Abs(want) {
			t.Fatalf("Log10(%v) is %v, want %v", x, got, want)
		}
		y := rapid.Float64Range(-690, 690).Draw(t, "y")
		if got, want := Exp(y), math.Exp(y); math.Abs(got-want) > 1e-13*want {
			t.Fatalf("Exp(%v) is %v, want %v", y, got, want)
		}
	})
	if Exp(-701) != 0 || !math.IsInf(Exp(701), 1) || Exp(0) != 1 || ln(1) != 0 {
		t.Error("ends of the range")
	}
}

// The bits are pinned: every processor must compute these.
func TestSeriesHaveTheSameBitsEverywhere(t *testing.T) {
	for _, c := range []struct {
		got  float64
		want uint64
	}{
		{Log10(0.05), 0xbff4d104d427de7f},
		{Exp(-1.5976), 0x3fc9e7a457644248},
		{learned(3*ms, 2*ms).Later(25 * ms), 0x3f8c1d5e6d97b182},
	} {
		if math.Float64bits(c.got) != c.want {
			t.Errorf("%v has the bits %#x, want %#x", c.got, math.Float64bits(c.got), c.want)
		}
	}
}

// Hayashibara, section III, asymptotic completeness: if the process is faulty, the suspicion level tends to infinity as
// time goes to infinity.
func TestSuspicionTendsToInfinityAfterACrash(t *testing.T) {
	times := learned(1*ms, 1*ms)
	for _, loss := range []float64{0.05, 0.3, 0.75} {
		for level := 8.0; level <= 1024; level *= 2 {
			// A level takes level / -log10(loss) probes, so a second each.
			after := time.Duration(level/-math.Log10(loss)+2) * time.Second
			if got := silent(after, time.Second, times, loss); got < level {
				t.Errorf("loss %v: phi after %v is %v, below %v", loss, after, got, level)
			}
		}
	}
}

// Hayashibara, section III, upper bound: the process is correct if and only if the suspicion level is bounded. (It
// falls back to zero at each answer: TestAnAnswerResetsPhi of package detector.)
func TestSuspicionOfTheLivingIsBounded(t *testing.T) {
	times := learned(20*ms, 10*ms)
	// At most three probes in a row are lost, and each is answered within 100 ms otherwise.
	bound := 4 * Probe(0.1, 0)
	for since := time.Duration(0); since <= 3*time.Second+100*ms; since += 10 * ms {
		if got := silent(since, time.Second, times, 0.1); got > bound {
			t.Errorf("phi after %v is %v", since, got)
		}
	}
}

// Hayashibara, section III, eventual monotony: if the process is faulty, the level only rises from some time on.
func TestSuspicionIsMonotoneInSilence(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		times := NewTimes(16)
		for range rapid.IntRange(1, 40).Draw(t, "samples") {
			times.Add(time.Duration(rapid.Int64Range(0, int64(time.Second)).Draw(t, "answer time")))
		}
		loss := rapid.Float64Range(0.05, 0.75).Draw(t, "loss")
		last := 0.0
		for since := time.Duration(0); since < 3*time.Second; since += 37 * ms {
			got := silent(since, 500*ms, &times, loss)
			if got < last || math.IsNaN(got) {
				t.Fatalf("phi falls from %v to %v after %v", last, got, since)
			}
			last = got
		}
	})
}

// Hayashibara, section IV: the distribution is estimated from a window of past arrivals, so the detector adapts to the
// network: the same silence means less where answers take longer.
func TestSuspicionAdaptsToTheInterval(t *testing.T) {
	fast, slow := learned(1*ms, 1*ms), learned(400*ms, 200*ms)
	if f, s := silent(300*ms, 100*ms, fast, 0.05), silent(300*ms, 100*ms, slow, 0.05); f < 4 || s > 1 {
		t.Errorf("after 300 ms phi is %v on a fast link and %v on a slow one", f, s)
	}
	// and catches up when the link changes: a window later it has forgotten what it knew.
	for range 64 {
		slow.Add(1 * ms)
	}
	if s := silent(300*ms, 100*ms, slow, 0.05); s < 4 {
		t.Errorf("phi is %v after the link became fast", s)
	}
}

func TestOneLostPacketDoesNotConvict(t *testing.T) {
	times := learned(1*ms, 0)
	for _, age := range []time.Duration{time.Second, time.Minute, time.Hour} {
		if got := Of([]time.Duration{age}, times, 0.05); got >= 8 {
			t.Errorf("one probe lost %v ago on a link without jitter gives phi %v", age, got)
		}
	}
	if n := Needed(8, 0.05); n != 7 {
		t.Errorf("%d probes accuse on a clean link", n)
	}
	for _, loss := range []float64{0.05, 0.1, 0.3, 0.5, 0.75} {
		n := Needed(8, loss)
		if p := math.Pow(loss, float64(n)); p > 1e-8 || p < 1e-8*loss {
			t.Errorf("loss %v: %d probes, all lost with probability %v", loss, n, p)
		}
	}
}

func TestWindowForgetsTheOldest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.IntRange(1, 20).Draw(t, "size")
		all := rapid.SliceOfN(rapid.Int64Range(0, 2_000_000), 1, 60).Draw(t, "µs")
		times := NewTimes(size)
		for _, us := range all {
			times.Add(time.Duration(us) * time.Microsecond)
		}
		kept := all[max(0, len(all)-size):]
		var sum, sq float64
		for _, us := range kept {
			sum += float64(us)
			sq += float64(us) * float64(us)
		}
		n := float64(len(kept))
		mean, dev := sum/n, math.Sqrt(max(0, sq/n-sum/n*sum/n))
		if times.Len() != len(kept) || math.Abs(float64(times.Mean().Microseconds())-mean) > 1 {
			t.Fatalf("%d samples of mean %v, want %d of %v µs", times.Len(), times.Mean(), len(kept), mean)
		}
		if got := float64(times.Deviation().Microseconds()); len(kept) > 1 && got > 10_001 && got > mean/4+1 && math.Abs(got-dev) > 2 {
			t.Fatalf("deviation %v, want %v µs", got, dev)
		}
	})
}

func TestQuantile(t *testing.T) {
	times := NewTimes(100)
	if times.Quantile(0.99) != 0 || times.Mean() != 0 || times.Later(time.Second) != 0 {
		t.Error("an empty window knows something")
	}
	for i := range 100 {
		times.Add(time.Duration(100-i) * ms)
	}
	for _, c := range []struct {
		q    float64
		want time.Duration
	}{{0, ms}, {0.5, 50 * ms}, {0.99, 99 * ms}, {1, 100 * ms}} {
		if got := times.Quantile(c.q); got != c.want {
			t.Errorf("quantile %v is %v, want %v", c.q, got, c.want)
		}
	}
}

func TestLaterFollowsTheNormalTail(t *testing.T) {
	times := learned(100*ms, 100*ms)
	for z := -3.0; z <= 4; z += 0.25 {
		age := times.Mean() + time.Duration(z*float64(times.Deviation()))
		if got, want := times.Later(age), math.Erfc(z/math.Sqrt2)/2; math.Abs(got-want) > 2e-4 {
			t.Errorf("z=%v: %v, want %v", z, got, want)
		}
	}
}
