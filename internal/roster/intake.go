package roster

import (
	"net/netip"
	"slices"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/view"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

const (
	window   = 32 // parts that are asked for and have not come
	maxParts = 1 << 16
	mostFrom = 8

	firstWait = 50 * time.Millisecond // for what was asked for, before it is asked again
	leastWait = 20 * time.Millisecond
	overtakes = 5 * time.Millisecond // a later part came so long ago: the one before is lost (RFC 8985)
	mostWait  = 800 * time.Millisecond
	patience  = 250 * time.Millisecond // with the first who gives nothing; twice as long with each after it
)

// Intake collects the roster of the view into which this member was let.
type Intake struct {
	r     *Rosters
	list  *list
	from  []netip.AddrPort // whom to ask; the first is being asked
	low   int              // all before are here
	high  int              // none from here on came
	asked int              // none from here on was asked for

	latest   time.Duration // when the latest part came
	since    time.Duration // when the one being asked last gave one, or its turn began
	tries    int           // in vain since
	patience time.Duration
	next     time.Duration
	wait     time.Duration
	mark     int           // the first part of the latest request
	markedAt time.Duration // when it was sent; 0: it was answered, or sent again
	holes    int           // what is missing before was asked for again once
	holesDue time.Duration // when what is missing from there on and was overtaken is; 0: nothing is
}

// Collect begins to collect the roster of the view of that hash, in so many parts, from those addresses. Where it is sent
// unasked, only what is lost is asked for. Nil if there can be no such roster.
func (r *Rosters) Collect(now time.Duration, hash uint64, parts uint32, from []netip.AddrPort, unasked bool) *Intake {
	if parts == 0 || parts > maxParts || len(from) == 0 {
		return nil
	}
	l := r.find(hash)
	if l == nil {
		l = r.add(now, hash)
	}
	if len(l.parts) != int(parts) {
		*l = list{view: hash, parts: make([][]*view.Member, parts), asked: l.asked}
	}
	l.used = now
	in := &Intake{r: r, list: l, from: from, latest: now, since: now, patience: patience, wait: firstWait, next: now + firstWait}
	in.advance()
	if unasked {
		in.asked = len(l.parts)
	} else if !l.whole() {
		in.request(now, false)
	}
	return in
}

// View is the hash of what is collected.
func (in *Intake) View() uint64 { return in.list.view }

// Also adds somebody who has the list.
func (in *Intake) Also(from netip.AddrPort) {
	if len(in.from) < mostFrom && !in.Takes(from) {
		in.from = append(in.from, from)
	}
}

// First asks somebody before all others: the admitter says that they have it no more.
func (in *Intake) First(now time.Duration, from netip.AddrPort) {
	if in.from[0] != from {
		in.from = append([]netip.AddrPort{from}, slices.DeleteFunc(in.from, func(a netip.AddrPort) bool { return a == from })...)
		in.tries, in.since, in.next = 0, now, now
	}
}

// Takes reports whether parts are accepted from an address.
func (in *Intake) Takes(from netip.AddrPort) bool { return slices.Contains(in.from, from) }

// Latest is when the latest part came.
func (in *Intake) Latest() time.Duration { return in.latest }

// Part takes one part.
func (in *Intake) Part(now time.Duration, m wire.Roster) {
	l, part := in.list, int(m.Part)
	if int(m.Parts) != len(l.parts) || l.has(part) || len(m.Lives) == 0 {
		return
	}
	members := make([]*view.Member, len(m.Lives))
	for i, rec := range m.Lives {
		members[i] = in.r.known(rec)
	}
	l.parts[part] = members
	l.have++
	l.used = now
	in.r.arrived(l, part)

	if in.markedAt > 0 && part >= in.mark { // an answer to a repeated request would say nothing of the time it took
		in.wait = min(max(2*(now-in.markedAt), leastWait), mostWait)
		in.markedAt = 0
	}
	in.latest, in.since, in.tries = now, now, 0
	in.next = now + in.wait
	in.high = max(in.high, part+1)
	in.advance()
	if in.holesDue == 0 && in.hole() < in.high {
		in.holesDue = now + overtakes
	}
	if !l.whole() {
		in.request(now, false)
	}
}

func (in *Intake) advance() {
	for in.list.has(in.low) {
		in.low++
	}
}

// Members is the roster once it is whole. One that is not that of its view is dropped, and nobody is in it.
func (in *Intake) Members() (members []*view.Member, whole bool) {
	if !in.list.whole() {
		return nil, false
	}
	members, sound := in.list.members()
	if !sound {
		in.r.lists = slices.DeleteFunc(in.r.lists, func(l *list) bool { return l == in.list })
		return nil, true
	}
	return members, true
}

// hole is the first part that is missing and was not asked for again.
func (in *Intake) hole() int {
	i := max(in.low, in.holes)
	for in.list.has(i) {
		i++
	}
	return i
}

// request asks for more, if enough of what was asked for has come; or again for all that is missing.
func (in *Intake) request(now time.Duration, again bool) {
	l := in.list
	end := min(in.low+64, len(l.parts))
	awaited := 0
	for i := in.low; i < min(in.asked, end) && !again; i++ {
		if !l.has(i) {
			awaited++
		}
	}
	if !again && (awaited > window/2 || in.asked >= end) {
		return
	}
	if in.asked < end {
		in.mark, in.markedAt = in.asked, now
	}
	first := in.asked
	if again {
		first = in.low
	}
	in.asked = max(in.asked, in.fetch(first, end, window-awaited))
}

// fetch asks for so many of the parts that are missing, and tells before which all were asked for.
func (in *Intake) fetch(first, end, most int) int {
	f := wire.Fetch{View: in.list.view, First: uint32(in.low)}
	i := first
	for ; i < end && most > 0; i++ {
		if !in.list.has(i) {
			f.Mask |= 1 << (i - in.low)
			most--
		}
	}
	in.r.host.SendTo(in.from[0], f)
	return i
}

// fillHoles asks again for what was overtaken, once: when that is lost, too, it is asked for as if nothing came.
func (in *Intake) fillHoles(now time.Duration, late bool) {
	if in.holesDue == 0 || now < in.holesDue {
		return
	}
	in.holesDue = 0
	if first, end := in.hole(), min(in.high, in.low+64); first < end && !late {
		in.holes = in.fetch(first, end, window)
	}
}

// Tick asks again. Somebody who gives nothing for a while is passed over, unless it is this member that is late: then what
// it waits for waits here.
func (in *Intake) Tick(now time.Duration, late bool) {
	if in.list.whole() {
		return
	}
	in.fillHoles(now, late)
	if now < in.next {
		return
	}
	if late {
		in.next, in.since = now+mostWait, now
		in.request(now, true)
		return
	}
	in.tries++
	if in.tries > 1 && now-in.since >= in.patience {
		in.from = append(in.from[1:], in.from[0])
		in.tries, in.since, in.patience = 0, now, 2*in.patience
	}
	in.wait = min(2*in.wait, mostWait)
	in.next = now + in.wait
	in.request(now, true)
	in.markedAt = 0
}

// Next is when Tick has something to do.
func (in *Intake) Next() time.Duration {
	if in.holesDue > 0 {
		return min(in.next, in.holesDue)
	}
	return in.next
}
