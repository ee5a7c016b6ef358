package roster

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/view"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// place is one member of a network that is made of messages with a time.
type place struct {
	net  *network
	addr netip.AddrPort
	*Rosters
	in   *Intake
	got  []*view.Member // once whole
	sent int            // parts
	dead bool
}

type network struct {
	rng    *rand.Rand
	now    time.Duration
	loss   float64
	places map[netip.AddrPort]*place
	order  []*place
	flying []flight
}

type flight struct {
	at       time.Duration
	from, to netip.AddrPort
	m        wire.Message
}

func (p *place) Send(to *view.Member, m wire.Message) { p.SendTo(to.Addr, m) }

func (p *place) SendTo(to netip.AddrPort, m wire.Message) {
	if r, ok := m.(wire.Roster); ok {
		r.Lives = append([]wire.Record(nil), r.Lives...)
		m = r
		p.sent++
	}
	if n := p.net; n.rng.Float64() >= n.loss {
		late := 200*time.Microsecond + time.Duration(n.rng.Int64N(int64(100*time.Microsecond)))
		n.flying = append(n.flying, flight{n.now + late, p.addr, to, m})
	}
}

func newNetwork(members int, loss float64) (*network, *view.View) {
	n := &network{rng: rand.New(rand.NewPCG(1, uint64(members))), loss: loss, places: map[netip.AddrPort]*place{}}
	var all []*view.Member
	for i := range members {
		addr := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), 7787)
		p := &place{net: n, addr: addr}
		p.Rosters = New(p, view.NewMember, false)
		n.places[addr] = p
		n.order = append(n.order, p)
		all = append(all, view.NewMember(wire.Record{
			Name: fmt.Sprint("m", i), Addr: addr, AddrVersion: 1, MinVersion: 1, MaxVersion: 1, Life: wire.Life{Generation: 1, Boot: uint64(i + 1)},
		}))
	}
	return n, view.New(all)
}

func (n *network) run(until time.Duration, seed *place) {
	for ; n.now < until && (len(n.flying) > 0 || n.waits()); n.now += 100 * time.Microsecond {
		flying := n.flying
		n.flying = nil
		for _, f := range flying {
			p := n.places[f.to]
			switch {
			case f.at > n.now:
				n.flying = append(n.flying, f)
			case !p.dead:
				p.receive(n.now, f)
			}
		}
		for _, p := range n.order {
			if p.in != nil && !p.dead {
				p.in.Tick(n.now, false)
				p.check()
			} else if p != seed && p.got == nil && !p.dead && n.now > 0 && n.now%(300*time.Millisecond) == 0 {
				p.SendTo(seed.addr, wire.Join{}) // it asks again
			}
		}
	}
}

func (n *network) waits() bool {
	return slices.ContainsFunc(n.order[1:], func(p *place) bool { return !p.dead && p.got == nil })
}

func (p *place) receive(now time.Duration, f flight) {
	switch m := f.m.(type) {
	case wire.Admitted:
		if p.in == nil && p.got == nil {
			p.in = p.Collect(now, m.View, m.Parts, append(m.Addrs, f.from), false)
		}
	case wire.Roster:
		if p.in == nil && p.got == nil {
			p.in = p.Collect(now, m.View, m.Parts, []netip.AddrPort{f.from}, true)
		}
		if p.in != nil && p.in.Takes(f.from) {
			p.in.Part(now, m)
		}
	case wire.Fetch:
		p.Asked(now, f.from, nil, m)
	case wire.Join:
		for _, l := range p.lists {
			for _, part := range l.parts {
				for _, member := range part {
					if member.Addr == f.from {
						p.Again(now, nil, member)
						return
					}
				}
			}
		}
	}
	p.check()
}

func (p *place) check() {
	if p.in == nil {
		return
	}
	if got, whole := p.in.Members(); whole {
		p.got, p.in = got, nil
	}
}

