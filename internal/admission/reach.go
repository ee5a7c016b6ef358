package admission

import (
	"cmp"
	"math"
	"math/bits"
	"net/netip"
	"slices"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/view"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// reachState is how far the check of a joiner has come.
type reachState uint8

const (
	open reachState = iota
	reached
	refused
)

// reach is the admitter's side of a reach check: more than half of the joiner's would-be watchers that are in the view
// must get one round trip with it. Those that may still be fetching the roster do not count; if all are, the admitter tries
// the joiner itself.
type reach struct {
	nonce    uint32
	holder   netip.AddrPort
	held     wire.Life // of the holder
	watchers []*view.Member
	results  map[uint64]wire.Checked
	strict   bool
	started  time.Duration
	asked    time.Duration
	state    reachState
}

// startReach asks the would-be watchers.
func (d *Door) startReach(now time.Duration, j *joiner) *reach {
	m := view.NewMember(j.record)
	r := &reach{
		nonce: d.rng.Uint32(), started: now, results: map[uint64]wire.Checked{},
		holder: holder(d.st.Find(m.ID), j.record),
		strict: d.st.Doubtful(now, j.record.Name, j.record.Life, j.side.members <= 1),
	}
	if r.holder.IsValid() {
		r.held = d.st.Find(m.ID).Record.Life
	}
	v := d.st.View()
	for _, w := range v.With(m).Neighbors(m.ID) {
		if w := v.Find(w.ID); w != nil && w.ID != m.ID && !d.rosters.Fetches(w.ID) {
			r.watchers = append(r.watchers, w)
		}
	}
	if len(r.watchers) == 0 {
		r.watchers = []*view.Member{v.Find(d.self)}
	}
	d.askWatchers(now, j, r)
	return r
}

func (d *Door) askWatchers(now time.Duration, j *joiner, r *reach) {
	r.asked = now
	c := wire.Check{Nonce: r.nonce, Record: j.record, Holder: r.holder, Lossy: r.strict}
	for _, w := range r.watchers {
		if _, ok := r.results[w.ID]; ok {
			continue
		}
		if w.ID == d.self {
			d.onCheck(now, w, c)
		} else {
			d.host.Send(w, c)
		}
	}
}

// verdict weighs what the watchers said, refuses where they could not reach the joiner, and asks again where they are
// silent.
func (d *Door) verdict(now time.Duration, j *joiner) reachState {
	r := j.reach
	if r.state != open {
		return r.state
	}
	yes, no, held, wait := 0, 0, false, time.Duration(0)
	for _, c := range r.results {
		if c.Reached {
			yes++
		} else {
			no++
		}
		held = held || c.Held
		wait = max(wait, c.Wait)
	}
	limit := checkFor
	if r.strict {
		limit = strictFor
	}
	late := now-r.started >= limit
	complete := len(r.results) == len(r.watchers)
	switch {
	case wait > 0: // this member came after the joiner failed
		r.state = refused
		d.refuse(j.from, wire.Refuse{Reason: wire.RefusedOften, Wait: wait})
	case held:
		r.state = refused
		d.refuse(j.from, wire.Refuse{Reason: wire.RefusedNameTaken, Known: r.held, Addr: r.holder})
	case 2*yes > len(r.watchers) && (late || !r.holder.IsValid() || complete):
		r.state = reached
	case 2*no >= len(r.watchers) && (late || complete):
		r.state = refused
		d.refuse(j.from, wire.Refuse{Reason: wire.RefusedUnreachable, Names: r.unreached(), Addr: j.record.Addr})
	case now-r.started >= checkMost: // the watchers are silent: that says nothing about the joiner
		r.state = refused
		d.refuse(j.from, wire.Refuse{Reason: wire.RefusedBusy})
	case now-r.asked >= checkEvery:
		d.askWatchers(now, j, r)
	}
	return r.state
}

func (r *reach) unreached() []string {
	var names []string
	for _, w := range r.watchers {
		if c, ok := r.results[w.ID]; ok && !c.Reached && len(names) < wire.MaxNames {
			names = append(names, w.Name)
		}
	}
	slices.Sort(names)
	return names
}

func (d *Door) onChecked(now time.Duration, from *view.Member, c wire.Checked) {
	j := d.window[c.Joiner]
	if j == nil || j.reach == nil || j.reach.nonce != c.Nonce {
		return
	}
	if slices.ContainsFunc(j.reach.watchers, func(w *view.Member) bool { return w.ID == from.ID }) {
		j.reach.results[from.ID] = c
	}
	if d.windowEnd > 0 && len(d.window) == 1 {
		d.tickWindow(now)
	}
}

// check is a would-be watcher's side: up to four probes to the joiner, and to the present holder of its name; eight to
// one that failed lately.
type check struct {
	key     checkKey
	member  *view.Member // who asked
	ask     wire.Check
	id      uint64
	seq     uint32 // of the first try; the others follow
	since   time.Duration
	tries   int
	most    int
	needed  int    // answers
	answers uint32 // a bit for each try
	next    time.Duration
	yes     bool // the joiner answered
	held    bool // the holder answered
	wait    time.Duration
	said    bool
}

type checkKey struct {
	admitter uint64
	nonce    uint32
	joiner   uint64
}

const (
	probeTries   = 4
	strictTries  = 8    // from which the first sequence number is a multiple
	strictMargin = 0.25 // so much more than is lost to others
	probeEvery   = 100 * time.Millisecond
	crowd        = 32 // checks at once
	crowdEvery   = 300 * time.Millisecond
	checkPause   = 5 * time.Millisecond
	maxChecks    = maxWindow
	keepCheck    = 2 * time.Second
)

var probePauses = [probeTries]time.Duration{
	40 * time.Millisecond, 60 * time.Millisecond, 100 * time.Millisecond, 200 * time.Millisecond,
}

// onCheck begins to probe, or repeats what was found.
func (d *Door) onCheck(now time.Duration, from *view.Member, ask wire.Check) {
	key := checkKey{from.ID, ask.Nonce, wire.ID(ask.Record.Name)}
	if c, ok := d.checks[key]; ok {
		if c.said {
			d.say(now, c)
		}
		return
	}
	if len(d.checks) >= maxChecks {
		return
	}
	c := &check{key: key, member: from, ask: ask, id: key.joiner, since: now, next: now, most: probeTries, needed: 1}
	if ask.Holder.IsValid() && ask.Record.Name == d.st.Self.Name {
		c.held = true
	}
	if ask.Lossy {
		c.most = strictTries
		c.needed = max(1, int(math.Ceil(float64(strictTries*(1-strictMargin-d.host.Loss())))))
	}
	if len(d.checks) >= crowd { // in a storm answers take longer
		c.most = strictTries
	}
	c.wait = d.keptOut(now, ask.Record)
	c.seq = d.freeSeq()
	d.checks[key] = c
	d.bySeq[c.seq] = c
	d.tickCheck(now, c)
}

// freeSeq draws the first sequence number of a check. In every sixth storm of ten thousand two would have the same, and what one
// of them answers would be lost on the other.
func (d *Door) freeSeq() uint32 {
	for {
		seq := DoorSeq | d.rng.Uint32()&^(strictTries-1)
		if d.bySeq[seq] == nil {
			return seq
		}
	}
}

// tickChecks does what is due. Many checks are looked at together, now and then: each step through all takes its time.
func (d *Door) tickChecks(now time.Duration) {
	if d.checkDue == 0 || now < d.checkDue {
		return
	}
	lag := d.host.Lag() // what came since then may still wait to be handled, and be the answer
	due := make([]*check, 0, len(d.checks))
	for _, c := range d.checks {
		if c.next+lag <= now {
			due = append(due, c)
		}
	}
	slices.SortFunc(due, func(a, b *check) int { return compareKeys(a.key, b.key) })
	for _, c := range due {
		d.tickCheck(now, c)
	}
	d.checkDue = 0
	for _, c := range d.checks {
		d.checkBy(max(c.next+lag, now+checkPause))
	}
}

// checkBy has tickChecks called by then.
func (d *Door) checkBy(at time.Duration) {
	if d.checkDue == 0 || at < d.checkDue {
		d.checkDue = at
	}
}

func compareKeys(a, b checkKey) int {
	return cmp.Or(cmp.Compare(a.admitter, b.admitter), cmp.Compare(a.nonce, b.nonce), cmp.Compare(a.joiner, b.joiner))
}

func (d *Door) tickCheck(now time.Duration, c *check) {
	silent := !c.held && c.wait == 0 && c.tries >= c.most
	slow := silent && d.host.Late(now) // here: that says nothing about the joiner
	if c.said || slow && now-c.since >= checkMost {
		delete(d.checks, c.key)
		delete(d.bySeq, c.seq)
		return
	}
	if slow {
		c.tries = 0
	}
	if c.held || c.wait > 0 || c.tries >= c.most {
		d.say(now, c)
		return
	}
	seq := c.seq + uint32(c.tries)
	c.tries++
	c.next = now + c.pause()
	d.checkBy(c.next)
	if !c.yes {
		d.host.SendTo(c.ask.Record.Addr, wire.Ping{Seq: seq})
	}
	if c.ask.Holder.IsValid() {
		d.host.SendTo(c.ask.Holder, wire.Ping{Seq: seq})
	}
}

// pause is how long to wait for the answer to the latest try. One packet that is lost must not keep a joiner out of the window
// that it came in.
func (c *check) pause() time.Duration {
	switch {
	case c.ask.Lossy:
		return probeEvery
	case c.tries > probeTries:
		return crowdEvery
	}
	return probePauses[c.tries-1]
}

// say reports to the admitter, and remembers the outcome in case the report is lost.
func (d *Door) say(now time.Duration, c *check) {
	c.said = true
	c.next = now + keepCheck
	d.checkBy(c.next)
	out := wire.Checked{Nonce: c.ask.Nonce, Joiner: c.id, Reached: c.yes, Held: c.held, Wait: c.wait}
	if c.member.ID == d.self {
		d.onChecked(now, c.member, out)
		return
	}
	d.host.Send(c.member, out)
}

// Acked takes the answer to one of the door's probes. The header says which process answered: a reused address is not
// taken for its former holder.
func (d *Door) Acked(now time.Duration, from netip.AddrPort, h wire.Header, a wire.Ack) {
	c := d.bySeq[a.Seq&^(strictTries-1)]
	if c == nil || c.said || c.id != h.From.ID {
		return
	}
	if h.From.Boot == wire.RefOf(c.id, c.ask.Record.Life).Boot {
		c.answers |= 1 << (a.Seq - c.seq)
		c.yes = bits.OnesCount32(c.answers) >= c.needed
		if c.yes && !c.ask.Holder.IsValid() {
			d.say(now, c)
		}
	} else if from == c.ask.Holder {
		d.heldBy(now, c, h)
	}
}

// heldBy notes that another process answers for the name, if it is the one known here.
func (d *Door) heldBy(now time.Duration, c *check, h wire.Header) {
	m := d.st.Find(c.id)
	if m == nil || wire.RefOf(m.ID, m.Record.Life).Boot != h.From.Boot {
		return
	}
	c.held = true
	d.say(now, c)
}
