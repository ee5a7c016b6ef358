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
	reach  *reach
}

// onJoin is the admitter's side of the door.
func (d *Door) onJoin(now time.Duration, from netip.AddrPort, h wire.Header, j wire.Join) {
	self := d.st.Self.Record
	if j.Record.Name == self.Name && j.Record.Life.Boot == self.Life.Boot {
		d.host.SendTo(from, d.waitMessage(from)) // myself: I am one of my own seeds
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
	if a := d.attempt; a != nil && !d.crossing(a, from, j) {
		w := d.waitMessage(from)
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
	w := d.waitMessage(j.Record.Addr)
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

func (d *Door) waitMessage(to netip.AddrPort) wire.Wait {
	return wire.Wait{
		In:         windowFor,
		Size:       d.size().members,
		Boot:       d.st.Self.Record.Life.Boot,
		Mutual:     slices.Contains(d.seeds, to),
		MinVersion: wire.MinVersion,
		MaxVersion: wire.MaxVersion,
	}
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
		d.sendRoster(now, j.Record.Addr, id) // its roster was lost
		return
	}
	if old, ok := d.window[id]; ok && old.record == j.Record {
		d.host.SendTo(from, d.waitMessage(j.Record.Addr))
		return
	}
	if len(d.window) >= maxWindow {
		d.refuse(from, wire.Refuse{Reason: wire.RefusedBusy})
		return
	}
	n := &joiner{record: j.Record, from: from, side: size{j.Size, j.View}, since: now}
	d.window[id] = n
	n.reach = d.startReach(now, n)
	if end := now + d.windowLength(now, n); d.windowEnd == 0 || end < d.windowEnd {
		d.windowEnd = end
	}
	d.host.SendTo(from, d.waitMessage(j.Record.Addr))
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
	for _, j := range in {
		d.st.MergeRecord(now, j.record, 0, false)
		delete(d.window, wire.ID(j.record.Name))
	}
	d.lastDoor = now
	r := &rosterSent{parts: rosterOf(d.st.View()), at: now}
	for _, j := range in {
		d.rosters[wire.ID(j.record.Name)] = r
		d.sendRoster(now, j.record.Addr, wire.ID(j.record.Name))
	}
}

// rosterSent is the view into which a window of joiners was taken, in parts. A joiner that asks again, because parts were
// lost, is given the same parts: those of another view would not fit to what it has.
type rosterSent struct {
	parts []wire.Roster
	at    time.Duration
}

// rosterFor is how long a roster is kept for those who ask again.
const rosterFor = 10 * time.Second

func (d *Door) sendRoster(now time.Duration, to netip.AddrPort, id uint64) {
	r := d.rosters[id]
	if r == nil || now-r.at > rosterFor {
		r = &rosterSent{parts: rosterOf(d.st.View()), at: now}
		d.rosters[id] = r
	}
	for _, part := range r.parts {
		d.host.SendTo(to, part)
	}
}

// rosterOf cuts a view into parts that fit into a datagram each.
func rosterOf(v *view.View) []wire.Roster {
	var parts [][]wire.Record
	var part []wire.Record
	room := 0
	for _, m := range v.All() {
		n := wire.RecordSize(m.Record)
		if n > room {
			if part != nil {
				parts = append(parts, part)
			}
			part, room = nil, wire.MaxSection-rosterOverhead
		}
		part = append(part, m.Record)
		room -= n
	}
	parts = append(parts, part)
	out := make([]wire.Roster, len(parts))
	for i, lives := range parts {
		out[i] = wire.Roster{
			View: v.Hash(), Part: uint32(i), Parts: uint32(len(parts)), Count: uint32(v.Len()), Lives: lives,
		}
	}
	return out
}

// rosterOverhead is a Roster section without its lives: hash and three counts.
const rosterOverhead = 8 + 3*5 + wire.MaxListOverhead

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
