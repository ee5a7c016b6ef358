package play

import (
	"context"
	"sync"
	"time"
)

// churnEvery is the time between two events.
const churnEvery = 500 * time.Millisecond

// churn lets a new member join and another leave in turn. A member counts as one that all are to list from the moment at
// which it is told to start until it is told to leave.
func churn(r *run) {
	if !r.grown() {
		return
	}
	ctx, cancel := context.WithTimeout(r.ctx, r.times.churn+r.times.cutOff)
	defer cancel()
	var wg sync.WaitGroup
	r.board.Reset()
	sent, begin, events := r.sent(), time.Now(), 0
	tick := time.NewTicker(churnEvery)
	defer tick.Stop()
	for time.Since(begin) < r.times.churn {
		if events%2 == 0 {
			r.join(ctx, &wg)
		} else {
			r.leave(ctx, &wg)
		}
		events++
		select {
		case <-tick.C:
		case <-ctx.Done():
			r.fail(ctx.Err())
			return
		}
	}
	exact, _ := r.board.Shares()
	r.value("exact", exact.Seconds()/time.Since(begin).Seconds())
	last := time.Now()
	if r.wait(r.board.Exact()) {
		r.value("settle", r.since(last))
	} else {
		all := r.all()
		r.cut("settle", "%d of %d right", finite(r.board.Right(last, all)), len(all))
	}
	_, stale := r.board.Shares()
	r.value("stale", stale/float64(events*r.n))
	r.value("bytes", float64(r.sent().Minus(sent).Bytes())/float64(events))
	r.countFalse()
	cancel()
	wg.Wait()
}

func (r *run) join(ctx context.Context, wg *sync.WaitGroup) {
	seeds, index := r.seeds(), r.next
	r.next++
	r.expect(index)
	// One that can't start is one whom the others don't list: it shows in the figures.
	wg.Go(func() { _ = r.start(ctx, index, seeds) })
}

// leave lets the oldest but the seed go.
func (r *run) leave(ctx context.Context, wg *sync.WaitGroup) {
	live := r.live()
	if len(live) < 3 {
		return
	}
	who := live[1]
	m := r.take(who)[0]
	r.board.End(who)
	r.board.Expect(false, r.all(), []int{who})
	wg.Go(func() { _ = m.Leave(ctx) })
}