// Everybody who was let in and lives gets the whole list, whatever is lost and whoever dies, and the admitter has sent it
// hardly more often than once.
func TestAllGetTheRoster(t *testing.T) {
	for _, c := range []struct {
		members int
		loss    float64
		dead    int // every so many-th joiner
		sent    int // rosters by the admitter, at most
	}{
		{2, 0, 0, 1}, {3, 0, 0, 2}, {30, 0, 0, 29}, {30, 0.3, 0, 60}, // it sends them itself
		{300, 0, 0, 1}, {300, 0.01, 0, 2}, {300, 0.1, 0, 10}, {300, 0.05, 3, 30}, {300, 0, 2, 30},
		{1000, 0, 0, 1},
	} {
		t.Run(fmt.Sprintf("%d of which %d dead at %v", c.members, c.dead, c.loss), func(t *testing.T) {
			n, v := newNetwork(c.members, c.loss)
			seed := n.order[0]
			var joiners []*view.Member
			for i, p := range n.order[1:] {
				joiners = append(joiners, v.Find(wire.ID(fmt.Sprint("m", i+1))))
				p.dead = c.dead > 0 && i%c.dead == 0
			}
			seed.Give(n.now, v, joiners)
			n.run(8*time.Second, seed)
			for _, p := range n.order[1:] {
				if !p.dead && len(p.got) != c.members {
					t.Fatalf("%v has %d of %d", p.addr, len(p.got), c.members)
				}
			}
			if parts := len(cut(v.All())); seed.sent > c.sent*parts {
				t.Errorf("the admitter sent %d parts, the roster has %d", seed.sent, parts)
			}
		})
	}
}

// What a list claims to be is what it is, or it is dropped.
func TestARosterOfAnotherViewIsDropped(t *testing.T) {
	n, v := newNetwork(3, 0)
	p := n.order[1]
	in := p.Collect(0, v.Hash()+1, 1, []netip.AddrPort{n.order[0].addr}, false)
	in.Part(0, wire.Roster{View: v.Hash() + 1, Part: 0, Parts: 1, Lives: []wire.Record{v.At(0).Record}})
	if members, whole := in.Members(); !whole || members != nil || p.find(v.Hash()+1) != nil {
		t.Errorf("%v, whole: %v; kept: %v", members, whole, p.find(v.Hash()+1) != nil)
	}
}

// Nobody who asks for what there is not makes a member hold much, or for long.
func TestListsAreForgotten(t *testing.T) {
	n, v := newNetwork(3, 0)
	p := n.order[0]
	p.Give(0, v, v.All()[1:])
	for i := range uint64(1000) {
		p.Asked(time.Millisecond, n.order[1].addr, nil, wire.Fetch{View: i, First: 1<<32 - 1, Mask: 1<<64 - 1})
	}
	if len(p.lists) != 1+maxEmpty || !p.Has(v.Hash()) {
		t.Errorf("%d lists, the one given is kept: %v", len(p.lists), p.Has(v.Hash()))
	}
	for i := range uint64(1000) {
		p.List(time.Millisecond, []*view.Member{view.NewMember(wire.Record{Name: "x", Life: wire.Life{Generation: 1, Boot: i + 1}})})
	}
	if len(p.lists) != maxLists {
		t.Errorf("%d lists", len(p.lists))
	}
	if p.Next() == 0 {
		t.Fatal("nothing is ever forgotten")
	}
	p.Tick(time.Millisecond + keepFor)
	if len(p.lists) != 0 || len(p.given) != 0 || p.Next() != 0 {
		t.Errorf("%d lists and %d given are left", len(p.lists), len(p.given))
	}
}

// The word that there is a roster is all that a joiner waits for, so it is said again until it is heeded, a few times.
func TestTheWordIsSaidAgainUntilItIsHeeded(t *testing.T) {
	for _, lost := range []int{0, 1, 3, 10} {
		_, v := newNetwork(1000, 0)
		joiner := v.At(500)
		said := 0
		r := New(words(func() { said++ }), view.NewMember, true)
		r.Give(0, v, []*view.Member{joiner})
		for now := time.Duration(0); now < time.Second; now += time.Millisecond {
			if said > lost {
				r.Asked(now, joiner.Addr, nil, wire.Fetch{View: v.Hash()})
			}
			r.Tick(now)
		}
		if want := min(lost+1, 4); said != want {
			t.Errorf("said %d times though %d were lost, want %d", said, lost, want)
		}
	}
}

// words is a host that counts the words to joiners.
type words func()

func (w words) Send(*view.Member, wire.Message) {}
func (w words) SendTo(_ netip.AddrPort, m wire.Message) {
	if _, ok := m.(wire.Admitted); ok {
		w()
	}
}

// asker is a host that keeps what was asked for, and counts the parts that were sent.
type asker struct {
	fetches []wire.Fetch
	parts   []uint32
	words   []wire.Admitted
	to      netip.AddrPort // of the last message
}

