package play

import (
	"slices"
	"time"

	"github.com/grapevine-gossip/grapevine/bench/internal/board"
	"github.com/grapevine-gossip/grapevine/bench/internal/cluster"
)

func metadata(r *run) {
	r.spread(1, func(m cluster.Member, first int) error { return m.Metadata(first) })
}

func broadcast(r *run) {
	r.spread(1, func(m cluster.Member, first int) error { return m.Publish(first) })
}

// spread has one member tell something and notes when half of the others and all of them have it.
func (r *run) spread(want int, tell func(m cluster.Member, first int) error) {
	u, begin, ok := r.tellOne(want, tell)
	if !ok {
		return
	}
	times := u.Times(begin)
	r.quantile("half", times, 0.5)
	r.quantile("all", times, 1)
}

// burstKeys is how many.
const burstKeys = 1000

func burst(r *run) {
	u, begin, ok := r.tellOne(burstKeys, func(m cluster.Member, first int) error {
		for i := range burstKeys {
			if err := m.Publish(first + i); err != nil {
				return err
			}
		}
		return nil
	})
	if !ok {
		return
	}
	arrived, total := u.Arrived()
	r.quantile("most", []float64{u.Most(begin)}, 1)
	if _, cut := r.result.Reached["most"]; cut {
		r.cut("most", "%d of %d", arrived, total)
	}
	r.quantile("all", u.Times(begin), 1)
	if _, cut := r.result.Reached["all"]; cut {
		r.cut("all", "%d of %d", arrived, total)
	}
	r.value("share", float64(arrived)/float64(total))
	r.result.Values["bytes"] /= burstKeys
}

// Sustained updates come from ten members in turn, at a rate that each library can follow.
const (
	sustainedEvery   = 50 * time.Millisecond
	sustainedTellers = 10
)

func sustained(r *run) {
	want := int(r.times.sustained / sustainedEvery)
	u, _, ok := r.tell(want, sustainedTellers, func(u *board.Updates, tellers []cluster.Member, first int) error {
		tick := time.NewTicker(sustainedEvery)
		defer tick.Stop()
		for i := range want {
			u.Tell(first + i)
			if err := tellers[i%len(tellers)].Publish(first + i); err != nil {
				return err
			}
			select {
			case <-tick.C:
			case <-r.ctx.Done():
				return r.ctx.Err()
			}
		}
		return nil
	})
	if !ok {
		return
	}
	arrived, total := u.Arrived()
	delays := u.Delays()
	r.quantile("half", delays, 0.5)
	r.quantile("most", delays, 0.99)
	r.value("share", float64(arrived)/float64(total))
	r.result.Values["bytes"] /= float64(want)
}

// tellOne has the member in the middle tell something.
func (r *run) tellOne(want int, tell func(m cluster.Member, first int) error) (*board.Updates, time.Time, bool) {
	return r.tell(want, 1, func(_ *board.Updates, tellers []cluster.Member, first int) error {
		return tell(tellers[0], first)
	})
}

// tell has some members tell something to a settled cluster and waits until all others have it, or nothing more comes. It
// notes the bytes beyond what was sent before in the same time. Traffic that follows the last arrival is the update's too,
// so at least as long as base is looked at.
func (r *run) tell(want, count int, tell func(u *board.Updates, tellers []cluster.Member, first int) error) (*board.Updates, time.Time, bool) {
	if !r.grown() {
		return nil, time.Time{}, false
	}
	live := r.live()
	count = min(count, len(live)/2)
	at := len(live)/2 - count/2
	var tellers []cluster.Member
	for _, i := range live[at : at+count] {
		tellers = append(tellers, r.member(i))
	}
	others := slices.Delete(slices.Clone(live), at, at+count)
	before := r.sent()
	if !r.sleep(r.times.base) {
		return nil, time.Time{}, false
	}
	rate := float64(r.sent().Minus(before).Bytes()) / r.times.base.Seconds()
	first := r.told
	r.told += want
	u := r.board.Follow(first, want, others)
	before = r.sent()
	begin := time.Now()
	told := make(chan error, 1)
	go func() { told <- tell(u, tellers, first) }()
	r.arrive(u)
	select {
	case err := <-told:
		if err != nil {
			return nil, begin, r.fail(err)
		}
	case <-time.After(r.times.cutOff):
		return nil, begin, r.fail(errTelling)
	}
	if !r.sleep(r.times.base - time.Since(begin)) {
		return nil, begin, false
	}
	sent := float64(r.sent().Minus(before).Bytes()) - rate*time.Since(begin).Seconds()
	r.value("bytes", max(sent, 0))
	return u, begin, true
}

// arrive waits until all has arrived, the cut-off, or a time in which nothing more came.
func (r *run) arrive(u *board.Updates) {
	limit := time.After(r.times.burst)
	last := -1
	for {
		select {
		case <-u.Done():
			return
		case <-limit:
			return
		case <-r.ctx.Done():
			return
		case <-time.After(r.times.quiet):
			n, _ := u.Arrived()
			if n == last {
				return
			}
			last = n
		}
	}
}
