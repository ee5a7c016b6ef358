package play

import (
	"context"
	"math"
	"slices"
	"time"
)

// bootstrap starts all at once. The seed is there a moment earlier: the others need its address.
func bootstrap(r *run) {
	ctx, cancel := context.WithTimeout(r.ctx, r.times.cutOff)
	defer cancel()
	all := span(0, r.n)
	stable := r.board.AwaitStable(r.n, r.n)
	r.board.Expect(true, all, all)
	r.board.Place(0, all...)
	r.board.Watch(true, all...)
	begin := time.Now()
	if err := r.start(ctx, 0, nil); err != nil {
		r.fail(err)
		return
	}
	seeds := r.seeds()
	for _, i := range all[1:] {
		// One that can't start is one that does not list all: it shows in the figure.
		go func() { _ = r.start(ctx, i, seeds) }()
	}
	exact := r.wait(r.board.Exact())
	right := r.board.Right(begin, all)
	r.quantile("half", right, 0.5)
	if exact {
		r.value("all", r.since(begin))
	} else {
		r.cut("all", "%d of %d list all", finite(right), r.n)
	}
	r.value("bytes", float64(r.sent().Bytes()))
	r.countFalse()
	if !r.lib.Stability {
		return
	}
	if exact && r.wait(stable) {
		r.value("stable", r.board.StableAt().Sub(begin).Seconds())
	} else {
		r.cut("stable", "not all were told")
	}
}

// since is how long after begin all views became right.
func (r *run) since(begin time.Time) float64 {
	at := r.board.ExactAt()
	if at.IsZero() { // they were, and one is no longer
		return time.Since(begin).Seconds()
	}
	return max(at.Sub(begin).Seconds(), 0)
}

// quantile notes the share-th of times; +Inf counts as not reached.
func (r *run) quantile(metric string, seconds []float64, share float64) {
	slices.Sort(seconds)
	v := seconds[max(int(math.Ceil(share*float64(len(seconds))))-1, 0)]
	if math.IsInf(v, 1) {
		r.cut(metric, "%d of %d", finite(seconds), len(seconds))
		return
	}
	r.value(metric, v)
}

func finite(values []float64) int {
	n := 0
	for _, v := range values {
		if !math.IsInf(v, 1) {
			n++
		}
	}
	return n
}

func (r *run) countFalse() {
	members, _ := r.board.False()
	r.value("false", float64(members))
}
