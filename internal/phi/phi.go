// Package phi is the accrual estimator: how improbable it is that a healthy member has been silent for so long.
//
// Hayashibara et al. 2004 derive phi from the age of the last heartbeat, so a single lost heartbeat of a punctual
// sender convicts it. Here phi is a sum over unanswered probes, each of which may have been lost: a probe never counts
// for more than -log10 of the probability that a healthy member's answer is lost. phi tends to infinity with the number
// of probes, not with one probe's age, and more probes are needed where more are lost.
package phi

import (
	"math"
	"slices"
	"time"
)

// MinDeviation is the least standard deviation of answer times that is reckoned with: schedulers and collectors of
// garbage make pauses of this order that a short window has not seen.
const MinDeviation = 10 * time.Millisecond

// Times is a window of the newest answer times. Sums are whole microseconds, so the order of arrival leaves no trace.
type Times struct {
	ring  []uint32 // µs; grows to size
	size  int
	next  int
	sum   int64 // µs
	sumSq int64 // µs²
}

// NewTimes makes a window of so many samples.
func NewTimes(size int) Times { return Times{size: size} }

// maxTime bounds a sample, so that no sum over a window of up to 1000 samples can overflow.
const maxTime = 5 * time.Second

// Add puts in a sample in the place of the oldest.
func (t *Times) Add(d time.Duration) {
	us := uint32(min(max(d, 0), maxTime).Microseconds())
	if len(t.ring) < t.size {
		t.ring = append(t.ring, us)
	} else {
		t.account(t.ring[t.next], -1)
		t.ring[t.next] = us
	}
	t.account(us, 1)
	if t.next++; t.next == t.size {
		t.next = 0
	}
}

func (t *Times) account(us uint32, sign int64) {
	t.sum += sign * int64(us)
	t.sumSq += sign * int64(us) * int64(us)
}

// Len is the number of samples held.
func (t *Times) Len() int { return len(t.ring) }

// Mean is the mean of the samples; 0 when there is none.
func (t *Times) Mean() time.Duration {
	if t.Len() == 0 {
		return 0
	}
	return time.Duration(t.sum/int64(t.Len())) * time.Microsecond
}

// Deviation is the standard deviation of the samples, at least MinDeviation and a quarter of the mean.
func (t *Times) Deviation() time.Duration {
	least := max(MinDeviation, t.Mean()/4)
	n := int64(t.Len())
	if n < 2 {
		return least
	}
	variance := float64(n*t.sumSq-t.sum*t.sum) / float64(n*n)
	return max(least, time.Duration(math.Sqrt(variance))*time.Microsecond)
}

// Quantile is the least sample that a share q of all does not exceed; 0 when there is none.
func (t *Times) Quantile(q float64) time.Duration {
	n := t.Len()
	if n == 0 {
		return 0
	}
	us := uint32(0)
	if i := int(math.Ceil(float64(q*float64(n)))) - 1; i >= n-1 {
		us = slices.Max(t.ring)
	} else {
		sorted := slices.Clone(t.ring)
		slices.Sort(sorted)
		us = sorted[max(i, 0)]
	}
	return time.Duration(us) * time.Microsecond
}

// Later is the probability that an answer which is not lost takes longer than age: the upper tail of the normal
// distribution (section IV-C of the paper), by the logistic approximation, whose error is below 2e-4. With no sample
// it is 0: nothing is known that would excuse.
func (t *Times) Later(age time.Duration) float64 {
	if t.Len() == 0 {
		return 0
	}
	z := float64(age-t.Mean()) / float64(t.Deviation())
	z = min(max(z, -8), 8)
	cube := float64(float64(z*z) * z)
	return 1 / (1 + Exp(float64(1.5976*z)+float64(0.070566*cube)))
}

// Probe is what one unanswered probe adds to phi: -log10 of the probability that a healthy member had not answered
// by now, when a share loss of probes is lost and the others are later than now with probability later.
func Probe(loss, later float64) float64 {
	return max(0, -Log10(loss+float64((1-loss)*later)))
}

// Of is phi of an edge whose unanswered probes are so old.
func Of(ages []time.Duration, t *Times, loss float64) float64 {
	sum := 0.0
	for _, age := range ages {
		sum += Probe(loss, t.Later(age))
	}
	return sum
}

// Needed is how many probes that stay unanswered for long bring phi to the threshold.
func Needed(threshold, loss float64) int {
	return max(1, int(math.Ceil(threshold/Probe(loss, 0))))
}
