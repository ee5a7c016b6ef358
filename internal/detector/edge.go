package detector

import (
	"math/bits"
	"slices"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/phi"
	"github.com/grapevine-gossip/grapevine/internal/view"
)

const (
	edgeWindow   = 16                     // answer times of one edge: a minute and a half of regular probes
	pooledWindow = 64                     // answer times of all members: about a minute
	ownTimes     = 8                      // an edge with fewer answers is judged by those of all members
	minPatience  = 100 * time.Millisecond // a probe is a miss after so long at the soonest
	maxPatience  = 2 * time.Second
	newPatience  = 250 * time.Millisecond // while no answer time is known at all
	maxSilent    = 128                    // unanswered probes that phi is summed over
)

// edge is what this member knows of one that it watches or accuses.
type edge struct {
	m       *view.Member
	watched bool
	nextAt  time.Duration // the next turn; 0: none
	soonAt  time.Duration // a probe beside the turns; 0: none
	repeats int           // probes repeated because the member does not know this one yet

	times      phi.Times
	rtt        time.Duration // smoothed
	ever       bool          // a probe of this life of the member was ever answered
	answered   time.Duration // when the newest answer came
	eased      time.Duration // when a relayed probe was answered last
	silent     []silence     // probes unanswered since either
	missRow    int           // proven misses since then
	results    window        // the newest probes, answered or not
	loss       longRun
	heardHere  uint8 // how many of the member's own probes of this one were answered, as it reports
	missedHere uint8

	burst     *burst
	accused   *accused
	past      []time.Duration // when this edge was accused within the last minute
	suspected time.Duration   // when others' accusations of the member began to count; 0: none does
	vouching  bool
}

// silence is one unanswered probe. proven is kept once found: the log forgets.
type silence struct {
	sent   time.Duration
	due    time.Duration
	proven bool
}

// window is the last 32 outcomes; the newest is bit 0, a set bit is an answer.
type window struct {
	bits uint32
	n    int
}

const windowSize = 32

func (w *window) add(ok bool) {
	w.bits <<= 1
	if ok {
		w.bits |= 1
	}
	w.n = min(w.n+1, windowSize)
}

// answer adds an answer; a late one turns the newest miss into it.
func (w *window) answer(late bool) {
	if late {
		w.bits |= w.bits + 1
		return
	}
	w.add(true)
}

func (w *window) answers() int { return bits.OnesCount32(w.bits) }

// loss is the share of misses; 0 while there is no outcome.
func (w *window) loss() float64 {
	if w.n == 0 {
		return 0
	}
	return float64(w.n-w.answers()) / float64(w.n)
}

func (d *Detector) find(id uint64) (int, bool) { return slices.BinarySearch(d.ids, id) }

// edge gives the edge to a member, or nil.
func (d *Detector) edge(id uint64) *edge {
	if i, ok := d.find(id); ok {
		return d.edges[i]
	}
	return nil
}

// edgesNow gives the edges as they are now, for loops that may end with one edge fewer.
func (d *Detector) edgesNow() []*edge {
	d.scratch = append(d.scratch[:0], d.edges...)
	return d.scratch
}

func (d *Detector) addEdge(m *view.Member) *edge {
	i, ok := d.find(m.ID)
	if !ok {
		d.ids = slices.Insert(d.ids, i, m.ID)
		d.edges = slices.Insert(d.edges, i, &edge{m: m, times: phi.NewTimes(edgeWindow)})
	}
	return d.edges[i]
}

func (d *Detector) dropEdge(id uint64) {
	if i, ok := d.find(id); ok {
		d.ids = slices.Delete(d.ids, i, i+1)
		d.edges = slices.Delete(d.edges, i, i+1)
	}
}

// updateEdges follows the view: edges to former lives go, new neighbours are watched, accused ones stay accused.
func (d *Detector) updateEdges(now time.Duration) {
	kept := d.edges[:0]
	d.ids = d.ids[:0]
	lost := false
	for _, e := range d.edges {
		m := d.v.Find(e.m.ID)
		if m == nil || m.Tag != e.m.Tag {
			lost = lost || e.accused != nil || e.vouching
			continue
		}
		e.m = m
		e.watched = e.watched && slices.ContainsFunc(d.near, func(n *view.Member) bool { return n.ID == m.ID })
		kept = append(kept, e)
		d.ids = append(d.ids, m.ID)
	}
	clear(d.edges[len(kept):])
	d.edges = kept
	for _, m := range d.near {
		e := d.edge(m.ID)
		if e == nil {
			e = d.addEdge(m)
			if s := d.subjects[m.ID]; s != nil && s.accusedByOthers(d.self.ID) {
				e.suspected = now
			}
		}
		if !e.watched {
			e.watched = true
			e.nextAt = now + 1 + d.within(d.turns()/2)
		}
	}
	for _, e := range d.edgesNow() {
		if !e.watched {
			e.burst = nil
			lost = lost || e.vouching
			e.vouching = false
			if e.accused == nil {
				d.dropEdge(e.m.ID)
			}
		}
	}
	if lost {
		d.ownChanged(now)
	}
}

