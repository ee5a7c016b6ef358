package spread

import "time"

// A fixed timeout collapses under load: answers come late, requests are repeated, and the repetition is the load.
const (
	firstTimeout = 50 * time.Millisecond // before anything was measured
	leastTimeout = 10 * time.Millisecond
	mostTimeout  = 2 * time.Second
)

// estimate is the smoothed time from a request to its data.
type estimate struct {
	mean time.Duration // 0: none measured
}

func (e *estimate) sample(d time.Duration) {
	if e.mean == 0 {
		e.mean = d
		return
	}
	e.mean += (d - e.mean) / 8
}

// timeout is how long to wait after so many asks in vain: the first timeout is taken for a loss and another member is
// asked as patiently, from the second on the time doubles.
func (e *estimate) timeout(tries int) time.Duration {
	d := firstTimeout
	if e.mean > 0 {
		d = max(leastTimeout, 4*e.mean)
	}
	for ; tries > 1 && d < mostTimeout; tries-- {
		d *= 2
	}
	return min(d, mostTimeout)
}
