package admission

import (
	"net/netip"
	"slices"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// seek is the search of a member that is alone: it asks all its seeds at once, only to learn who they are, then joins
// one. Who has but one has nothing to choose, and asks it to be let in at once: in a storm each question costs the seed.
type seek struct {
	started time.Duration
	next    time.Duration
	wait    time.Duration // until the next round; doubles
	asked   []netip.AddrPort
	answers map[netip.AddrPort]answer
	only    netip.AddrPort // the seed that was asked for admission
	askedAt time.Duration  // when it was first
}

type answer struct {
	size      size
	mutual    bool // it has me among its own seeds
	elsewhere netip.AddrPort
}

const (
	seekFirst = 50 * time.Millisecond
	seekLast  = 2 * time.Second
	maxSeek   = 16 // addresses asked in one round
	maxSentOn = 256
)

// SetSeeds replaces the addresses to try.
func (d *Door) SetSeeds(now time.Duration, addrs []netip.AddrPort) {
	if d.seedsAt == 0 {
		d.seedsAt = now
	}
	if slices.Equal(d.seeds, addrs) {
		return
	}
	d.seeds = slices.Clone(addrs)
	d.hasSeeds = true
	d.startSeek(now)
}

// Seeds are the addresses to try.
func (d *Door) Seeds() []netip.AddrPort { return d.seeds }

// Join contacts the addresses at once: alone, this member asks them for admission; with a view of its own it tells them
// of it, and the smaller side joins.
func (d *Door) Join(now time.Duration, addrs []netip.AddrPort) {
	for _, a := range addrs {
		if !slices.Contains(d.seeds, a) {
			d.seeds = append(d.seeds, a)
		}
	}
	if d.seedsAt == 0 {
		d.seedsAt = now
	}
	if d.st.View().Len() > 1 {
		for _, a := range addrs {
			d.sendNotice(now, a, nil)
		}
		return
	}
	d.startSeek(now)
}

func (d *Door) startSeek(now time.Duration) {
	if d.st.View().Len() > 1 || d.attempt != nil || d.leave != nil || len(d.seeds) == 0 {
		return
	}
	d.seek = &seek{started: now, next: now, wait: seekFirst, answers: map[netip.AddrPort]answer{}}
}

func (d *Door) tickSeek(now time.Duration) {
	if !d.settled && d.attempt == nil && now >= d.settleBy() {
		d.settled = true
	}
	if d.seek == nil && d.attempt == nil && d.waiting.until <= now && d.st.View().Len() == 1 && len(d.foreignSeeds()) > 0 {
		d.startSeek(now)
	}
	s := d.seek
	if s == nil || now < s.next {
		return
	}
	if d.waiting.until > now {
		s.next = d.waiting.until
		return
	}
	d.decide(now)
	if d.seek == nil {
		return
	}
	s.asked = d.foreignSeeds()
	d.rng.Shuffle(len(s.asked), func(i, j int) { s.asked[i], s.asked[j] = s.asked[j], s.asked[i] })
	s.asked = s.asked[:min(len(s.asked), maxSeek)]
	clear(s.answers)
	s.choose(now)
	for _, a := range s.asked {
		d.host.SendTo(a, d.joinMessage(now, d.st.Self.Record, !s.only.IsValid()))
	}
	s.next = now + s.wait/2 + time.Duration(d.rng.Int64N(int64(s.wait)))
	most := seekLast
	if now-s.started < joinFor {
		most = joinEvery // in a storm most of what is sent to the seed may be lost, and the last who is heard of keeps all waiting
	}
	s.wait = min(2*s.wait, most)
}

// choose says whether there is anything to choose among those who are asked.
func (s *seek) choose(now time.Duration) {
	switch {
	case len(s.asked) != 1:
		s.only = netip.AddrPort{}
	case s.only != s.asked[0]:
		s.only, s.askedAt = s.asked[0], now
	}
}

// askedAlready takes an answer to the only seed's question for one to an attempt, which begins with it: until then a seed
// that is gone must not keep this member from letting in others.
func (d *Door) askedAlready(now time.Duration, from netip.AddrPort) {
	if s := d.seek; s != nil && s.only == from {
		d.settled = true
		d.beginWith(now, from, s)
	}
}

// beginWith begins an attempt at the seed that was chosen.
func (d *Door) beginWith(now time.Duration, seed netip.AddrPort, s *seek) {
	a := d.begin(now, d.st.Self.Record, []netip.AddrPort{seed}, "seed")
	if s.only == seed {
		a.asked, a.tries, a.next = s.askedAt, 1, now+joinSoon
	}
	d.sendOn(now, seed)
}

// sendOn tells those who have asked here meanwhile whom this member asks itself. The others hear it when they ask again.
func (d *Door) sendOn(now time.Duration, to netip.AddrPort) {
	ids := sortedKeys(d.window)
	for _, id := range ids[:min(len(ids), maxSentOn)] {
		w := d.waitMessage(now, d.window[id].record.Addr)
		w.Elsewhere = to
		d.host.SendTo(d.window[id].from, w)
	}
	clear(d.window)
	d.windowEnd = 0
}

// outgrown tells a seed that answers too late of the view that has come about without it, or it would count on a member that
// never enters its own.
func (d *Door) outgrown(now time.Duration, from netip.AddrPort, m wire.Message) {
	switch m.(type) {
	case wire.Wait, wire.Admitted, wire.Roster:
		if d.seek == nil && d.attempt == nil && d.st.View().Len() > 1 && slices.Contains(d.seeds, from) {
			d.sendNotice(now, from, nil)
		}
	}
}

// settleBy is when silence of the seeds is enough to go ahead alone.
func (d *Door) settleBy() time.Duration {
	if d.seedsAt > 0 {
		return d.seedsAt + seedSilence
	}
	return d.startedAt + 2*time.Second
}

// Seeks reports whether an answer of that address is awaited.
func (d *Door) Seeks(a netip.AddrPort) bool { return d.seek != nil && slices.Contains(d.seek.asked, a) }

// OnlySelf reports whether there are seeds and all of them are this member.
func (d *Door) OnlySelf() bool { return len(d.seeds) > 0 && !slices.ContainsFunc(d.seeds, d.foreign) }

func (d *Door) foreign(seed netip.AddrPort) bool {
	return seed != d.st.Self.Record.Addr && (len(d.mine) == 0 || !d.mine[seed])
}

func (d *Door) foreignSeeds() []netip.AddrPort {
	var out []netip.AddrPort
	for _, a := range d.seeds {
		if d.foreign(a) {
			out = append(out, a)
		}
	}
	return out
}

// joinMessage asks for a life. Only a side that comes back together names its view: who was ended alone may hold the
// largest view of all, and it says nothing.
func (d *Door) joinMessage(now time.Duration, want wire.Record, probe bool) wire.Join {
	s := d.size()
	if d.mute(now) && (d.attempt == nil || !d.attempt.side) {
		s.members = 1
	}
	return wire.Join{
		Record: want, Size: s.members, View: s.hash, Probe: probe,
		Raised: want.Life.Incarnation > d.st.Self.Record.Life.Incarnation,
	}
}

// onWait takes an answer: to the search, or of the admitter.
func (d *Door) onWait(now time.Duration, from netip.AddrPort, h wire.Header, w wire.Wait) {
	self := d.st.Self.Record
	if h.From.ID == d.self && w.Boot == self.Life.Boot {
		d.mine[from] = true
		d.maybeSettle(now)
		return
	}
	if a := d.attempt; a != nil {
		a.onWait(d, now, from, h, w)
		return
	}
	s := d.seek
	if s == nil {
		return
	}
	s.answers[from] = answer{size: size{w.Size, h.View}, mutual: w.Mutual, elsewhere: w.Elsewhere}
	if w.Elsewhere.IsValid() && !d.mine[w.Elsewhere] && w.Elsewhere != self.Addr && !slices.Contains(s.asked, w.Elsewhere) &&
		len(s.asked) < 2*maxSeek {
		s.asked = append(s.asked, w.Elsewhere)
		d.host.SendTo(w.Elsewhere, d.joinMessage(now, self, true))
	}
	d.maybeSettle(now)
	if d.seek != nil && w.Size > 1 {
		d.decide(now)
	}
	if a := d.attempt; a != nil && s.only == from {
		a.onWait(d, now, from, h, w)
	}
}

func (d *Door) allAnswered() bool {
	for _, a := range d.seek.asked {
		if _, ok := d.seek.answers[a]; !ok && !d.mine[a] {
			return false
		}
	}
	return true
}

// maybeSettle lets a member that has heard from all its seeds admit others.
func (d *Door) maybeSettle(now time.Duration) {
	if !d.settled && (d.seek == nil || d.allAnswered()) {
		d.settled = true
	}
	if d.seek != nil && d.allAnswered() {
		d.decide(now)
	}
}

// decide chooses among the answers. A view of several wins over one of one. Among members that are alone, one joins
// whoever it names as a seed and who doesn't name it; two that name each other go by the hash.
func (d *Door) decide(now time.Duration) {
	s := d.seek
	mine := d.size()
	var best netip.AddrPort
	var bestSize size
	for _, a := range s.asked {
		ans, ok := s.answers[a]
		if !ok || ans.elsewhere.IsValid() {
			continue
		}
		if ans.size.members == 1 && ans.mutual && ans.size.compare(mine) < 0 {
			continue
		}
		if !best.IsValid() || ans.size.compare(bestSize) > 0 {
			best, bestSize = a, ans.size
		}
	}
	if !best.IsValid() {
		return
	}
	if bestSize.members == 1 && !d.allAnswered() && now < s.started+seedSilence {
		return
	}
	d.beginWith(now, best, s)
}
