// Package admission is the one door by which a member enters a view: newcomers, restarts, and whole sides that come
// back. It also holds what leads to the door (seeds, notices between views that have ended each other) and away from it
// (leaving).
//
// The rules and constants are those of failure detection and return, section 4: of two views that exclude each other the
// smaller joins the larger, and the would-be watchers of a joiner say whether it can be reached.
package admission

import (
	"cmp"
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/roster"
	"github.com/grapevine-gossip/grapevine/internal/store"
	"github.com/grapevine-gossip/grapevine/internal/view"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// Host is what the door needs of the machine around it.
type Host interface {
	Send(to *view.Member, m wire.Message)
	SendTo(to netip.AddrPort, m wire.Message) // to somebody whose life may be unknown
	// Enter takes over a view into which this member has asked to be let in since that time.
	Enter(now time.Duration, lives []*view.Member, asked time.Duration, reason string)
	Came(now time.Duration, from *view.Member, lives []wire.Record) // many joiners, told of as a list
	Supersede(now time.Duration, by wire.Life, at netip.AddrPort)
	Refused(now time.Duration, r Refusal)
	News(now time.Duration, m *store.Member) // push what is kept of an ended member into the new view
	WokeLate(now, within time.Duration) bool // the process stood still so lately
	Late(now time.Duration) bool             // the process doubts itself: it is slow, or was a moment ago
	Lag() time.Duration                      // how long what was handled last had waited here
	LastAnswer() time.Duration               // when any member answered a probe
	Loss() float64                           // share of probes of members that get no answer, in the long run
	Synced(version uint64, members int) bool // so many neighbours hold this member's namespace up to version
	RecentlyHeard(n int) []*view.Member
}

// Refusal says why this member is not let in, and for how long.
type Refusal struct {
	wire.Refuse
	By      netip.AddrPort
	RetryIn time.Duration
	Fatal   bool // trying again can't help
}

// DoorSeq is the first sequence number of the door's own probes; the detector's are below.
const DoorSeq = 1 << 31

// Door is the admission of one member.
type Door struct {
	self uint64
	st   *store.Store
	host Host
	rng  *rand.Rand

	seeds     []netip.AddrPort
	seedsAt   time.Duration           // when seeds were first known
	mine      map[netip.AddrPort]bool // addresses that turned out to be this process
	hasSeeds  bool
	startedAt time.Duration
	settled   bool // may admit: every seed answered or was silent for a while
	admitted  bool // has been taken into a view of others as this process
	enteredAt time.Duration
	probedAt  time.Duration // a probe of the door came
	slow      int           // refusals for want of an answer, though probes came
	answered  bool

	seek    *seek
	attempt *attempt
	wanted  wire.Record // the life that was last asked for
	waiting waiting
	adopted larger
	follows map[size]time.Duration // when this side set out for a larger view
	inVain  time.Duration          // until then, for nobody let this member in

	window    map[uint64]*joiner
	windowEnd time.Duration
	openedAt  time.Duration // the window
	notedAt   time.Duration // the latest joiner
	lastDoor  time.Duration // last commit
	listBy    time.Duration // when those of the last storm should have their list
	rosters   *roster.Rosters
	batches   []batch
	tree      bool
	checks    map[checkKey]*check
	bySeq     map[uint32]*check // by the first sequence number of its probes
	checkDue  time.Duration

	noticed     map[netip.AddrPort]time.Duration
	unknownFrom time.Duration // since when members say that they do not know this life
	nextContact time.Duration
	credit      float64 // one is a contact
	earning     float64 // credit a second
	earnedAt    time.Duration
	contacts    int
	recentTurn  rota
	anyTurn     rota
	leave       *leave
}

// Times of the door (rules for failure detection, section 4).
const (
	seedSilence  = 300 * time.Millisecond // a seed that has not answered for so long is taken for silent
	joinSoon     = 150 * time.Millisecond // the first answer, or what follows it, was lost
	joinEvery    = 350 * time.Millisecond
	slowMost     = 3
	wordTakes    = 20 * time.Millisecond // the admitter's to one joiner after it came to another
	rosterStalls = time.Second           // nothing of it came: ask the admitter again
	joinTries    = 3                     // per address
	joinFor      = 3 * time.Second
	outFor       = 4 * time.Second        // being out lapses
	gatherFor    = 100 * time.Millisecond // before a side joins: other members' LARGER arrive
	windowFor    = 100 * time.Millisecond
	stormFrom    = 256 // joiners in a window
	stormPause   = 50 * time.Millisecond
	stormFor     = 1600 * time.Millisecond
	listWithin   = 200 * time.Millisecond // and listEach for each of them: the list of a storm should have come to all
	listEach     = 20 * time.Microsecond
	sideFor      = 600 * time.Millisecond // wait at most so long until all members of one old view are here
	checkFor     = 800 * time.Millisecond
	strictFor    = 1500 * time.Millisecond // of one that failed lately
	checkMost    = 3 * time.Second         // so long for watchers that do not answer the admitter
	checkEvery   = 200 * time.Millisecond
	noticeEvery  = 200 * time.Millisecond
	contactEvery = time.Second
	wokeObeys    = 5 * time.Second
	wokeMute     = 2 * time.Second
	maxWindow    = 1 << 14
	perJoiner    = 30 * time.Microsecond // of an admitter's time: who asks again meanwhile only takes more of it
	maxNoticed   = 4096
)

// New makes the door of a member that is alone. With hasSeeds it admits nobody before its seeds had a chance to answer;
// with tree it sends even the shortest roster down the tree.
func New(now time.Duration, st *store.Store, host Host, rng *rand.Rand, hasSeeds, tree bool) *Door {
	return &Door{
		self: st.Self.ID, st: st, host: host, rng: rng,
		hasSeeds: hasSeeds, startedAt: now, settled: !hasSeeds,
		mine:        map[netip.AddrPort]bool{},
		window:      map[uint64]*joiner{},
		rosters:     roster.New(host, st.Viewed, tree),
		tree:        tree,
		checks:      map[checkKey]*check{},
		bySeq:       map[uint32]*check{},
		follows:     map[size]time.Duration{},
		noticed:     map[netip.AddrPort]time.Duration{},
		nextContact: now + contactEvery,
		credit:      rng.Float64(), // the members of a view take turns
		earning:     1,
		earnedAt:    now,
	}
}

// Out reports whether this member is ended elsewhere and on its way back: it accuses, evaluates and admits nobody.
func (d *Door) Out() bool { return d.attempt != nil && d.attempt.out }

// Joining reports whether an admitter has been chosen and asked.
func (d *Door) Joining() bool { return d.attempt != nil }

// Leaving reports whether Leave was called.
func (d *Door) Leaving() bool { return d.leave != nil }

// Left reports whether the farewell is over.
func (d *Door) Left() bool { return d.leave != nil && d.leave.done }

// Answered reports whether anybody else has answered since the start.
func (d *Door) Answered() bool { return d.answered }

// Settled reports whether every seed has answered or been silent.
func (d *Door) Settled() bool { return d.settled }

// Waiting tells for how long this member was told to stay away, and why.
func (d *Door) Waiting(now time.Duration) (time.Duration, wire.Refuse) {
	if d.waiting.until <= now {
		return 0, wire.Refuse{}
	}
	return d.waiting.until - now, d.waiting.refuse
}

// waiting is what a refusal leaves behind.
type waiting struct {
	until  time.Duration
	times  int // in a row
	refuse wire.Refuse
}

// size compares views as the rules do: by members, then by hash.
type size struct {
	members uint32
	hash    uint64
}

func (s size) compare(o size) int {
	return cmp.Or(cmp.Compare(s.members, o.members), cmp.Compare(s.hash, o.hash))
}

func (d *Door) size() size { return size{uint32(d.st.View().Len()), d.st.ViewHash()} }

// EnteredAt is when this member entered its view; 0: it never entered another.
func (d *Door) EnteredAt() time.Duration { return d.enteredAt }

// adrift reports whether this member's view is not to be counted on: it is ended elsewhere and on its way back, was refused, or
// has just asked in vain to be let in. A view that its fellows have left may be the largest of all, and nobody is in it any more
// who could let others in: 147 members that were scattered sent each other to and fro between 90 such views for a minute.
func (d *Door) adrift(now time.Duration) bool {
	return d.Out() || d.waiting.until > now || d.inVain > now && d.st.View().Len() > 1
}

// mute reports whether this member's view says nothing about the cluster: it is adrift, or woke late.
func (d *Door) mute(now time.Duration) bool { return d.adrift(now) || d.host.WokeLate(now, wokeMute) }

// Receive handles one message of the door, whoever sent it. member is set if the sender is in the view under its life.
func (d *Door) Receive(now time.Duration, from netip.AddrPort, h wire.Header, member *view.Member, m wire.Message) {
	if d.leave != nil {
		d.receiveLeaving(from, m)
		return
	}
	if member == nil {
		d.outgrown(now, from, m)
	}
	switch m := m.(type) {
	case wire.Join:
		d.onJoin(now, from, h, m)
	case wire.Wait:
		d.answered = true
		d.onWait(now, from, h, m)
	case wire.Refuse:
		d.answered = true
		d.onRefuse(now, from, h, m)
	case wire.Admitted:
		d.onAdmitted(now, from, member, m)
	case wire.Roster:
		d.onRoster(now, from, m)
		if member != nil && h.To == d.st.Self.View().Tag {
			d.onBatchPart(now, from, m)
		}
	case wire.Fetch:
		d.onFetch(now, from, member, m)
	case wire.Check:
		if member != nil {
			d.onCheck(now, member, m)
		}
	case wire.Checked:
		if member != nil {
			d.onChecked(now, member, m)
		}
	case wire.Notice:
		d.answered = true
		d.onNotice(now, from, h, member, m)
	case wire.Larger:
		if member != nil {
			d.onLarger(now, member, m)
		}
	}
}

// Tick does what is due.
func (d *Door) Tick(now time.Duration) {
	if d.leave != nil {
		d.tickLeave(now)
		return
	}
	d.tickChecks(now)
	d.tickSeek(now)
	d.tickAttempt(now)
	d.tickWindow(now)
	d.tickContact(now)
	d.tickBatches(now)
	d.rosters.Tick(now)
}

// Next is when something is due.
func (d *Door) Next() time.Duration {
	if d.leave != nil {
		return d.leave.next
	}
	next := d.nextContact
	earlier := func(t time.Duration) {
		if t > 0 && t < next {
			next = t
		}
	}
	if d.seek != nil {
		earlier(d.seek.next)
	}
	if d.attempt != nil {
		earlier(d.attempt.due())
	}
	for _, b := range d.batches {
		earlier(min(b.Next(), b.Latest()+batchFor))
	}
	earlier(d.rosters.Next())
	if d.windowEnd > 0 {
		earlier(d.windowEnd)
	}
	earlier(d.checkDue)
	return next
}

// SetView tells the door that the view changed: joiners that got in by another way leave the window.
func (d *Door) SetView(now time.Duration) {
	for id, j := range d.window {
		if m := d.st.Find(id); m != nil && m.InView() && m.Record.Life == j.record.Life {
			delete(d.window, id)
		}
	}
	d.nextContact = min(d.nextContact, now+d.contactIn(now))
	if d.st.View().Len() > 1 {
		d.seek = nil
		d.settled = true
	}
}
