package grapevine

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/gossip"
	"github.com/grapevine-gossip/grapevine/internal/publish"
)

// loop owns the machine. Other goroutines send it datagrams, stream frames and functions; it sends nobody anything that
// could make it wait.
type loop struct {
	node     *Node
	packets  *packetQueue
	batch    []*datagram // taken and being handled
	alarm    alarm
	calls    chan call
	streams  *streamTable
	overflow atomic.Uint64 // datagrams that found the queue full
	unread   atomic.Uint64 // errors of the transport's ReadFrom
	lag      time.Duration // how long the longest waiting datagram of this turn waited
	lastTurn time.Time     // wall and monotonic, to notice that the machine slept
}

// call is a function to run on the loop; done closes when what it changed is published.
type call struct {
	run  func()
	done chan struct{}
}

const (
	callQueue = 64
	turnMost  = 512 // packets taken in one turn, so that calls and timers get theirs
)

func (l *loop) init(n *Node) {
	l.node = n
	l.packets = newPacketQueue()
	l.alarm = alarm{clock: n.cfg.Clock}
	l.calls = make(chan call, callQueue)
	l.streams = newStreamTable(n)
	l.lastTurn = n.cfg.Clock.Now()
}

// call runs f on the loop and waits until it ran and was published.
func (l *loop) call(ctx context.Context, f func()) error {
	if l.node == nil || l.node.closed() {
		return ErrClosed
	}
	c := call{f, make(chan struct{})}
	select {
	case l.calls <- c:
	case <-l.node.quit:
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-c.done:
		return nil
	case <-l.node.stopped:
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}

// run turns until Close: it takes all that is ready, lets the machine do what is due, and carries out what it says.
func (l *loop) run() {
	n := l.node
	defer close(n.stopped)
	defer l.streams.closeAll()
	var waiting []chan struct{}
	for {
		waiting = waiting[:0]
		select {
		case <-n.quit:
			return
		case <-l.packets.ready:
			l.noticeSleep()
		case c := <-l.calls:
			l.noticeSleep()
			c.run()
			waiting = append(waiting, c.done)
		case e := <-l.streams.events:
			l.noticeSleep()
			l.streams.handle(e)
		case <-l.alarm.after(max(n.machine.Next()-n.now(), 0)):
			l.noticeSleep()
		}
		waiting = l.drain(waiting)
		n.machine.SetLag(n.now(), l.lag)
		l.lag = 0
		if now := n.now(); n.machine.Next() <= now {
			n.machine.Tick(now)
		}
		l.streams.fill()
		n.publish(n.machine.Ready())
		for _, done := range waiting {
			close(done)
		}
	}
}

// drain takes what else is ready, within bounds.
func (l *loop) drain(waiting []chan struct{}) []chan struct{} {
	l.batch = l.packets.take(l.batch[:0], turnMost)
	for _, p := range l.batch {
		l.step(p)
	}
	if clear(l.batch); cap(l.batch) > keepPackets {
		l.batch = nil
	}
	for range turnMost {
		select {
		case c := <-l.calls:
			c.run()
			waiting = append(waiting, c.done)
		case e := <-l.streams.events:
			l.streams.handle(e)
		default:
			return waiting
		}
	}
	return waiting
}

// alarm is Clock.After for the loop, which waits a thousand times: of the system's clock it uses one timer again and again.
type alarm struct {
	clock Clock
	timer *time.Timer
}

func (a *alarm) after(d time.Duration) <-chan time.Time {
	switch {
	case a.clock != Clock(systemClock{}):
		return a.clock.After(d)
	case a.timer == nil:
		a.timer = time.NewTimer(d)
	default:
		a.timer.Reset(d)
	}
	return a.timer.C
}

func (l *loop) step(p *datagram) {
	l.lag = max(l.lag, l.node.cfg.Clock.Now().Sub(p.at))
	l.node.machine.Step(l.node.now(), p.from, p.b[:p.n])
	datagrams.Put(p)
}

// noticeSleep compares the wall clock with the monotonic one, which on Linux stands still while the machine sleeps. Both
// are of this process alone. It comes first in a turn: what was sent to a sleeper must be read as one who woke reads it.
func (l *loop) noticeSleep() {
	now := l.node.cfg.Clock.Now()
	slept := now.Round(0).Sub(l.lastTurn.Round(0)) - now.Sub(l.lastTurn)
	l.lastTurn = now
	if slept > time.Second {
		_, _ = l.node.machine.Do(l.node.now(), gossip.Paused{For: slept}) // it has left: nothing to tell
	}
}

// publish carries out what the machine says: first the state that readers see, then the packets, then the events.
func (n *Node) publish(out *gossip.Output) {
	if old := n.state.Load(); old == nil || old.snap != out.Snapshot {
		n.state.Store(&published{out.Snapshot, make(chan struct{})})
		if old != nil {
			defer close(old.next)
		}
	}
	for _, p := range out.Packets {
		_ = n.tr.WriteTo(p.Data, p.To) // a loss like any other
	}
	n.loop.streams.carryOut(out.Streams)
	quiet := n.subs.none()
	for _, e := range out.Events {
		n.notice(e)
		if quiet {
			continue
		}
		if ev := n.public(out.Snapshot, e); ev != nil {
			n.subs.offer(ev)
		}
	}
}

// wake lets those that wait for a published state look again, though it is the same.
func (n *Node) wake() {
	old := n.state.Load()
	n.state.Store(&published{old.snap, make(chan struct{})})
	close(old.next)
}

// notice logs what an operator wants to know and keeps what Start and Join wait for.
func (n *Node) notice(e publish.Event) {
	switch e.Kind {
	case publish.EventRefused:
		n.refusals.add(e.Refusal)
		n.wake()
		n.log.refused(e.Refusal)
	case publish.EventNameConflict:
		n.log.superseded(e)
		n.finish(ErrNameTaken)
	default:
		n.log.event(e)
	}
}

// read carries datagrams to the loop. When the loop is behind they are lost, as on any full buffer.
func (l *loop) read() {
	for {
		p := datagrams.Get().(*datagram)
		size, from, err := l.node.tr.ReadFrom(p.b[:])
		if err != nil {
			datagrams.Put(p)
			if errors.Is(err, net.ErrClosed) {
				return
			}
			l.unread.Add(1) // some systems report a closed port of somebody else here; the transport paces what stays
			continue
		}
		p.n, p.at, p.from = size, l.node.cfg.Clock.Now(), netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
		if !l.packets.push(p) {
			l.overflow.Add(1)
			datagrams.Put(p)
		}
	}
}
