package play

import "time"

// partition cuts the network between two halves, keeps it so for a while, and heals it.
func partition(r *run) {
	if !r.grown() {
		return
	}
	live := r.live()
	here, there := live[:len(live)/2], live[len(live)/2:]
	r.board.Reset()
	r.board.Place(1, there...)
	r.board.Expect(false, here, there)
	r.board.Expect(false, there, here)
	gate := r.board.Exact()
	begin := time.Now()
	r.faults.Cut(r.addrs(there))
	if r.wait(gate) {
		r.value("split", r.since(begin))
	} else {
		r.cut("split", "%d of %d right", finite(r.board.Right(begin, live)), len(live))
	}
	if !r.sleep(r.times.parted - time.Since(begin)) {
		return
	}
	r.countFalse()
	r.board.Place(0, there...)
	r.board.Expect(true, here, there)
	r.board.Expect(true, there, here)
	gate = r.board.Exact()
	begin = time.Now()
	r.faults.Cut(nil)
	if r.wait(gate) {
		r.value("heal", r.since(begin))
	} else {
		r.cut("heal", "%d of %d list all", finite(r.board.Right(begin, live)), len(live))
	}
}