func (a *asker) Send(*view.Member, wire.Message) {}
func (a *asker) SendTo(to netip.AddrPort, m wire.Message) {
	a.to = to
	switch m := m.(type) {
	case wire.Admitted:
		a.words = append(a.words, m)
	case wire.Fetch:
		a.fetches = append(a.fetches, m)
	case wire.Roster:
		a.parts = append(a.parts, m.Part)
	}
}

// collecting is a member that has asked for its roster, and the parts of that.
func collecting(t *testing.T) (*asker, *Intake, []wire.Roster) {
	t.Helper()
	n, v := newNetwork(1000, 0)
	var parts []wire.Roster
	for i, members := range cut(v.All()) {
		m := wire.Roster{View: v.Hash(), Part: uint32(i)}
		for _, member := range members {
			m.Lives = append(m.Lives, member.Record)
		}
		parts = append(parts, m)
	}
	for i := range parts {
		parts[i].Parts = uint32(len(parts))
	}
	a := &asker{}
	in := New(a, view.NewMember, false).Collect(0, v.Hash(), uint32(len(parts)), []netip.AddrPort{n.order[0].addr}, false)
	a.fetches = nil
	return a, in, parts
}

// Who asks for more while parts that it asked for before have not come here yet gets those as well, also if the two questions
// change places: the list of 2000 members took 54 ms to come to all, and takes 12.
func TestWhatWasAskedForBeforeIsStillAwaited(t *testing.T) {
	for _, first := range []int{0, 1} {
		a, in, parts := collecting(t)
		child := netip.MustParseAddrPort("10.1.0.1:7787")
		questions := []wire.Fetch{{View: in.View(), First: 0, Mask: 1<<3 | 1<<4}, {View: in.View(), First: 2, Mask: 1 << 3}}
		in.r.Asked(0, child, nil, questions[first])
		in.r.Asked(0, child, nil, questions[1-first])
		for _, part := range parts {
			in.Part(time.Millisecond, part)
		}
		if !slices.Equal(a.parts, []uint32{3, 4, 5}) {
			t.Errorf("parts %v were passed on, want 3 to 5", a.parts)
		}
	}
}

// A part that later ones have overtaken is asked for soon, once, however long the answers took before.
func TestAPartThatWasOvertakenIsAskedForSoon(t *testing.T) {
	a, in, parts := collecting(t)
	for now := time.Duration(0); now < 200*time.Millisecond; now += time.Millisecond {
		in.Tick(now, false)
	}
	a.fetches = nil
	now := 200 * time.Millisecond
	for i, part := range parts {
		if i != 2 {
			in.Part(now, part)
		}
	}
	if a.fetches = nil; in.Next() != now+overtakes {
		t.Errorf("it waits %v", in.Next()-now)
	}
	for until := now + 3*overtakes; now < until; now += time.Millisecond {
		in.Tick(now, false)
	}
	if want := []wire.Fetch{{View: in.View(), First: 2, Mask: 1}}; !slices.Equal(a.fetches, want) {
		t.Errorf("it asked for %+v, want %+v", a.fetches, want)
	}
}

// A member that is late does not take for lost what may wait here.
func TestTheLateAskForNothingThatWasOvertaken(t *testing.T) {
	a, in, parts := collecting(t)
	in.Part(0, parts[5])
	a.fetches = nil
	in.Tick(overtakes, true)
	if len(a.fetches) > 0 || in.Next() <= overtakes {
		t.Errorf("it asked for %+v, and again %v later", a.fetches, in.Next()-overtakes)
	}
}

// Those above a joiner may have forgotten the list. Who asks the admitter again and again is to fetch it there.
func TestWhoAsksManyTimesFetchesFromTheAdmitter(t *testing.T) {
	_, v := newNetwork(20, 0)
	a := &asker{}
	r := New(a, view.NewMember, true)
	r.Give(0, v, v.All()[10:])
	a.words = nil
	for range fromHere + 1 {
		r.Again(time.Millisecond, v, v.At(19))
	}
	for i, w := range a.words {
		if (len(w.Addrs) == 0) != (i+1 >= fromHere) {
			t.Errorf("asked %d times it is to fetch from %v", i+1, w.Addrs)
		}
	}
}

func TestTheFirstIsAskedAtOnce(t *testing.T) {
	a, in, _ := collecting(t)
	admitter := netip.MustParseAddrPort("10.1.0.1:7787")
	in.First(time.Millisecond, admitter)
	in.Tick(time.Millisecond, false)
	if a.to != admitter || !in.Takes(admitter) {
		t.Errorf("%v was asked", a.to)
	}
}
