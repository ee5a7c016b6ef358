package sim

import (
	"time"

	"github.com/grapevine-gossip/grapevine/internal/gossip"
)

// bounds checks that nothing grows without limit (bounded_queues), and that no packet is made that is larger than a
// datagram may be (datagram_size): it would be lost each time.
type bounds struct{ idle }

const (
	mostPerMember = 64           // packets of one turn, for each member known
	mostPackets   = 2 * turnMost // and beside: an answer or two to each packet of a turn, which may come from strangers
	mostStreams   = 512          // open at once: those that others opened, and those to every member that something is pulled from
)

func (bounds) step(w *World, n *Node, o *observed) {
	if most := mostPackets + mostPerMember*o.is.Known; o.is.Outbox > most {
		w.violate("bounded_queues", n, "%d packets wait to be sent, with %d members known", o.is.Outbox, o.is.Known)
	}
	if o.is.Streams > mostStreams {
		w.violate("bounded_queues", n, "%d streams are open", o.is.Streams)
	}
	if o.is.Unsendable > 0 {
		w.violate("datagram_size", n, "it made a packet that is too large to be sent")
	}
}

func (bounds) turn(w *World, n *Node, _ *gossip.Output) {
	if len(n.streams) > mostStreams {
		w.violate("bounded_queues", n, "%d streams are open", len(n.streams))
	}
}

// mostSpins is how many turns in a row may leave something to do at once.
const mostSpins = 1000

// checkTimer checks that a machine which has done what was due waits for what is due next (timers_advance): else it would
// keep a processor busy for nothing.
func (w *World) checkTimer(n *Node, at, next time.Duration) {
	if next > at || w.checkers == nil {
		n.spins = 0
		return
	}
	if n.spins++; n.spins == mostSpins {
		w.violate("timers_advance", n, "after %d turns in a row it has something to do at once", mostSpins)
	}
}

// streaming is a member that has streams which do not end, though they have nothing to carry any more; nil: nobody.
func (w *World) streaming() (open *Node) {
	if w.checkers == nil {
		return nil
	}
	for range 6 {
		open = nil
		for _, n := range w.ActiveNodes() {
			if w.checkers.of[n].is.Streams > 0 {
				open = n
			}
		}
		if open == nil {
			break
		}
		w.Run(quietFor)
	}
	return open
}
