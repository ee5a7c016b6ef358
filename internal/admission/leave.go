package admission

import (
	"net/netip"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// leave is a farewell: first two neighbours must hold this member's last words, then two must acknowledge its end.
type leave struct {
	started time.Duration
	next    time.Duration
	telling bool
	acks    map[uint64]bool
	rounds  int
	done    bool
}

const (
	leaveWitnesses = 2
	leaveSync      = 500 * time.Millisecond // wait no longer for the last words to arrive
	leaveEvery     = 100 * time.Millisecond
	leaveRounds    = 40
)

// Leave begins the farewell.
func (d *Door) Leave(now time.Duration) {
	if d.leave != nil {
		return
	}
	d.attempt, d.seek = nil, nil
	clear(d.window)
	d.windowEnd = 0
	d.st.ReleaseAll(now)
	d.leave = &leave{started: now, next: now, acks: map[uint64]bool{}}
	d.tickLeave(now)
}

func (d *Door) tickLeave(now time.Duration) {
	l := d.leave
	if l.done || now < l.next {
		return
	}
	others := d.st.View().Len() - 1
	want := min(leaveWitnesses, others)
	if len(l.acks) >= want || l.rounds >= leaveRounds {
		l.done, l.next = true, 0
		return
	}
	if !l.telling {
		l.telling = d.host.Synced(d.st.Self.Space.Max(), want) || now-l.started >= leaveSync
	}
	if l.telling {
		l.rounds++
		d.tellEnd()
	}
	l.next = now + leaveEvery
	if !l.telling {
		l.next = now + leaveEvery/10
	}
}

// tellEnd sends this member's own end to its neighbours, and to somebody at random in case they are all gone.
func (d *Door) tellEnd() {
	self := d.st.Self.Record
	end := wire.Ends{Ends: []wire.End{{Name: self.Name, Life: self.Life, Cause: wire.Left}}}
	v := d.st.View()
	near := v.Neighbors(d.self)
	if d.leave.rounds > 2 {
		near = append(near, v.At(d.rng.IntN(v.Len())))
	}
	for _, m := range near {
		if m.ID != d.self {
			d.host.Send(m, end)
		}
	}
}

// LeaveAcked notes that somebody holds this member's end.
func (d *Door) LeaveAcked(now time.Duration, from uint64, a wire.LeaveAck) {
	if l := d.leave; l != nil && !l.done && a.Tag == wire.Tag(d.self, d.st.Self.Record.Life) {
		l.acks[from] = true
		if len(l.acks) >= min(leaveWitnesses, d.st.View().Len()-1) {
			l.next = now
			d.tickLeave(now)
		}
	}
}

// Farewell answers a member that announces its own end.
func (d *Door) Farewell(to netip.AddrPort, e wire.End) {
	if m := d.st.FindName(e.Name); m != nil && m.End.Life.Compare(e.Life) >= 0 {
		d.host.SendTo(to, wire.LeaveAck{Tag: wire.Tag(m.ID, e.Life)})
	}
}

// receiveLeaving answers what still comes: nobody is admitted any more.
func (d *Door) receiveLeaving(from netip.AddrPort, m wire.Message) {
	if _, ok := m.(wire.Join); ok && !d.leave.done {
		d.refuse(from, wire.Refuse{Reason: wire.RefusedBusy})
	}
}
