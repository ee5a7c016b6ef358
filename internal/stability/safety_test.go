package stability

import (
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/view"
)

// schedule is one random run: members of three overlapping views change between them and, in the end, may agree.
type schedule struct {
	w      *world
	views  []*view.View
	last   time.Duration // the last change
	final  *view.View    // the view that all its members end in; nil: nobody cares
	forget bool
}

const changesIn = 120 * time.Millisecond

func newSchedule(seed uint64) *schedule {
	n := 1 + int(seed%14)
	all := names(n + 2)
	net := network{
		least: 100 * time.Microsecond, most: time.Millisecond, jitter: 3 * time.Millisecond,
		loss: []float64{0, 0.05, 0.3}[seed/14%3], dup: 0.1, late: 0.03,
	}
	s := &schedule{w: newWorld(seed, net, all)}
	s.views = []*view.View{viewOf(all[:n]...), viewOf(all[:n+1]...), viewOf(append(all[1:n:n], all[n], all[n+1])...)}
	rng := s.w.rng
	s.forget = rng.IntN(4) == 0
	for _, a := range s.w.actors {
		if s.forget {
			a.tree.epochs.limit, a.tree.kept.limit = 1, 1
		}
		if rng.IntN(2) == 0 {
			a.tree.SetRTT(s.w.upTo(10 * time.Millisecond))
		}
	}
	s.change()
	if rng.IntN(10) == 0 {
		a := s.w.actors[rng.IntN(len(s.w.actors))]
		s.w.at(s.last-s.w.upTo(changesIn), a, (*actor).die)
		s.final = nil
	}
	return s
}

// change draws when who changes to what, and perhaps a view in which all its members end.
func (s *schedule) change() {
	w, rng := s.w, s.w.rng
	start := w.now
	s.last = start + changesIn
	switch rng.IntN(4) {
	case 0:
		s.apart(start)
	case 1:
		s.together(start)
	default:
		s.restless(start)
	}
	if rng.IntN(3) == 0 {
		return
	}
	s.final = s.views[rng.IntN(len(s.views))]
	for _, a := range w.actors {
		s.hold(s.last-w.upTo(4*time.Millisecond), a, s.final)
	}
}

func (s *schedule) hold(at time.Duration, a *actor, v *view.View) {
	if v.Find(a.m.ID) != nil {
		s.w.at(at, a, func(a *actor) { a.hold(v) })
	}
}

func (s *schedule) pick() *view.View { return s.views[s.w.rng.IntN(len(s.views))] }

// apart: each member changes a few times, for itself.
func (s *schedule) apart(start time.Duration) {
	for range 1 + s.w.rng.IntN(5) {
		for _, a := range s.w.actors {
			s.hold(start+s.w.upTo(changesIn-5*time.Millisecond), a, s.pick())
		}
	}
}

// together: the members change within a few milliseconds, as when somebody joins and leaves again.
func (s *schedule) together(start time.Duration) {
	waves := 1 + s.w.rng.IntN(5)
	for wave := range waves {
		v := s.pick()
		at := start + time.Duration(wave)*changesIn/time.Duration(waves)
		for _, a := range s.w.actors {
			s.hold(at+s.w.upTo(8*time.Millisecond), a, v)
		}
	}
}

// restless: some members stay, others leave one view and return to it within the time that a message takes.
func (s *schedule) restless(start time.Duration) {
	w, rng := s.w, s.w.rng
	home := s.pick()
	for _, a := range w.actors {
		s.hold(start+w.upTo(5*time.Millisecond), a, home)
		if rng.IntN(3) == 0 {
			continue
		}
		stay := time.Duration(1+rng.IntN(40)) * time.Millisecond
		for at := start + w.upTo(2*stay); at < s.last-5*time.Millisecond; at += w.upTo(stay) + 1 {
			v := home
			if rng.IntN(2) == 0 {
				v = s.pick()
			}
			s.hold(at, a, v)
		}
	}
}

// check runs the schedule with both oracles on every report, then for liveness.
func (s *schedule) check() (reports int, took time.Duration, err error) {
	w := s.w
	w.found = func(a *actor, v *view.View) {
		reports++
		switch {
		case err != nil:
		case !w.heldBefore(v):
			err = fmt.Errorf("%s reports a view that not each member has held", a.m.Name)
		case !w.commonMoment(v):
			err = fmt.Errorf("%s reports a view that never all members held at once", a.m.Name)
		}
	}
	w.run(s.last)
	if err != nil || s.final == nil {
		w.run(s.last + 50*time.Millisecond)
		return reports, 0, err
	}
	for !s.agreed() && w.now < s.last+patience {
		w.run(w.now + time.Millisecond)
	}
	if err == nil && !s.agreed() {
		err = fmt.Errorf("no agreement %v after the last change", patience)
	}
	return reports, w.now - s.last, err
}

// patience is the bound for agreement after the last change: at 30 % loss and with hardly any memory it took
// 1.6 s in the slowest of 100,000 runs.
const patience = 4 * time.Second

func (s *schedule) agreed() bool {
	for _, m := range s.final.All() {
		if !s.w.byID[m.ID].tree.Stable() {
			return false
		}
	}
	return true
}

// schedules is how many random runs the tests make; the environment may ask for more.
func schedules(t *testing.T, few int) int {
	if many, err := strconv.Atoi(os.Getenv("GRAPEVINE_SCHEDULES")); err == nil {
		return many
	}
	if testing.Short() {
		return few / 10
	}
	return few
}

func TestEveryReportHadACommonMoment(t *testing.T) {
	var reports, agreed int
	var slowest, forgetful [3]time.Duration
	n := schedules(t, 3000)
	for seed := range uint64(n) {
		s := newSchedule(seed)
		r, took, err := s.check()
		if err != nil {
			t.Fatalf("seed %d, %d members, loss %v, forgetting %v: %v", seed, len(s.w.actors), s.w.net.loss, s.forget, err)
		}
		reports += r
		if s.final != nil {
			agreed++
			worst := &slowest[seed/14%3]
			if s.forget {
				worst = &forgetful[seed/14%3]
			}
			*worst = max(*worst, took)
		}
	}
	t.Logf("%d schedules, %d reports, all true; %d agreements, the slowest after %v, forgetting %v (loss 0, 5, 30 %%)",
		n, reports, agreed, slowest, forgetful)
}

func TestEveryReportHadACommonMomentInALargerCluster(t *testing.T) {
	for seed := range uint64(schedules(t, 20)) / 4 {
		all := names(102)
		s := &schedule{w: newWorld(seed, network{
			least: 200 * time.Microsecond, most: time.Millisecond, jitter: 3 * time.Millisecond,
			loss: []float64{0, 0.05, 0.3}[seed%3], dup: 0.1, late: 0.03,
		}, all)}
		s.views = []*view.View{viewOf(all[:101]...), viewOf(all...), viewOf(all[1:]...)}
		s.change()
		if _, _, err := s.check(); err != nil {
			t.Fatalf("seed %d, loss %v: %v", seed, s.w.net.loss, err)
		}
	}
}

func TestEqualSeedsGiveEqualRuns(t *testing.T) {
	for seed := range uint64(200) {
		a, b := newSchedule(seed), newSchedule(seed)
		ra, ta, erra := a.check()
		rb, tb, errb := b.check()
		if ra != rb || ta != tb || erra != errb || a.w.seq != b.w.seq || a.w.messages != b.w.messages {
			t.Fatalf("seed %d: %d, %v, %d events and %d, %v, %d events", seed, ra, ta, a.w.seq, rb, tb, b.w.seq)
		}
	}
}
