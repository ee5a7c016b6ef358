package admission

import (
	"net/netip"
	"slices"
	"time"

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
	roster  roster
}

// roster collects the parts of the view that is being entered.
type roster struct {
	from  netip.AddrPort
	view  uint64
	parts [][]wire.Record
	got   int
}

// begin starts an attempt at once.
func (d *Door) begin(now time.Duration, want wire.Record, targets []netip.AddrPort, reason string) *attempt {
	d.attempt = &attempt{want: want, targets: targets, started: now, next: now, reason: reason}
	d.seek = nil
	return d.attempt
}

func (d *Door) tickAttempt(now time.Duration) {
	a := d.attempt
	if a == nil || now < a.next {
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

// giveUp forgets the attempt; a member that is alone goes on seeking.
func (d *Door) giveUp(now time.Duration) {
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
	d.host.SendTo(a.targets[0], d.joinMessage(now, a.want, false))
	a.next = now + joinEvery
}

// onWait handles the admitter's answer. One that is itself joining sends on to its own admitter.
func (a *attempt) onWait(d *Door, now time.Duration, from netip.AddrPort, w wire.Wait) {
	if from != a.targets[0] || !w.Elsewhere.IsValid() {
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
func (d *Door) onRefuse(now time.Duration, from netip.AddrPort, r wire.Refuse) {
	a := d.attempt
	if a == nil || from != a.targets[0] {
		return
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

// onRoster collects the parts and enters the view once it is whole.
func (d *Door) onRoster(now time.Duration, from netip.AddrPort, r wire.Roster) {
	a := d.attempt
	if a == nil || a.asked == 0 || !slices.Contains(a.targets, from) || r.Parts == 0 || r.Part >= r.Parts || r.Parts > maxParts {
		return
	}
	c := &a.roster
	if c.from != from || c.view != r.View || len(c.parts) != int(r.Parts) {
		*c = roster{from: from, view: r.View, parts: make([][]wire.Record, r.Parts)}
	}
	if c.parts[r.Part] != nil || len(r.Lives) == 0 {
		return
	}
	c.parts[r.Part] = r.Lives
	if c.got++; c.got < len(c.parts) {
		return
	}
	lives := slices.Concat(c.parts...)
	var hash uint64
	found := false
	for _, l := range lives {
		hash += wire.LifeHash(wire.ID(l.Name), l.Life)
		found = found || l.Name == a.want.Name && l.Life == a.want.Life
	}
	if hash != r.View || !found {
		*c = roster{}
		return
	}
	d.enter(now, lives, a.reason)
}

// maxParts bounds a roster: 65,536 parts are more than a million members.
const maxParts = 1 << 16

func (d *Door) enter(now time.Duration, lives []wire.Record, reason string) {
	d.attempt = nil
	d.adopted = larger{}
	d.waiting = waiting{}
	if d.inAlready(lives) {
		return
	}
	ended := d.endedBefore(now)
	d.settled, d.admitted = true, true
	d.enteredAt = now
	d.unknownFrom = 0
	clear(d.window)
	clear(d.checks)
	d.windowEnd = 0
	d.host.Enter(now, lives, reason)
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

// inAlready reports whether a view that is offered holds this member as it is, and is not larger than its own: while it
// asked, what it lacked came. Who is missing there is news, and must not be ended for it.
func (d *Door) inAlready(lives []wire.Record) bool {
	self := d.st.Self.Record
	return len(lives) <= d.st.View().Len() && slices.ContainsFunc(lives, func(r wire.Record) bool {
		return r.Name == self.Name && r.Life == self.Life
	})
}
