package detector

import (
	"math"
	"slices"
	"time"
)

const (
	minLoss   = 0.05 // what is reckoned with on the best of links: one lost packet never convicts
	maxLoss   = 0.75 // beyond it more probes would be needed than a burst can send
	lossTries = 4    // probes of others in a burst before their share of misses counts
)

// longRun is the loss of an edge over its last few dozen probes. Misses count when an answer follows them: a crashed
// member's silence is not loss.
type longRun struct {
	misses, tries float64 // decaying sums
	pending       int     // misses since the last answer
}

const (
	lossMemory = 1.0 / 32 // weight of one probe
	lossPrior  = 2        // tries without a miss that an edge starts with
)

func (l *longRun) missed() { l.pending = min(l.pending+1, windowSize) }

// late turns the newest miss into an answer.
func (l *longRun) late() { l.pending = max(l.pending-1, 0) }

func (l *longRun) answered() {
	for ; l.pending > 0; l.pending-- {
		l.add(1)
	}
	l.add(0)
}

func (l *longRun) add(miss float64) {
	l.misses = float64(l.misses*(1-lossMemory)) + miss
	l.tries = float64(l.tries*(1-lossMemory)) + 1
}

func (l *longRun) share() float64 { return l.misses / (l.tries + lossPrior) }

// lossFor is the loss by which the silence of e is judged, in a burst that began at since: what this member sees on its
// other edges, in the long run or now. Never this edge's own loss alone: a grey member would become immortal.
func (d *Detector) lossFor(e *edge, since time.Duration) float64 {
	return min(max(d.medianLoss(), d.lossSince(e.m.ID, since), minLoss), maxLoss)
}

// Loss is the share of probes that get no answer, on the median of the watched edges.
func (d *Detector) Loss() float64 { return min(max(d.medianLoss(), minLoss), maxLoss) }

// medianLoss is the median of the long-run loss over the watched edges.
func (d *Detector) medianLoss() float64 {
	var buf [16]float64
	shares := buf[:0]
	for _, e := range d.edges {
		if e.watched {
			shares = append(shares, e.loss.share())
		}
	}
	if len(shares) == 0 {
		return 0
	}
	slices.Sort(shares)
	low, high := shares[(len(shares)-1)/2], shares[len(shares)/2]
	return (low + high) / 2
}

// lossSince is the share of unanswered probes since then, among the members other than id that answered at least once
// since.
func (d *Detector) lossSince(id uint64, since time.Duration) float64 {
	tries, misses := d.triesSince(id, since, math.MaxInt64)
	if tries < lossTries {
		return 0
	}
	return float64(misses) / float64(tries)
}

// lossAtMost is more than the loss of others since then by a standard deviation of what was tried: for what must not be
// said of a network that is only beginning to be known. Only probes whose time is over count: answers come before misses.
func (d *Detector) lossAtMost(now time.Duration, e *edge, since time.Duration) float64 {
	tries, misses := d.triesSince(e.m.ID, since, now)
	n := float64(tries + 2)
	share := float64(misses+1) / n // Laplace's rule: none of three is not none
	share += math.Sqrt(float64(share*(1-share)) / n)
	return min(max(d.lossFor(e, since), share), maxLoss)
}

// triesSince counts the probes since then that were due at that time, and those unanswered, of the members other than id
// that answered at least once since.
func (d *Detector) triesSince(id uint64, since, due time.Duration) (tries, misses int) {
	sent := d.log.since(since)
	var buf [32]uint64
	alive := buf[:0]
	for i := range sent {
		p := &sent[i]
		if p.outcome == answered && p.purpose != relaying && p.to != id && !slices.Contains(alive, p.to) && len(alive) < cap(alive) {
			alive = append(alive, p.to)
		}
	}
	for i := range sent {
		p := &sent[i]
		if p.purpose == relaying || p.due > due || p.outcome != answered && p.outcome != missed || !slices.Contains(alive, p.to) {
			continue
		}
		tries++
		if p.outcome == missed {
			misses++
		}
	}
	return tries, misses
}
