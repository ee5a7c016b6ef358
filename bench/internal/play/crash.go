package play

import (
	"errors"
	"fmt"
	"time"
)

var errTelling = errors.New("the library did not take the update in time")

// crash ends members without a goodbye and waits until the views of the survivors are right.
func crash(r *run, victims int) {
	if !r.grown() {
		return
	}
	r.board.Reset()
	r.crash("", max(victims, 1))
	r.countFalse()
}

// crash notes its figures under names that begin with prefix. The victims are spread over the numbers; the seed lives.
func (r *run) crash(prefix string, victims int) {
	live := r.live()
	var dead []int
	for k := range victims {
		dead = append(dead, live[(2*k+1)*len(live)/(2*victims)])
	}
	members := r.take(dead...)
	survivors := r.live()
	r.board.End(dead...)
	r.board.Expect(false, survivors, dead)
	gate := r.board.Exact()
	begin := time.Now()
	for _, m := range members {
		// It waits for goroutines of the library, which may take a while: the sockets are closed before that.
		go func() { _ = m.Crash() }()
	}
	exact := r.wait(gate)
	right := r.board.Right(begin, survivors)
	r.quantile(prefix+"first", right, 0)
	r.quantile(prefix+"half", right, 0.5)
	if exact {
		r.value(prefix+"all", r.since(begin))
	} else {
		r.cut(prefix+"all", "%d of %d right", finite(right), len(survivors))
	}
}

// lossy is the scenario of so many percent of packets lost.
func lossy(name string, percent int) Scenario {
	return Scenario{
		Name: name, Title: fmt.Sprintf("%d %% of all packets are lost, then one member crashes", percent), Reps: 3, Waits: true,
		play: func(r *run) { loss(r, float64(percent)/100) },
		Metrics: []Metric{
			{Name: "false", Label: "living members removed", Unit: Count},
			{Name: "removals", Label: "removals of them, by all together", Unit: Count},
			{Name: "bytes", Label: "bytes a second and member", Unit: Rate},
			{Name: "packets", Label: "packets a second and member", Unit: Rate},
			{Name: "first", Label: "crash: first survivor right", Unit: Seconds},
			{Name: "half", Label: "crash: half of them", Unit: Seconds},
			{Name: "all", Label: "crash: all of them", Unit: Seconds},
		},
	}
}

// loss lets a settled cluster suffer and counts who is removed although alive; then a member crashes, and those removed
// until that is known count too.
func loss(r *run, share float64) {
	if !r.grown() {
		return
	}
	r.board.Reset()
	r.faults.SetLoss(share)
	begin, sent := time.Now(), r.sent()
	if !r.sleep(r.times.loss) {
		return
	}
	sent = r.sent().Minus(sent)
	per := time.Since(begin).Seconds() * float64(r.n)
	r.value("bytes", float64(sent.Bytes())/per)
	r.value("packets", float64(sent.Packets())/per)
	r.crash("", 1)
	r.countFalse()
	_, removals := r.board.False()
	r.value("removals", float64(removals))
}
