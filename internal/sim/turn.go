package sim

import (
	"time"

	"github.com/grapevine-gossip/grapevine/internal/gossip"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// turn does what the loop of the real runtime does in one: it takes all that is ready, lets the machine do what is due,
// and carries out what it says. Processor time passes meanwhile; what is said leaves at the end of the turn. Nothing
// that arrives during a turn has part in it, so to handle it all at the turn's first instant is no cheating.
func (w *World) turn(n *Node) {
	n.Turns++
	at := w.now
	m := n.m
	if n.slept > 0 {
		_, _ = m.Do(n.clock(at), gossip.Paused{For: n.slept}) // it has left: nothing to tell
		w.checkStep(n)
		n.slept = 0
	}
	var lag time.Duration
	for range turnMost {
		if n.inbox.n == 0 {
			break
		}
		it := n.inbox.pop()
		lag = max(lag, at-it.at)
		at += n.cost(len(it.data))
		w.handle(n, at, it)
	}
	w.finish(n, at, lag)
}

// finish is the part of a turn after all that was ready has been taken.
func (w *World) finish(n *Node, at, lag time.Duration) {
	m := n.m
	m.SetLag(n.clock(at), lag)
	if now := n.clock(at); m.Next() <= now {
		m.Tick(now)
		w.checkStep(n)
	}
	w.fill(n, at)
	out := m.Ready()
	at += n.slow(n.host.PerSend * time.Duration(len(out.Packets)))
	w.carryOut(n, at, out)
	w.checkTurn(n, out)
	n.busy = at
	next := m.Next() - n.offset
	w.checkTimer(n, at, next)
	n.due = max(next, at, w.now+time.Microsecond)
	if n.inbox.n > 0 {
		n.due = max(at, w.now+1)
	}
	n.arm(n.due)
}

// handle gives one item to the machine.
func (w *World) handle(n *Node, at time.Duration, it item) {
	now := n.clock(at)
	switch it.what {
	case itemPacket:
		n.Received.Packets++
		n.Received.Bytes += uint64(len(it.data))
		w.trace.packet(w.now, n, it.src, it.data)
		n.m.Step(now, AddrPort(it.src), it.data)
		w.checkFrame(n, it.data)
		w.net.recycle(it.data)
	case itemStream:
		w.handleStream(n, now, it.in)
		w.checkFrame(n, it.data)
	case itemCommand:
		_, _ = n.m.Do(now, it.do) // it was given to a process that stood still: nobody waits for the answer
		w.checkStep(n)
	}
}

// carryOut does what the machine asks for.
func (w *World) carryOut(n *Node, at time.Duration, out *gossip.Output) {
	for _, p := range out.Packets {
		n.Sent.Packets++
		n.Sent.Bytes += uint64(len(p.Data))
		w.Largest = max(w.Largest, len(p.Data))
		if len(p.Data) > wire.MaxDatagram {
			w.violate("datagram_size", n, "a datagram of %d bytes", len(p.Data))
		}
		if n.host.Bandwidth > 0 && n.sending > at+sendQueue {
			w.net.lost++
			continue
		}
		w.send(n, line(at, &n.sending, len(p.Data)+header, n.host.Bandwidth), p.To, p.Data)
	}
	for _, c := range out.Streams {
		w.streamCall(n, at, c)
	}
	changed := n.snap != out.Snapshot
	n.snap = out.Snapshot
	for i := range out.Events {
		e := &out.Events[i]
		n.Counts[e.Kind]++
		w.trace.event(w.now, n, e)
		if w.cfg.KeepEvents {
			n.Events = append(n.Events, *e)
		}
		if w.OnEvent != nil {
			w.OnEvent(n, e)
		}
	}
	if changed {
		if w.OnPublish != nil {
			w.OnPublish(n)
		}
		w.look(n)
	}
}
