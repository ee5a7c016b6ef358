package admission

import (
	"maps"
	"net/netip"
	"slices"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/store"
	"github.com/grapevine-gossip/grapevine/internal/view"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// othersEnter is how long the rest of a side may take to enter after one of its members has.
const othersEnter = time.Second

// larger is the other view that this member's side has agreed to join.
type larger struct {
	size     size
	admitter netip.AddrPort
	name     string
}

// Notify tells somebody whose life has ended here, or is another than the one known, how things stand; at most every
// 200 ms per address.
func (d *Door) Notify(now time.Duration, to netip.AddrPort, m *store.Member) {
	if d.leave == nil {
		d.sendNotice(now, to, m)
	}
}

func (d *Door) sendNotice(now time.Duration, to netip.AddrPort, m *store.Member) {
	if t, ok := d.noticed[to]; ok && now-t < noticeEvery {
		return
	}
	if len(d.noticed) >= maxNoticed {
		clear(d.noticed)
	}
	d.noticed[to] = now
	n := wire.Notice{Size: d.size().members, Addrs: d.someAddrs(), Record: d.st.Self.Record, Mute: d.mute(now)}
	if n.Mute {
		n.Size = 1
	}
	if m != nil {
		n.Name = m.Name
		n.Known = m.Record.Life
		if m.End.Life.Compare(n.Known) >= 0 {
			n.Known, n.Ended = m.End.Life, true
		}
	}
	d.host.SendTo(to, n)
}

// someAddrs names members that can be asked if this one falls silent.
func (d *Door) someAddrs() []netip.AddrPort {
	var out []netip.AddrPort
	for _, m := range d.host.RecentlyHeard(wire.MaxAddrs) {
		out = append(out, m.Addr)
	}
	return out
}

// onNotice decides who joins whom.
func (d *Door) onNotice(now time.Duration, from netip.AddrPort, h wire.Header, member *view.Member, n wire.Notice) {
	self := d.st.Self.Record
	if n.Name != "" && n.Name != self.Name {
		return // meant for the former holder of this address
	}
	if !n.Known.IsZero() && !n.Known.SameProcess(self.Life) && n.Known.Generation >= self.Life.Generation {
		if d.admitted && n.Known.Generation > self.Life.Generation && !n.Ended {
			d.host.Supersede(now, n.Known, from)
			return
		}
		if d.st.View().Len() == 1 && d.attempt == nil && d.waiting.until <= now {
			d.beginRaised(now, from, n, "restarted")
			return
		}
	}
	if member != nil {
		d.onFellowNotice(now, from, h, n)
		return
	}
	theirs := size{n.Size, h.View}
	if n.Mute {
		theirs.members = 1
	}
	if j := d.window[h.From.ID]; j != nil && j.side.members <= 1 && theirs.members > 1 {
		delete(d.window, h.From.ID) // it asked alone, and has a view by now: if it is to be let in, then with all of that
	}
	mine := d.size()
	if d.adrift(now) {
		mine.members = 1
	}
	if theirs.compare(mine) <= 0 {
		if !d.mute(now) && !n.Mute {
			d.sendNotice(now, from, d.st.FindName(n.Record.Name))
		}
		return
	}
	d.yield(now, from, theirs, n)
}

// onFellowNotice handles a member of my own view that says my life has ended. If its view is much the smaller one it is told of
// mine, and joins. One that is mute is on its way into a view that may never have ended me; and while I have just entered,
// others of my former side may be on theirs.
func (d *Door) onFellowNotice(now time.Duration, from netip.AddrPort, h wire.Header, n wire.Notice) {
	self := d.st.Self.Record
	if n.Known.Compare(self.Life) < 0 {
		d.onUnaware(now, from, size{n.Size, h.View}, n)
		return
	}
	if !n.Ended || n.Mute || !n.Known.SameProcess(self.Life) || d.attempt != nil || d.waiting.until > now ||
		now-d.enteredAt < othersEnter {
		return
	}
	switch {
	case 2*int(n.Size) > d.st.View().Len() || d.host.WokeLate(now, wokeObeys):
		d.beginRaised(now, from, n, "ended elsewhere")
	case !d.mute(now):
		d.sendNotice(now, from, d.st.FindName(n.Record.Name))
	}
}

// onUnaware handles a member of my own view that for seconds has not learned of my life: it holds another view. If that is
// the smaller one, it is told of mine, and joins; else I join alone, for the others of my view may be known there.
func (d *Door) onUnaware(now time.Duration, from netip.AddrPort, theirs size, n wire.Notice) {
	switch {
	case d.mute(now) || d.attempt != nil:
	case theirs.compare(d.size()) < 0:
		d.sendNotice(now, from, d.st.FindName(n.Record.Name))
	case theirs.compare(d.size()) > 0:
		d.beginRaised(now, from, n, "the others went on without it")
	}
}

// yield makes this member, and with it its whole side, join the larger view.
func (d *Door) yield(now time.Duration, from netip.AddrPort, theirs size, n wire.Notice) {
	if a := d.attempt; a != nil && (a.asked > 0 || now-a.started > gatherFor/2) || d.waiting.until > now {
		return // one admitter for all: who is on its way stays on it
	}
	if theirs.members == 1 && len(d.window) > 0 {
		return // others are being let in here, and that one will ask, too
	}
	if d.st.View().Len() == 1 || d.attempt == nil && d.mute(now) {
		d.beginRaised(now, from, n, "view of one")
		return
	}
	d.adopt(now, larger{theirs, from, n.Record.Name}, n.Addrs)
}

// adopt remembers the largest view heard of and floods it; after a moment all join through its admitter.
func (d *Door) adopt(now time.Duration, l larger, addrs []netip.AddrPort) {
	if l.size.members < d.adopted.size.members ||
		l.size.members == d.adopted.size.members && (d.adopted.name == "" || l.name >= d.adopted.name) && d.adopted.name != "" {
		return
	}
	d.adopted = l
	maps.DeleteFunc(d.follows, func(theirs size, _ time.Duration) bool { return !d.followed(now, theirs) })
	d.follows[l.size] = now
	if d.attempt == nil {
		a := d.begin(now, d.st.Self.Record, nil, "joined a larger view")
		a.next = now + gatherFor
		a.out, a.side = true, true
	}
	d.attempt.targets = append([]netip.AddrPort{l.admitter}, slices.DeleteFunc(slices.Clone(addrs),
		func(x netip.AddrPort) bool { return x == l.admitter })...)
	msg := wire.Larger{Size: l.size.members, View: l.size.hash, Admitter: l.admitter, Name: l.name, Addrs: addrs}
	for _, m := range d.st.View().Neighbors(d.self) {
		d.host.Send(m, msg)
	}
}

// onLarger hears from a fellow of a larger view: it counts until the first JOIN was sent.
func (d *Door) onLarger(now time.Duration, _ *view.Member, l wire.Larger) {
	if a := d.attempt; a != nil && a.asked > 0 || d.mute(now) && d.attempt == nil || d.st.View().Len() == 1 {
		return
	}
	theirs := size{l.Size, l.View}
	echo := d.attempt == nil && d.followed(now, theirs)
	if echo || l.Admitter == d.st.Self.Record.Addr || theirs.compare(d.size()) <= 0 {
		return
	}
	d.adopt(now, larger{theirs, l.Admitter, l.Name}, l.Addrs)
}

// followed reports whether this side has set out for that view a moment ago. If it has come to nothing, what fellows say of that
// view is an echo: each who follows passes it on to those who have just given up.
func (d *Door) followed(now time.Duration, theirs size) bool {
	at, ok := d.follows[theirs]
	return ok && now-at < outFor
}

// beginRaised asks for a life above what the other side knows.
func (d *Door) beginRaised(now time.Duration, from netip.AddrPort, n wire.Notice, reason string) {
	want := d.st.Self.Record
	if !n.Known.IsZero() {
		if raised, ok := raise(want, n.Known); ok && (n.Ended || !n.Known.SameProcess(want.Life)) {
			want = raised
		}
	}
	targets := append([]netip.AddrPort{from}, slices.DeleteFunc(slices.Clone(n.Addrs),
		func(x netip.AddrPort) bool { return x == from })...)
	a := d.begin(now, want, targets, reason)
	a.out = d.admitted || d.st.View().Len() > 1
	d.ask(now)
}

// Unknown is told that a member of the view does not know this life. The news is on its way; only if nobody at all has
// answered since the admission (the admitter died with the news), or if it lasts, is there something to do.
func (d *Door) Unknown(now time.Duration, from *view.Member) {
	if d.leave != nil || d.attempt != nil || d.waiting.until > now {
		return
	}
	d.answered = true
	if d.unknownFrom == 0 || d.host.LastAnswer() > d.unknownFrom {
		d.unknownFrom = now
	}
	nobody := d.host.LastAnswer() < d.enteredAt && now-d.enteredAt > 400*time.Millisecond
	if nobody || now-d.unknownFrom > 3*time.Second {
		d.unknownFrom = 0
		a := d.begin(now, d.st.Self.Record, []netip.AddrPort{from.Addr}, "the admitter died with the news")
		a.out = true
		d.ask(now)
	}
}

// Expected is told that somebody sent a packet under the life that this member has asked for: it was admitted, and the
// admitter's answer is lost.
func (d *Door) Expected(now time.Duration, from netip.AddrPort, tag uint32) bool {
	a := d.attempt
	if a == nil {
		return d.letInAfterAll(now, from, tag)
	}
	if a.asked == 0 || tag != wire.Tag(d.self, a.want.Life) {
		return false
	}
	if a.want.Life == d.st.Self.Record.Life {
		a.hurry(now)
		return false
	}
	if now-a.asked >= 300*time.Millisecond && !slices.Contains(a.targets, from) {
		a.targets = slices.Insert(a.targets, 0, from)
		a.tries = 0
		d.ask(now)
	}
	return true
}

// letInAfterAll begins anew if a life was let in for which this member has stopped asking: it gave up, or somebody else refused it.
// It would be taken for failed once more, and have to wait the longer for that.
func (d *Door) letInAfterAll(now time.Duration, from netip.AddrPort, tag uint32) bool {
	want := d.wanted
	if d.leave != nil || want.Life.Compare(d.st.Self.Record.Life) <= 0 || tag != wire.Tag(d.self, want.Life) {
		return false
	}
	d.waiting = waiting{}
	d.begin(now, want, []netip.AddrPort{from}, "let in after all").out = true
	d.ask(now)
	return true
}

// Coming is told that a member which knows the life of that tag counts on this one. It reports whether that life was let in
// and its roster is under way, and what to say then.
func (d *Door) Coming(now time.Duration, tag uint32) (wire.Wait, bool) {
	a := d.attempt
	if a == nil || a.intake == nil || tag != wire.Tag(d.self, a.want.Life) {
		return wire.Wait{}, false
	}
	return d.waitMessage(now, netip.AddrPort{}), true
}

// Asked is the life that this member has, or has asked for.
func (d *Door) Asked() wire.Life {
	if d.attempt != nil {
		return d.attempt.want.Life
	}
	return d.st.Self.Record.Life
}

// OwnRecord is told of a life of this member's own name. One of another process above this one's takes the name.
func (d *Door) OwnRecord(now time.Duration, r wire.Record) {
	self := d.st.Self.Record
	if r.Life.Compare(self.Life) > 0 && !r.Life.SameProcess(self.Life) && d.leave == nil {
		d.host.Supersede(now, r.Life, r.Addr)
	}
}
