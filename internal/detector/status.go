package detector

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/phi"
	"github.com/grapevine-gossip/grapevine/internal/view"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// Edge is the state of one watched member.
type Edge struct {
	Name        string
	ID          uint64
	Phi         float64       // including the probe that is still open
	RTT         time.Duration // smoothed; 0: none measured
	RTT99       time.Duration
	LossTo      float64 // share of the last probes unanswered
	LossFrom    float64 // share of the member's own probes of this one unanswered, as it reports
	Outstanding int     // probes unanswered since the last answer
}

// AppendEdges appends the watched members, sorted by id.
func (d *Detector) AppendEdges(out []Edge, now time.Duration) []Edge {
	for _, e := range d.edges {
		if !e.watched {
			continue
		}
		s := Edge{
			Name: e.m.Name, ID: e.m.ID, Phi: d.shownPhi(now, e), RTT: e.rtt, RTT99: e.times.Quantile(0.99),
			LossTo: e.results.loss(), Outstanding: len(e.silent),
		}
		if n := int(e.heardHere) + int(e.missedHere); n > 0 {
			s.LossFrom = float64(e.missedHere) / float64(n)
		}
		out = append(out, s)
	}
	return out
}

// shownPhi counts the newest probe even before this member's own link is proven. What it finds is not kept: who looks
// must not change what is seen.
func (d *Detector) shownPhi(now time.Duration, of *edge) float64 {
	if len(of.silent) == 0 {
		return 0
	}
	e := new(*of)
	e.silent = slices.Clone(of.silent)
	since := now - keepProbes
	if e.burst != nil {
		since = e.burst.began
	}
	loss := d.lossFor(e, since)
	p := d.phiOf(now, e, loss)
	if newest := len(e.silent) - 1; !d.provenSilence(e, newest) {
		p += phi.Probe(loss, d.timesOf(e).Later(now-e.silent[newest].sent))
	}
	if e.accused != nil && !e.accused.grey {
		p = max(p, e.accused.phi)
	}
	return p
}

// Suspects are the members of the view that somebody accuses, sorted.
func (d *Detector) Suspects() []uint64 { return slices.Sorted(maps.Keys(d.subjects)) }

// Accuses is what this member says of others at present. The slice must not be changed.
func (d *Detector) Accuses() []wire.Suspicion {
	if r := d.rumours[d.self.ID]; r != nil {
		return r.Accused
	}
	return nil
}

// Accusers are those whose accusation of a member counts, sorted by id.
func (d *Detector) Accusers(id uint64) []Accusation {
	s := d.subjects[id]
	if s == nil {
		return nil
	}
	out := make([]Accusation, len(s.accusers))
	for i, v := range s.accusers {
		out[i] = Accusation{ID: v.id, Grey: v.grey}
		if e := d.edge(id); v.id == d.self.ID && e != nil && e.accused != nil {
			out[i].Phi = e.accused.phi
		}
	}
	return out
}

// SlowestRTT is the longest smoothed answer time of the watched members; 0: none was measured.
func (d *Detector) SlowestRTT() (slowest time.Duration) {
	for _, e := range d.edges {
		if e.watched {
			slowest = max(slowest, e.rtt)
		}
	}
	return slowest
}

// LastAnswer is when the last probe of this member was answered, by anybody; 0: never.
func (d *Detector) LastAnswer() time.Duration { return d.answered }

// HeardLately reports whether a packet of that member came within that time.
func (d *Detector) HeardLately(now time.Duration, id uint64, within time.Duration) bool {
	at, ok := d.heard.at(id)
	return ok && now-at <= within
}

// RecentlyHeard lists up to n members of the view, the last heard first.
func (d *Detector) RecentlyHeard(n int) []*view.Member {
	return d.heard.last(n, func(*view.Member) bool { return true })
}

// maxHeard is how many members are remembered as heard last.
const maxHeard = 64

// recent holds the members heard last. It is written for every packet, so nothing in it moves, and a search touches
// nothing but ids.
type recent struct {
	ids   []uint64
	heard []hearing // of ids
	count uint64    // of notes
}

type hearing struct {
	m     *view.Member
	at    time.Duration
	count uint64 // of notes, when it was made
}

func (r *recent) note(now time.Duration, m *view.Member) {
	i := slices.Index(r.ids, m.ID)
	if i < 0 {
		i = r.place()
	}
	r.count++
	r.ids[i], r.heard[i] = m.ID, hearing{m, now, r.count}
}

// place is where another member can be noted: in the place of the one heard longest ago, if there are many.
func (r *recent) place() int {
	if n := len(r.ids); n < maxHeard {
		r.ids, r.heard = append(r.ids, 0), append(r.heard, hearing{})
		return n
	}
	oldest := 0
	for i := range r.heard {
		if r.heard[i].count < r.heard[oldest].count {
			oldest = i
		}
	}
	return oldest
}

func (r *recent) at(id uint64) (time.Duration, bool) {
	if i := slices.Index(r.ids, id); i >= 0 {
		return r.heard[i].at, true
	}
	return 0, false
}

// last lists up to n members that fit, the last heard first.
func (r *recent) last(n int, fits func(*view.Member) bool) []*view.Member {
	all := slices.Clone(r.heard)
	slices.SortFunc(all, func(a, b hearing) int { return cmp.Compare(b.count, a.count) })
	var out []*view.Member
	for _, h := range all {
		if len(out) == n {
			break
		}
		if fits(h.m) {
			out = append(out, h.m)
		}
	}
	return out
}

// keep follows the view.
func (r *recent) keep(v *view.View) {
	kept := 0
	for _, h := range r.heard {
		if m := v.Find(h.m.ID); m != nil && m.Tag == h.m.Tag {
			h.m = m
			r.ids[kept], r.heard[kept] = m.ID, h
			kept++
		}
	}
	clear(r.heard[kept:])
	r.ids, r.heard = r.ids[:kept], r.heard[:kept]
}
