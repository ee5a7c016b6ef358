// Package detector finds out who has gone. Members probe the neighbours of the overlay, tell each other in rumours whom
// they get no answer from, and end whom a quorum of its watchers accuses.
//
// One probe a second reaches each member, its watchers taking turns (slot.go). The first miss starts a burst of probes,
// direct and through others, by all watchers (burst.go); phi of the edge is summed over what stays unanswered (edge.go,
// loss.go), and a watcher that reaches the threshold accuses (accuse.go), or one that gets too few answers (grey.go).
// Accusations and vouches are rumours (rumour.go): passed on (passon.go), forgotten when they are not repeated, never state.
// The conviction is a pure function of rumours and view (convict.go), asked by way of the court (court.go), and ends that
// others wrote are weighed by it (dispute.go). A mass fault is settled by calling the roll (roll.go). Who reaches nobody ends all others (isolate.go), and
// who woke late first doubts itself (late.go).
//
// A Detector does no IO, starts no goroutine, reads no clock; the order of no map reaches what it says.
package detector

import (
	"math/rand/v2"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/phi"
	"github.com/grapevine-gossip/grapevine/internal/view"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// Host carries out what a Detector decides.
type Host interface {
	// Send queues m for a member; all of a turn travels together.
	Send(to *view.Member, m wire.Message)
	// SendPing and SendAck are Send for nearly all messages there are, without memory for each.
	SendPing(to *view.Member, p wire.Ping)
	SendAck(to *view.Member, a wire.Ack)
	// Convict writes all these ends in one step. SetView follows, at the latest at the end of the turn.
	Convict(now time.Duration, verdicts []Verdict)
	// Suspected tells of the first accusation that counts of a member of the view.
	Suspected(now time.Duration, m *view.Member, by []Accusation)
	// Cleared tells that nobody accuses the member any more.
	Cleared(now time.Duration, m *view.Member)
}

// Accusation is what one member says of another.
type Accusation struct {
	ID   uint64  // of the accuser
	Phi  float64 // of its edge; 0: not known here
	Grey bool    // it answers now and then, too rarely
}

// Verdict is a member whose life is over.
type Verdict struct {
	Member   *view.Member
	Accusers []uint64 // at most wire.MaxAccusers, sorted; nil: this member reaches nobody and is an island
}

// Config of a Detector.
type Config struct {
	Phi      float64       // from which phi on an edge is accused; 0: 8
	Interval time.Duration // between two regular probes of a member by all its watchers; 0: 1 s
	Quick    int           // lists of accusations that are passed on at once in a second; 0: 64
	Rand     *rand.Rand
}

const (
	defaultPhi      = 8
	defaultInterval = time.Second
	defaultQuick    = 64
)

// Detector is one member's part in detection.
type Detector struct {
	host     Host
	rng      *rand.Rand
	phi      float64
	interval time.Duration
	most     int           // lists that are passed on at once within quickFor
	epoch    time.Duration // own phase, from which the watchers' turns are counted
	checked  time.Duration // when lateness was looked for last
	next     time.Duration // of Next, while known
	known    bool          // nothing was done since

	self  *view.Member
	v     *view.View
	near  []*view.Member // whom this member watches, and who watch it
	ids   []uint64       // of edges: a search touches nothing else
	edges []*edge        // watched or accused members, sorted by id
	out   bool

	scratch   []*edge // for loops over edges
	log       probes
	times     phi.Times // answer times of all members
	answered  time.Duration
	heard     recent
	companyAt time.Duration // next companion probes

	lateUntil time.Duration
	wokeAt    time.Duration
	strain    strain

	own      ownList
	rumours  map[uint64]*rumour // by author, this member included
	vouching int                // how many of them vouch for anybody
	sitting  *court             // nil: nothing was asked since they changed
	subjects map[uint64]*subject
	quick    quick
	flushAt  time.Duration // 0: nothing to pass on
	expireAt time.Duration // 0: nothing expires
	evalAt   time.Duration // 0: nothing to judge
	changed  time.Duration // first change of rumours since the last evaluation; 0: none
	alarmed  time.Duration // last accusation heard
	shrank   time.Duration // when the view lost a member last

	roll     roll
	isolated isolation

	counts struct{ probes, accusations, vouches, convictions uint64 }
}

// New makes the detector of a member that is a view of one.
func New(now time.Duration, cfg Config, self *view.Member, host Host) *Detector {
	d := &Detector{
		host: host, rng: cfg.Rand, phi: cfg.Phi, interval: cfg.Interval, most: cfg.Quick, self: self,
		times:   phi.NewTimes(pooledWindow),
		rumours: map[uint64]*rumour{}, subjects: map[uint64]*subject{},
	}
	if d.phi == 0 {
		d.phi = defaultPhi
	}
	if d.interval == 0 {
		d.interval = defaultInterval
	}
	if d.most == 0 {
		d.most = defaultQuick
	}
	d.epoch = d.within(time.Hour)
	d.log.last = 1 + d.rng.Uint32()>>2
	d.SetView(now, view.New([]*view.Member{self}))
	return d
}

// within draws a duration in [0, d).
func (d *Detector) within(most time.Duration) time.Duration {
	if most <= 0 {
		return 0
	}
	return time.Duration(d.rng.Int64N(int64(most)))
}

// SetView takes over a change of the view. A new life of this member's own drops everything it thought of others.
func (d *Detector) SetView(now time.Duration, v *view.View) {
	d.known = false
	if self := v.Find(d.self.ID); self != nil {
		if self.Tag != d.self.Tag {
			d.forgetAll(now, v)
		}
		d.self = self
	}
	if d.v != nil && v.Len() < d.v.Len() {
		d.shrank = now
	}
	d.v = v
	d.near = v.Neighbors(d.self.ID)
	d.heard.keep(v)
	d.updateEdges(now)
	d.updateRumours(now)
	d.roll.keep(v)
	if v.Len() <= 1 {
		d.isolated = isolation{}
	}
}

// forgetAll drops what was thought and heard of others under a former life.
func (d *Detector) forgetAll(now time.Duration, v *view.View) {
	for _, id := range d.Suspects() {
		if m := v.Find(id); m != nil {
			d.host.Cleared(now, m)
		}
	}
	d.ids, d.edges = nil, nil
	clear(d.rumours)
	d.vouching, d.sitting = 0, nil
	clear(d.subjects)
	d.own = ownList{seq: d.own.seq}
	d.flushAt, d.expireAt, d.evalAt, d.changed = 0, 0, 0, 0
	d.log.void()
	d.roll = roll{}
	d.isolated = isolation{}
}

// SetOut says whether this member is rejoining or leaving: it answers probes then, but accuses and judges nobody.
func (d *Detector) SetOut(now time.Duration, out bool) {
	if out == d.out {
		return
	}
	d.out, d.known = out, false
	if out {
		d.doubt(now)
	} else {
		d.rejudge(now)
	}
}

// idle reports whether this member has to keep its opinion to itself.
func (d *Detector) idle(now time.Duration) bool { return d.out || d.Late(now) }

// Heard notes a valid packet of a member.
func (d *Detector) Heard(now time.Duration, from *view.Member) {
	d.checkLate(now)
	d.heard.note(now, from)
	if e := d.edge(from.ID); e != nil && e.accused != nil {
		d.known = false
		d.hurryAccused(now, e)
	}
}

// Pinged takes a probe of a member of the view, and answers it.
func (d *Detector) Pinged(now time.Duration, from *view.Member, p wire.Ping) {
	d.checkLate(now)
	d.host.SendAck(from, d.ack(now, from, p))
}

// Receive takes another message of a member of the view.
func (d *Detector) Receive(now time.Duration, from *view.Member, m wire.Message) {
	d.begin(now)
	switch m := m.(type) {
	case wire.RelayPing:
		d.receiveRelay(now, from, m)
	case wire.RelayAck:
		d.receiveRelayed(now, from, m)
	case wire.Call:
		d.receiveCall(now, m)
	case wire.Rumour:
		d.receiveRumour(now, from, m)
	}
}

// Tick does what is due.
func (d *Detector) Tick(now time.Duration) {
	d.begin(now)
	d.tickMisses(now)
	for _, e := range d.edgesNow() {
		d.tickEdge(now, e)
	}
	d.tickCompany(now)
	d.tickRoll(now)
	d.tickIsolation(now)
	d.tickRumours(now)
	d.tickJudge(now)
}

// begin opens whatever may set a timer.
func (d *Detector) begin(now time.Duration) {
	d.checkLate(now)
	d.known = false
}

// Next is when Tick has something to do. It is asked at every turn, and looks at all edges only when something was done.
func (d *Detector) Next() time.Duration {
	if !d.known {
		d.next, d.known = d.soonest(), true
	}
	return d.next
}

func (d *Detector) soonest() time.Duration {
	next := d.log.next()
	for _, e := range d.edges {
		next = sooner(next, e.next())
	}
	next = sooner(next, d.nextCompany())
	next = sooner(next, d.roll.next())
	next = sooner(next, d.nextIsolation())
	next = sooner(next, d.flushAt)
	next = sooner(next, d.expireAt)
	next = sooner(next, d.own.repeatAt)
	return sooner(next, d.evalAt)
}

// sooner is the smaller of two times, of which zero is never.
func sooner(a, b time.Duration) time.Duration {
	if a == 0 || b > 0 && b < a {
		return b
	}
	return a
}

// Counts since the start: probes sent, accusations made, vouches given and members convicted.
func (d *Detector) Counts() (probes, accusations, vouches, convictions uint64) {
	return d.counts.probes, d.counts.accusations, d.counts.vouches, d.counts.convictions
}
