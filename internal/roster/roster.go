// Package roster brings the list of a view's members to those who were let into it. Where that is short the admitter sends
// it to each. Else it goes down a tree: the admitter gives it to the first joiner, that one to three others, and so on; each
// part is passed on as soon as it is there. A joiner asks for its parts, so what is lost, or is in the hands of somebody
// who died meanwhile, is asked for again, in the end of the admitter itself.
//
// Old members learn in the same way of many who came at once: the list of those is told of along the edges of the overlay,
// and each fetches it from the first who told.
//
// The rules are those of dissemination, section 5, but for who asks: there the sender is in charge.
package roster

import (
	"cmp"
	"math/bits"
	"net/netip"
	"slices"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/view"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// Host carries what is to be sent, to members of the view and to others.
type Host interface {
	Send(to *view.Member, m wire.Message)
	SendTo(to netip.AddrPort, m wire.Message)
}

const (
	arity    = 3               // joiners that fetch from the same one
	direct   = 32              // so many parts in all the admitter sends at once and unasked
	keepFor  = 3 * time.Second // a list that nobody asks for any more
	maxLists = 16
	maxEmpty = 4   // of which nothing is here but that somebody asked
	maxAsked = 256 // who wait for parts of a list
	fromHere = 3   // so often a joiner is told again where its roster is; from then on it is here

	firstAgain = 20 * time.Millisecond // until a joiner is told again where the roster is; doubled each time
	lastAgain  = 80 * time.Millisecond
)

// Rosters are the lists that one member has or collects. Not safe for concurrent use.
type Rosters struct {
	host  Host
	known func(wire.Record) *view.Member
	tree  bool // always
	lists []*list
	given map[uint64]given // by joiner
	words []word
	lives []wire.Record // of the part being sent
}

// given is what a joiner was told: of which view, and from whom it is to be had but from here.
type given struct {
	view   uint64
	from   []netip.AddrPort
	direct bool
	again  int
}

// word is what was said to a joiner that is to fetch the roster here, and has not begun to. It is said again: the joiner
// waits for it, and would ask only much later.
type word struct {
	given
	to   netip.AddrPort
	next time.Duration
	wait time.Duration
}

// New makes the rosters of a member that has none. known gives the member of a record; with tree set even the shortest
// list goes down the tree.
func New(host Host, known func(wire.Record) *view.Member, tree bool) *Rosters {
	return &Rosters{host: host, known: known, tree: tree, given: map[uint64]given{}}
}

// Give lets joiners have the roster of v, which they were let into.
func (r *Rosters) Give(now time.Duration, v *view.View, joiners []*view.Member) {
	l := r.hold(now, v.Hash(), v.All())
	few := len(l.parts)*len(joiners) <= direct && !r.tree
	for i, j := range joiners {
		g := given{view: v.Hash(), from: above(joiners, i), direct: few}
		r.given[j.ID] = g
		r.tell(l, j.Addr, g)
		if i == 0 && !few {
			r.words = append(r.words, word{given: g, to: j.Addr, next: now + firstAgain, wait: firstAgain})
		}
	}
}

// Again repeats to a joiner what it was given, for it did not arrive: parts of another view would not fit to those that did.
// If that is too long ago the joiner is given v. Who asks many times is to fetch it here.
func (r *Rosters) Again(now time.Duration, v *view.View, joiner *view.Member) {
	g, ok := r.given[joiner.ID]
	l := r.find(g.view)
	if !ok || l == nil || !l.whole() {
		r.Give(now, v, []*view.Member{joiner})
		return
	}
	l.used = now
	if g.again++; g.again >= fromHere {
		g.from = nil // those above may have forgotten the list
	}
	r.given[joiner.ID] = g
	r.tell(l, joiner.Addr, g)
}

// Fetches reports whether a member may still be fetching the roster that it was given here: until then it does nothing for
// others.
func (r *Rosters) Fetches(id uint64) bool {
	g, ok := r.given[id]
	return ok && !g.direct && r.find(g.view) != nil
}

// above names those from whom the i-th joiner fetches: who is above it in the tree, and who above that one.
func above(joiners []*view.Member, i int) []netip.AddrPort {
	var out []netip.AddrPort
	for i > 0 && len(out) < wire.MaxAddrs {
		i = (i - 1) / arity
		out = append(out, joiners[i].Addr)
	}
	return out
}

func (r *Rosters) tell(l *list, to netip.AddrPort, g given) {
	if !g.direct {
		r.host.SendTo(to, wire.Admitted{View: l.view, Parts: uint32(len(l.parts)), Addrs: g.from})
		return
	}
	for i := range l.parts {
		r.send(l, receiver{addr: to}, i)
	}
}

// List holds the list of many who came at once, and gives what tells of it.
func (r *Rosters) List(now time.Duration, came []*view.Member) wire.Admitted {
	l := r.hold(now, sum(came), came)
	return wire.Admitted{View: l.view, Parts: uint32(len(l.parts))}
}

// Has reports whether a whole list is here.
func (r *Rosters) Has(hash uint64) bool {
	l := r.find(hash)
	return l != nil && l.whole()
}

func (r *Rosters) send(l *list, to receiver, part int) {
	r.lives = r.lives[:0]
	for _, m := range l.parts[part] {
		r.lives = append(r.lives, m.Record)
	}
	m := wire.Roster{View: l.view, Part: uint32(part), Parts: uint32(len(l.parts)), Lives: r.lives}
	if to.member != nil {
		r.host.Send(to.member, m)
	} else {
		r.host.SendTo(to.addr, m)
	}
}

// Asked serves somebody, a member if it is one: what is here it gets at once, the rest when it comes.
func (r *Rosters) Asked(now time.Duration, from netip.AddrPort, member *view.Member, f wire.Fetch) {
	l := r.find(f.View)
	if l == nil { // it was told so by the admitter, whose word to this member is under way
		if r.empty() >= maxEmpty {
			return // strangers may ask for what there is not
		}
		l = r.add(now, f.View)
	}
	l.used = now
	r.words = slices.DeleteFunc(r.words, func(w word) bool { return w.to == from && w.view == f.View })
	for rest := f.Mask; rest != 0; rest &= rest - 1 {
		bit := bits.TrailingZeros64(rest)
		if part := int(f.First) + bit; l.has(part) {
			r.send(l, receiver{from, member}, part)
			f.Mask &^= 1 << bit
		}
	}
	if l.whole() {
		f.Mask = 0
	}
	l.note(receiver{from, member}, f)
}

// arrived passes a part on to those who wait for it.
func (r *Rosters) arrived(l *list, part int) {
	for i := range l.asked {
		f := &l.asked[i]
		if bit := part - int(f.First); bit >= 0 && bit < 64 && f.Mask&(1<<bit) != 0 {
			f.Mask &^= 1 << bit
			r.send(l, f.receiver, part)
		}
	}
	l.asked = slices.DeleteFunc(l.asked, func(f asked) bool { return f.Mask == 0 || l.whole() })
}

// hold keeps a whole list.
func (r *Rosters) hold(now time.Duration, hash uint64, all []*view.Member) *list {
	l := r.find(hash)
	if l == nil {
		l = r.add(now, hash)
	}
	l.used = now
	if l.whole() {
		return l
	}
	l.parts = cut(all)
	l.have = len(l.parts)
	for part := range l.parts {
		r.arrived(l, part)
	}
	return l
}

func (r *Rosters) find(view uint64) *list {
	for _, l := range r.lists {
		if l.view == view {
			return l
		}
	}
	return nil
}

// add makes room for a list. Where there are too many the one that was not used for longest is forgotten.
func (r *Rosters) add(now time.Duration, view uint64) *list {
	if len(r.lists) >= maxLists {
		oldest := r.oldest()
		r.lists = slices.DeleteFunc(r.lists, func(l *list) bool { return l == oldest })
	}
	l := &list{view: view, used: now}
	r.lists = append(r.lists, l)
	return l
}

// empty counts the lists of which nothing is known but that somebody asked for them.
func (r *Rosters) empty() int {
	n := 0
	for _, l := range r.lists {
		if len(l.parts) == 0 {
			n++
		}
	}
	return n
}

func (r *Rosters) oldest() *list {
	return slices.MinFunc(r.lists, func(a, b *list) int { return cmp.Compare(a.used, b.used) })
}

// Tick says again what was lost, and forgets what nobody has asked for in a while.
func (r *Rosters) Tick(now time.Duration) {
	if len(r.lists) == 0 || now < r.Next() {
		return
	}
	r.words = slices.DeleteFunc(r.words, func(w word) bool { return w.wait > lastAgain || r.find(w.view) == nil })
	for i := range r.words {
		if w := &r.words[i]; now >= w.next {
			r.tell(r.find(w.view), w.to, w.given)
			w.wait *= 2
			w.next = now + w.wait
		}
	}
	r.lists = slices.DeleteFunc(r.lists, func(l *list) bool { return now-l.used >= keepFor })
	for id, g := range r.given {
		if r.find(g.view) == nil {
			delete(r.given, id)
		}
	}
}

// Next is when Tick has something to do; 0: nothing.
func (r *Rosters) Next() time.Duration {
	if len(r.lists) == 0 {
		return 0
	}
	next := r.oldest().used + keepFor
	for _, w := range r.words {
		next = min(next, w.next)
	}
	return next
}
