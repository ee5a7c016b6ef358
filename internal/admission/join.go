package admission

import (
	"net/netip"
	"slices"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/roster"
	"github.com/grapevine-gossip/grapevine/internal/view"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// attempt is one try to enter a view through an admitter, or through the others of the same view if it is silent.
type attempt struct {
	want    wire.Record // the life asked for
	targets []netip.AddrPort
	tries   int // at targets[0]
	started time.Duration
	asked   time.Duration // when the first JOIN was sent; 0: not yet
	next    time.Duration
	out     bool // ended elsewhere
	side    bool // together with the rest of the view
	hops    int  // how often it was sent on
	reason  string
	intake  *roster.Intake // once let in
	hurries time.Duration  // from when on somebody who counts on this member makes it ask sooner
}

// begin starts an attempt at once.
func (d *Door) begin(now time.Duration, want wire.Record, targets []netip.AddrPort, reason string) *attempt {
	d.attempt = &attempt{want: want, targets: targets, started: now, next: now, reason: reason}
	d.seek = nil
	return d.attempt
}

func (d *Door) tickAttempt(now time.Duration) {
	a := d.attempt
	if a == nil || now < a.due() {
		return
	}
	if d.maybeEnter(now); d.attempt != a || a.comes(now, d.host.Late(now)) {
		return
	}
	limit := joinFor
	if a.out {
		limit = outFor
	}
	if now-a.started >= limit {
		d.giveUp(now)
		return
	}
	if a.tries >= joinTries && len(a.targets) > 1 {
		a.targets = append(a.targets[1:], a.targets[0])
		a.tries = 0
	}
	d.ask(now)
}

// comes collects the roster, and reports whether it does come: then there is nothing to ask the admitter.
func (a *attempt) comes(now time.Duration, late bool) bool {
	if a.intake == nil {
		return false
	}
	a.intake.Tick(now, late)
	a.started = max(a.started, a.intake.Latest())
	if now-a.intake.Latest() < rosterStalls {
		a.next = max(a.next, a.intake.Latest()+rosterStalls)
		return true
	}
	return now < a.next
}

// due is when something is to be done for the attempt.
func (a *attempt) due() time.Duration {
	if a.intake != nil {
		return min(a.next, a.intake.Next())
	}
	return a.next
}

// hurry asks the admitter soon: somebody counts on this member, so it was let in, and the word is lost. It may be again.
func (a *attempt) hurry(now time.Duration) {
	if a.intake == nil && now >= a.hurries {
		a.hurries = now + joinSoon
		a.next = min(a.next, now+wordTakes)
	}
}

// Probed is told that somebody has tried this member's address.
func (d *Door) Probed(now time.Duration) { d.probedAt = now }

// giveUp forgets the attempt; a member that is alone goes on seeking.
func (d *Door) giveUp(now time.Duration) {
	if d.attempt.out && !d.attempt.side {
		d.inVain = now + outFor
	}
	d.attempt = nil
	d.adopted = larger{}
	d.startSeek(now)
}

func (d *Door) ask(now time.Duration) {
	a := d.attempt
	if a.asked == 0 {
		a.asked = now
	}
	a.tries++
	self := d.st.Self.Record
	a.want.Addr, a.want.AddrVersion = self.Addr, self.AddrVersion // it may have moved meanwhile
	d.wanted = a.want
	d.host.SendTo(a.targets[0], d.joinMessage(now, a.want, false))
	a.next = now + joinEvery
	if a.tries == 1 {
		a.next = now + joinSoon
	}
}

// onWait handles the admitter's answer. One that is itself joining sends on to its own admitter.
func (a *attempt) onWait(d *Door, now time.Duration, from netip.AddrPort, h wire.Header, w wire.Wait) {
	if from != a.targets[0] || d.astray(from, h) {
		return
	}
	if !w.Elsewhere.IsValid() {
		if a.tries < joinTries && a.intake == nil {
			a.next = now + w.In + joinSoon
		}
		return
	}
	if w.Elsewhere == d.st.Self.Record.Addr || d.mine[w.Elsewhere] || a.hops >= 8 {
		d.breakCircle(now)
		return
	}
	a.hops++
	a.targets = slices.Insert(slices.DeleteFunc(a.targets, func(t netip.AddrPort) bool { return t == w.Elsewhere }), 0, w.Elsewhere)
	a.tries = 0
	d.ask(now)
}

// astray ends an attempt at another life that has come to somebody who holds the very view that this member holds, and it in
// that: those who ended it may be on their way there themselves. If they are not, they will say so again.
func (d *Door) astray(from netip.AddrPort, h wire.Header) bool {
	if a := d.attempt; a.side || a.want.Life == d.st.Self.Record.Life || !d.sharesView(from, h) {
		return false
	}
	d.attempt, d.wanted = nil, wire.Record{}
	return true
}

// sharesView reports whether a member of the view at that address holds the same one.
func (d *Door) sharesView(from netip.AddrPort, h wire.Header) bool {
	m := d.st.View().Find(h.From.ID)
	return m != nil && m.ID != d.self && m.Addr == from && h.View == d.st.ViewHash()
}

// breakCircle: everybody asked is joining somebody who is joining me. Whoever waits longest becomes the one to join.
func (d *Door) breakCircle(now time.Duration) {
	d.attempt = nil
	d.settled = true
	if d.st.View().Len() == 1 && len(d.seeds) > 0 {
		pause := 300*time.Millisecond + time.Duration(d.rng.Int64N(int64(700*time.Millisecond)))
		d.seek = &seek{started: now, next: now + pause, wait: seekFirst, answers: map[netip.AddrPort]answer{}}
	}
}

// onRefuse takes a refusal: the life was too low, and is raised; or this member stays away for a while.
func (d *Door) onRefuse(now time.Duration, from netip.AddrPort, h wire.Header, r wire.Refuse) {
	d.askedAlready(now, from)
	a := d.attempt
	if a == nil || from != a.targets[0] || d.astray(from, h) {
		return
	}
	if r.Reason == wire.RefusedUnreachable && d.probedAt >= a.asked && d.slow < slowMost {
		d.slow++
		r.Reason = wire.RefusedBusy // probes did arrive: this member was too slow to answer, or the way back is closed
	}
	switch r.Reason {
	case wire.RefusedKnown:
		if want, ok := raise(a.want, r.Known); ok {
			a.want = want
			a.next = now
			d.tickAttempt(now)
		}
		return
	case wire.RefusedBusy:
		a.tries = joinTries
		if a.side { // the larger view has fallen apart, and its members may be asking this side meanwhile
			d.giveUp(now)
		}
		return
	}
	d.waiting.times++
	pause := min(2*time.Second<<min(d.waiting.times-1, 5), 64*time.Second)
	if r.Wait > 0 {
		pause = r.Wait
	}
	d.waiting.until = now + pause
	d.waiting.refuse = r
	fatal := r.Reason == wire.RefusedNameTaken || r.Reason == wire.RefusedVersion
	d.attempt = nil
	d.adopted = larger{}
	d.host.Refused(now, Refusal{Refuse: r, By: from, RetryIn: pause, Fatal: fatal})
	if r.Reason == wire.RefusedNameTaken && d.admitted {
		d.host.Supersede(now, r.Known, r.Addr)
	}
}

// raise gives the least life of the same process above known: another incarnation of it, or, where the name was held by
// another process, the next generation.
func raise(want wire.Record, known wire.Life) (wire.Record, bool) {
	switch {
	case want.Life.SameProcess(known):
		if want.Life.Incarnation > known.Incarnation {
			return want, false
		}
		want.Life.Incarnation = known.Incarnation + 1
	case want.Life.Generation <= known.Generation:
		want.Life.Generation = known.Generation + 1
		want.Life.Incarnation = 0
	default:
		return want, false
	}
	return want, want.Life.Generation < wire.MaxGeneration && want.Life.Incarnation < wire.MaxIncarnation
}

// onAdmitted begins to fetch the roster of the view that this member was let into, or the list of those that were let into
// its view.
func (d *Door) onAdmitted(now time.Duration, from netip.AddrPort, member *view.Member, m wire.Admitted) {
	d.askedAlready(now, from)
	a := d.attempt
	if !a.mayTake(from) && member != nil {
		d.onBatch(now, member, m)
		return
	}
	if !a.mayTake(from) {
		return
	}
	if in := a.intake; in != nil && (in.View() == m.View || now-in.Latest() < rosterStalls) { // the other may be of newcomers alone
		if in.View() == m.View && len(m.Addrs) == 0 {
			in.First(now, from)
		}
		return
	}
	a.intake = d.rosters.Collect(now, m.View, m.Parts, append(m.Addrs, from), false)
	d.maybeEnter(now)
}

// onFetch serves another joiner. If it was sent here while this one waits for its own admission, that was granted and the
// word is lost.
func (d *Door) onFetch(now time.Duration, from netip.AddrPort, member *view.Member, m wire.Fetch) {
	if a := d.attempt; a != nil && a.asked > 0 && a.intake == nil {
		a.next = min(a.next, now+wordTakes)
	}
	d.rosters.Asked(now, from, member, m)
}

// onRoster takes a part of the roster. The first of one that is sent without a word is the word.
func (d *Door) onRoster(now time.Duration, from netip.AddrPort, m wire.Roster) {
	d.askedAlready(now, from)
	a := d.attempt
	if a == nil {
		return
	}
	if a.mayTake(from) && (a.intake == nil || a.intake.View() != m.View) {
		a.intake = d.rosters.Collect(now, m.View, m.Parts, []netip.AddrPort{from}, true)
	}
	if a.intake == nil || a.intake.View() != m.View || !a.intake.Takes(from) {
		return
	}
	a.intake.Part(now, m)
	d.maybeEnter(now)
}

// mayTake reports whether an admitter's word is awaited from an address.
func (a *attempt) mayTake(from netip.AddrPort) bool {
	return a != nil && a.asked > 0 && slices.Contains(a.targets, from)
}

// maybeEnter enters the view once its roster is whole.
func (d *Door) maybeEnter(now time.Duration) {
	a := d.attempt
	if a.intake == nil {
		return
	}
	lives, whole := a.intake.Members()
	if !whole {
		return
	}
	a.intake = nil
	if slices.ContainsFunc(lives, func(m *view.Member) bool { return m.Name == a.want.Name && m.Life == a.want.Life }) {
		d.enter(now, lives, a)
	}
}

func (d *Door) enter(now time.Duration, lives []*view.Member, a *attempt) {
	d.attempt = nil
	d.adopted = larger{}
	d.waiting = waiting{}
	d.inVain = 0
	d.slow = 0
	if d.inAlready(lives) {
		return
	}
	ended := d.endedBefore(now)
	d.settled, d.admitted = true, true
	d.enteredAt = now
	d.unknownFrom = 0
	clear(d.window)
	clear(d.checks)
	clear(d.bySeq)
	d.batches = nil
	d.windowEnd = 0
	d.host.Enter(now, lives, a.asked, a.reason)
	for _, id := range ended {
		if m := d.st.Find(id); m != nil && !m.InView() {
			d.host.News(now, m)
		}
	}
}

// newsFor is how long the end of a member is worth telling to a view that is entered.
const newsFor = 10 * time.Minute

// endedBefore lists who ended before this member enters another view: what it holds of them may be news there.
func (d *Door) endedBefore(now time.Duration) []uint64 {
	var out []uint64
	for _, m := range d.st.All() {
		if !m.InView() && m.End.Cause != 0 && now-m.End.At < newsFor {
			out = append(out, m.ID)
		}
	}
	return out
}

// inAlready reports whether a view that is offered holds this member as it is, is not larger than its own, and tells of no
// life that is not known here: while it asked, what it lacked came. Who is missing there is news, and must not be ended for
// it.
func (d *Door) inAlready(lives []*view.Member) bool {
	self := d.st.Self.Record
	if len(lives) > d.st.View().Len() {
		return false
	}
	has := false
	for _, l := range lives {
		m := d.st.Find(l.ID)
		if m == nil || m.Record.Life.Compare(l.Life) < 0 {
			return false
		}
		has = has || l.ID == d.self && l.Life == self.Life
	}
	return has
}