// patience is how long an answer is waited for before the probe is a miss: mean and four deviations (RFC 6298). Each
// probe has its own number, so Karn's ambiguity does not arise, and late answers stretch it.
func (d *Detector) patience(e *edge) time.Duration {
	t := d.timesOf(e)
	if t.Len() == 0 {
		return newPatience
	}
	return min(max(t.Mean()+4*t.Deviation(), minPatience), maxPatience)
}

// timesOf gives the answer times by which an edge is judged.
func (d *Detector) timesOf(e *edge) *phi.Times {
	if e != nil && e.times.Len() >= ownTimes {
		return &e.times
	}
	return &d.times
}

// smooth keeps the displayed answer time: an eighth of each new one (RFC 6298).
func (e *edge) smooth(rtt time.Duration) {
	if e.rtt == 0 {
		e.rtt = rtt
		return
	}
	e.rtt += (rtt - e.rtt) / 8
}

// sentTo notes that a probe went out.
func (e *edge) sentTo(now, due time.Duration) {
	if len(e.silent) == maxSilent {
		e.silent = slices.Delete(e.silent, 0, maxSilent/4)
	}
	e.silent = append(e.silent, silence{sent: now, due: due})
}

// phiOf sums phi over the unanswered probes of an edge that were sent while this member's own link was proven.
func (d *Detector) phiOf(now time.Duration, e *edge, loss float64) float64 {
	times, sum := d.timesOf(e), 0.0
	for i := range e.silent {
		if d.provenSilence(e, i) {
			sum += phi.Probe(loss, times.Later(now-e.silent[i].sent))
		}
	}
	return sum
}

func (d *Detector) provenSilence(e *edge, i int) bool {
	s := &e.silent[i]
	if !s.proven {
		s.proven = d.log.proven(e.m.ID, s.sent)
	}
	return s.proven
}

// misses counts the unanswered probes that are overdue and proven.
func (d *Detector) misses(now time.Duration, e *edge) int {
	n := 0
	for i := range e.silent {
		if e.silent[i].due <= now && d.provenSilence(e, i) {
			n++
		}
	}
	return n
}

// edgeAnswered handles the answer to a probe of an edge's member.
func (d *Detector) edgeAnswered(now time.Duration, e *edge, p probe, before outcome) {
	e.ever, e.answered = true, now
	e.silent, e.missRow = e.silent[:0], 0
	if p.purpose != errand && before != void {
		e.results.answer(before == missed)
		if before == missed {
			e.loss.late()
		}
		e.loss.answered()
	}
	if e.accused != nil {
		d.accusedAnswered(now, e, p)
		return
	}
	if e.burst != nil {
		if p.purpose != errand {
			d.weighAnswer(e, p, before == missed)
		}
		d.answerBurst(now, e)
	}
	if e.suspected > 0 && p.sent >= e.suspected {
		d.vouch(now, e)
	}
}

// edgeMissed handles a probe of an edge's member whose time is over.
func (d *Detector) edgeMissed(now time.Duration, e *edge, p probe) {
	e.results.add(false)
	e.loss.missed()
	if e.accused != nil {
		if p.sent >= e.accused.began {
			d.tried(now, e, false)
		}
		return
	}
	if e.vouching && p.sent >= e.answered && d.log.proven(p.to, p.sent) { // so a vouch can't outlive a crash
		e.missRow++
		if e.missRow >= vouchMisses {
			d.unvouch(now, e)
		}
	}
	if e.burst == nil && p.purpose == regular && p.sent >= max(e.answered, e.eased) && e.watched {
		if d.Late(now) {
			e.soonAt = sooner(e.soonAt, d.lateUntil+d.within(d.interval)) // its next turn may be seconds after that
		} else if !d.out {
			d.startBurst(now, e)
		}
	}
	if e.burst != nil {
		d.weighMiss(now, e, p)
	}
}
