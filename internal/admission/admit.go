package admission

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/store"
	"github.com/grapevine-gossip/grapevine/internal/view"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// joiner is somebody who asked and was noted.
type joiner struct {
	record wire.Record
	from   netip.AddrPort // where its JOIN came from
	side   size           // the view it comes from
	since  time.Duration
	told   time.Duration // when it was last answered
	reach  *reach
}

// onJoin is the admitter's side of the door.
func (d *Door) onJoin(now time.Duration, from netip.AddrPort, h wire.Header, j wire.Join) {
	self := d.st.Self.Record
	if j.Record.Name == self.Name && j.Record.Life.Boot == self.Life.Boot {
		d.host.SendTo(from, d.waitMessage(now, from)) // myself: I am one of my own seeds
		return
	}
	if h.From.ID != wire.ID(j.Record.Name) {
		return
	}
	if j.Record.MinVersion > wire.MaxVersion || j.Record.MaxVersion < wire.MinVersion {
		d.refuse(from, wire.Refuse{Reason: wire.RefusedVersion})
		return
	}
	if j.Probe {
		d.onProbe(now, from, j)
		return
	}
	if d.mute(now) {
		d.refuse(from, wire.Refuse{Reason: wire.RefusedBusy})
		return
	}
	if j.Raised && d.sharesView(from, h) {
		d.host.SendTo(from, d.waitMessage(now, from)) // it was ended elsewhere, not here: there is nothing to let it into
		return
	}
	if a := d.attempt; a != nil && !d.crossing(a, from, j) {
		w := d.waitMessage(now, from)
		w.Elsewhere = a.targets[0]
		d.host.SendTo(from, w)
		return
	}
	if theirs, mine := (size{j.Size, j.View}), d.size(); theirs.members > 1 && theirs.compare(mine) > 0 {
		d.sendNotice(now, from, d.st.FindName(j.Record.Name))
		return
	}
	if r, refused := d.judge(now, j); refused {
		d.refuse(from, r)
		return
	}
	d.note(now, from, j)
}

// onProbe answers somebody who is still choosing. A member that is alone too learns of the asker in return.
func (d *Door) onProbe(now time.Duration, from netip.AddrPort, j wire.Join) {
	w := d.waitMessage(now, j.Record.Addr)
	if d.attempt != nil {
		w.Elsewhere = d.attempt.targets[0]
	}
	if d.mute(now) {
		w.Size = 1
	}
	d.host.SendTo(from, w)
	if theirs := (size{j.Size, j.View}); theirs.members > 1 && theirs.compare(d.size()) > 0 && d.attempt == nil && !d.mute(now) {
		d.sendNotice(now, from, d.st.FindName(j.Record.Name))
	}
}

// crossing settles two members that ask each other at once: the smaller of the two goes on.
func (d *Door) crossing(a *attempt, from netip.AddrPort, j wire.Join) bool {
	if a.targets[0] != from && a.targets[0] != j.Record.Addr {
		return false
	}
	if (size{j.Size, j.View}).compare(d.size()) > 0 {
		return false
	}
	d.attempt = nil
	d.settled = true
	return true
}

func (d *Door) waitMessage(now time.Duration, to netip.AddrPort) wire.Wait {
	return wire.Wait{
		In:         d.waitIn(now),
		Size:       d.size().members,
		Boot:       d.st.Self.Record.Life.Boot,
		Mutual:     slices.Contains(d.seeds, to),
		MinVersion: wire.MinVersion,
		MaxVersion: wire.MaxVersion,
	}
}

// waitIn is about how long a joiner has to wait. A storm may last as long again as it has, and who asks again meanwhile makes it
// longer.
func (d *Door) waitIn(now time.Duration) time.Duration {
	if d.windowEnd == 0 {
		return windowFor
	}
	in := max(d.windowEnd-now, 0) + time.Duration(len(d.window))*perJoiner + d.host.Lag()
	if len(d.window) >= stormFrom {
		in += max(min(now-d.openedAt, d.openedAt+stormFor-now), 0)
	}
	return in
}

func (d *Door) refuse(to netip.AddrPort, r wire.Refuse) { d.host.SendTo(to, r) }

// judge refuses what can be refused without asking anybody.
func (d *Door) judge(now time.Duration, j wire.Join) (wire.Refuse, bool) {
	self := d.st.Self.Record
	if j.Record.Name == self.Name {
		if j.Record.Life.Generation <= self.Life.Generation {
			return wire.Refuse{Reason: wire.RefusedKnown, Known: self.Life}, true
		}
		return wire.Refuse{Reason: wire.RefusedNameTaken, Known: self.Life, Addr: self.Addr}, true
	}
	m := d.st.FindName(j.Record.Name)
	if m == nil {
		return wire.Refuse{}, false
	}
	if m.InView() && m.Record.Life == j.Record.Life {
		return wire.Refuse{}, false
	}
	known := m.Record.Life
	if m.End.Life.Compare(known) > 0 {
		known = m.End.Life
	}
	if _, low := raise(j.Record, known); low || j.Record.Life.Compare(known) <= 0 {
		return wire.Refuse{Reason: wire.RefusedKnown, Known: known}, true
	}
	if wait := d.keptOut(now, j.Record); wait > 0 {
		return wire.Refuse{Reason: wire.RefusedOften, Known: known, Wait: wait}, true
	}
	return wire.Refuse{}, false
}

