package sim

import "time"

// cores are processors that all members share, as when a whole cluster runs in one process: a turn waits until one of
// them is free, in order of arrival. Without any, each member has a processor of its own.
type cores struct {
	free    []time.Duration // when each is
	waiting []*Node
}

// schedule gives a process its turn, now or when there is a processor for it.
func (w *World) schedule(n *Node) {
	switch {
	case len(w.cores.free) == 0:
		w.turn(n)
	case !n.waits:
		n.waits = true
		w.cores.waiting = append(w.cores.waiting, n)
		w.dispatch()
	}
}

// dispatch gives free processors to those that have waited longest.
func (w *World) dispatch() {
	c := &w.cores
	for i := 0; i < len(c.free) && len(c.waiting) > 0; {
		if c.free[i] > w.now {
			i++
			continue
		}
		n := c.waiting[0]
		c.waiting = c.waiting[1:]
		n.waits = false
		if !n.up || n.still > w.now {
			continue // it is looked at again when it stands no longer still
		}
		w.turn(n)
		c.free[i] = n.busy
		w.At(n.busy-w.now, w.dispatch)
	}
}
