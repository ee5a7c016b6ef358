// Package antientropy is the net under dissemination: whatever was lost, members find out by comparing hashes with
// random others, and exchange no more than the difference. The header of every packet is already the first message.
//
// A Recent, even an empty one, asks for a comparison. It is answered by anything else, at the least by an empty Want,
// so that two members never go on answering each other.
package antientropy

import (
	"maps"
	"math/rand/v2"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/store"
	"github.com/grapevine-gossip/grapevine/internal/view"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// Host carries what is to be sent.
type Host interface {
	// Send queues a message for the packet that goes to a member at the end of this turn.
	Send(to *view.Member, m wire.Message)
	// Offer tells dissemination that a member holds these versions, so that what is missing here is pulled.
	Offer(now time.Duration, from *view.Member, versions []wire.Versioned)
}

// Config is what an Exchange is told once.
type Config struct {
	Rand   *rand.Rand
	Method Method
}

// Exchange compares and repairs. Not safe for concurrent use.
type Exchange struct {
	rng  *rand.Rand
	self uint64
	st   *store.Store
	host Host

	method Method

	view  *view.View
	moved time.Duration // when it changed last
	peers map[uint64]*peer

	next    time.Duration // of the regular exchange; 0: nobody is there
	asked   uint64        // whom a comparison was asked of; 0: nobody
	askedAt time.Duration
	retries int
	started time.Duration // the latest exchange begun here
	paged   time.Duration // the latest full digest sent
	suspect uint64        // a packet of this member held other hashes; 0: nobody's did
	check   time.Duration // when to look whether they still differ
	given   given
	taken   taken
	joining bool          // most of the view is new: all is to be fetched
	lively  time.Duration // until then the pace is quick: the last words of somebody who ended may not be everywhere
}

// peer is what the latest packet of a member told.
type peer struct {
	view, state uint64
	viewSince   time.Duration // since when its view differs from this member's
	viewDiffers bool
}

// New makes the anti-entropy of the member with id self. It knows nobody before SetView.
func New(cfg Config, self uint64, st *store.Store, host Host) *Exchange {
	return &Exchange{rng: cfg.Rand, method: cfg.Method, self: self, st: st, host: host, peers: map[uint64]*peer{}}
}

// SetView tells that the view changed.
func (x *Exchange) SetView(now time.Duration, v *view.View) {
	fresh, gone := compareViews(x.view, v)
	x.view, x.moved = v, now
	maps.DeleteFunc(x.peers, func(id uint64, _ *peer) bool { return v.Find(id) == nil })
	if x.asked != 0 && v.Find(x.asked) == nil {
		x.asked = 0
	}
	if v.Len() < 2 {
		x.next, x.joining = 0, false
		return
	}
	if gone > 0 {
		x.lively = now + livelyFor
	}
	if 2*fresh > v.Len() {
		x.joining = true
		x.next = now + joinerWait + time.Duration(x.rng.Int64N(int64(joinerWait)))
	}
	if x.next == 0 || gone > 0 {
		x.next = earlier(x.next, now+x.jitter(unequalEvery))
	}
}

// compareViews counts the members of after that are not in before, and those of before that are not in after.
func compareViews(before, after *view.View) (fresh, gone int) {
	if before == nil {
		return after.Len(), 0
	}
	old := before.All()
	for _, m := range after.All() { // both are sorted by id
		for len(old) > 0 && old[0].ID < m.ID {
			old = old[1:]
		}
		if len(old) == 0 || old[0].ID != m.ID || old[0].Tag != m.Tag {
			fresh++
		}
	}
	return fresh, before.Len() - (after.Len() - fresh)
}

// Hashes takes the header of a packet of a member, before its messages.
func (x *Exchange) Hashes(now time.Duration, from *view.Member, viewHash, stateHash uint64) {
	p := x.peers[from.ID]
	if p == nil {
		p = &peer{}
		x.peers[from.ID] = p
	}
	p.view, p.state = viewHash, stateHash
	if viewHash == x.st.ViewHash() {
		p.viewDiffers = false
	} else if !p.viewDiffers {
		p.viewDiffers, p.viewSince = true, now
	}
	differs := x.differs(p)
	if x.asked == from.ID {
		x.answered(now, differs)
	}
	switch {
	case differs && x.suspect == 0:
		x.suspect = from.ID
		x.check = max(now+newsTakes, x.started+earlyEvery)
		if p.viewDiffers {
			x.check = max(x.check, p.viewSince+livesTake+livesSlack)
		}
	case !differs && x.suspect == from.ID:
		x.suspect = 0
	}
}

func (x *Exchange) differs(p *peer) bool {
	return p.view != x.st.ViewHash() || p.state != x.st.StateHash()
}

// settledFor is how long the views of this member and of another have differed since this one changed. While many go at
// once it changes all the time, and what makes the difference is on its way; but that is believed for a while only.
func (x *Exchange) settledFor(now time.Duration, p *peer) time.Duration {
	lasts := now - p.viewSince
	if lasts >= livesMost {
		return lasts
	}
	return min(lasts, now-x.moved)
}

// Receive takes a message of a member of the view.
func (x *Exchange) Receive(now time.Duration, from *view.Member, m wire.Message) {
	switch m := m.(type) {
	case wire.Recent:
		x.compare(now, from, m)
	case wire.Digest:
		x.receiveDigest(now, from, m)
	case wire.Versions:
		x.receiveVersions(now, from, m)
	case wire.Sketch:
		x.receiveSketch(now, from, m)
	case wire.LifeDigest:
		x.receiveLifeDigest(now, from, m)
	case wire.Want:
		x.receiveWant(now, from, m)
	}
}

// earlier is the lesser of two times of which 0 stands for never.
func earlier(a, b time.Duration) time.Duration {
	if a == 0 || b > 0 && b < a {
		return b
	}
	return a
}