// keptOut is how long a process that failed often is still to stay out.
func (d *Door) keptOut(now time.Duration, r wire.Record) time.Duration {
	wait := d.st.KeptOut(now, r.Name, r.Life)
	return (wait + time.Millisecond - 1).Truncate(time.Millisecond)
}

// note puts the joiner into the window and has its reach checked.
func (d *Door) note(now time.Duration, from netip.AddrPort, j wire.Join) {
	id := wire.ID(j.Record.Name)
	if m := d.st.Find(id); m != nil && m.InView() && m.Record.Life == j.Record.Life {
		d.rosters.Again(now, d.st.View(), m.View()) // its roster was lost
		return
	}
	if old, ok := d.window[id]; ok && old.record == j.Record {
		if old.told <= now-d.host.Lag() { // else that was sent before the answer came, and waited here
			d.tellToWait(now, from, old)
		}
		return
	}
	if len(d.window) >= maxWindow {
		d.refuse(from, wire.Refuse{Reason: wire.RefusedBusy})
		return
	}
	n := &joiner{record: j.Record, from: from, side: size{j.Size, j.View}, since: now}
	d.window[id] = n
	n.reach = d.startReach(now, n)
	if d.windowEnd == 0 {
		d.openedAt = now
	}
	if end := now + d.windowLength(now, n); d.windowEnd == 0 || end < d.windowEnd {
		d.windowEnd = end
	}
	d.notedAt = now
	d.tellToWait(now, from, n)
}

// tellToWait answers a joiner that was noted.
func (d *Door) tellToWait(now time.Duration, from netip.AddrPort, n *joiner) {
	n.told = now
	d.host.SendTo(from, d.waitMessage(now, n.record.Addr))
}

// windowLength is short for a single joiner at a settled cluster: nobody else is coming.
func (d *Door) windowLength(now time.Duration, n *joiner) time.Duration {
	if len(d.window) == 1 && n.side.members <= 1 && d.lastDoor > 0 && now-d.lastDoor > time.Second {
		return 5 * time.Millisecond
	}
	return windowFor
}

// tickWindow commits, as one change of view, everybody whose reach is confirmed.
func (d *Door) tickWindow(now time.Duration) {
	if d.windowEnd == 0 || now < d.windowEnd {
		return
	}
	if d.attempt != nil || d.mute(now) || len(d.window) == 0 {
		clear(d.window)
		d.windowEnd = 0
		return
	}
	if until := d.openUntil(now); until > now {
		d.windowEnd = until
		return
	}
	d.windowEnd = now + windowFor/2
	if !d.settled {
		return
	}
	var able, in []*joiner
	for _, id := range sortedKeys(d.window) {
		j := d.window[id]
		switch d.verdict(now, j) {
		case reached:
			able = append(able, j)
		case refused:
			delete(d.window, id)
		}
	}
	for _, j := range able {
		if !d.sideWaits(now, j) {
			in = append(in, j)
		}
	}
	d.commit(now, in)
	if len(d.window) == 0 {
		d.windowEnd = 0
	}
}

// openUntil is until when the window is kept open for more. After a storm that is until its list should have come to all: who
// does not hold the view yet misses the news of more, and stragglers who come singly are a view each.
func (d *Door) openUntil(now time.Duration) time.Duration {
	if d.stormy(now) {
		return now + stormPause
	}
	return d.listBy
}

// stormy reports whether joiners still come in so fast that the window is better kept open: each view more is one that all
// of them have to learn.
func (d *Door) stormy(now time.Duration) bool {
	pause := stormPause + d.host.Lag() // more of them may wait to be handled
	return len(d.window) >= stormFrom && now-d.notedAt < pause && now-d.openedAt < stormFor
}

// sideWaits reports whether others of the joiner's old view are still to come, so that all go in together.
func (d *Door) sideWaits(now time.Duration, j *joiner) bool {
	if j.side.members <= 1 || now-j.since > sideFor {
		return false
	}
	here := uint32(0)
	for _, o := range d.window {
		if o.side == j.side && o.reach.state == reached {
			here++
		}
	}
	return here < j.side.members
}

func (d *Door) commit(now time.Duration, in []*joiner) {
	if len(in) == 0 {
		return
	}
	many := d.many(len(in))
	var before []*view.Member // neighbours, who are told of a list
	if many {
		before = d.st.View().Neighbors(d.self)
	}
	for _, j := range in {
		d.st.MergeRecord(now, j.record, 0, many)
		delete(d.window, wire.ID(j.record.Name))
	}
	d.lastDoor, d.openedAt = now, now
	if len(in) >= stormFrom {
		d.listBy = now + listWithin + time.Duration(len(in))*listEach
	}
	v := d.st.View()
	var joiners []*view.Member
	for _, j := range in {
		if m := v.Find(wire.ID(j.record.Name)); m != nil { // else the end of that life was here already: it will be told so
			joiners = append(joiners, m)
		}
	}
	d.rosters.Give(now, v, joiners)
	if len(before) > 0 && len(joiners) > 0 {
		d.tellOf(d.rosters.List(now, joiners), before, nil)
	}
}

func sortedKeys[V any](m map[uint64]V) []uint64 {
	keys := make([]uint64, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, cmp.Compare)
	return keys
}

// holder is where the name's present process is, if it is in the view and can't simply have been restarted in place.
func holder(m *store.Member, r wire.Record) netip.AddrPort {
	if m == nil || !m.InView() || m.Record.Life.SameProcess(r.Life) || m.Record.Addr == r.Addr {
		return netip.AddrPort{}
	}
	return m.Record.Addr
}
