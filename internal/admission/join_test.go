package admission

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/store"
	"github.com/grapevine-gossip/grapevine/internal/view"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// raise asks for the least life above the known one that this process can have.
func TestRaise(t *testing.T) {
	life := func(g, b, i uint64) wire.Life { return wire.Life{Generation: g, Boot: b, Incarnation: i} }
	for _, c := range []struct {
		what              string
		want, known, next wire.Life
		raised            bool
	}{
		{"never known", life(1, 5, 0), wire.Life{}, life(1, 5, 0), false},
		{"ended elsewhere", life(1, 5, 0), life(1, 5, 0), life(1, 5, 1), true},
		{"ended several times", life(1, 5, 0), life(1, 5, 3), life(1, 5, 4), true},
		{"above already", life(1, 5, 4), life(1, 5, 3), life(1, 5, 4), false},
		{"another process, same generation, lower boot id", life(1, 5, 0), life(1, 9, 0), life(2, 5, 0), true},
		{"another process, same generation, higher boot id", life(1, 5, 0), life(1, 2, 0), life(2, 5, 0), true},
		{"another process, later generation", life(1, 5, 2), life(7, 9, 1), life(8, 5, 0), true},
		{"another process, earlier generation", life(3, 5, 0), life(2, 9, 6), life(3, 5, 0), false},
		{"no generation is left", life(1, 5, 0), life(wire.MaxGeneration-1, 9, 0), life(wire.MaxGeneration, 5, 0), false},
		{"no incarnation is left", life(1, 5, 0), life(1, 5, wire.MaxIncarnation-1), life(1, 5, wire.MaxIncarnation), false},
	} {
		got, raised := raise(wire.Record{Life: c.want}, c.known)
		if got.Life != c.next || raised != c.raised {
			t.Errorf("%s: %+v %v, want %+v %v", c.what, got.Life, raised, c.next, c.raised)
		}
	}
}

// The larger view wins, equal ones go by the hash.
func TestSizes(t *testing.T) {
	for _, c := range []struct {
		a, b size
		want int
	}{
		{size{3, 1}, size{2, 9}, 1}, {size{2, 1}, size{2, 9}, -1}, {size{2, 9}, size{2, 9}, 0},
	} {
		if got := c.a.compare(c.b); got != c.want {
			t.Errorf("%v to %v: %d", c.a, c.b, got)
		}
	}
}

// A member that asks for admission because its view is small may learn the rest meanwhile. The answer can lack who came
// since: once, where a cluster of 101 formed at 30 % loss, all were ended for that.
func TestAnOlderRosterEndsNobody(t *testing.T) {
	member := func(name string, incarnation uint64) *view.Member {
		return view.NewMember(wire.Record{Name: name, Life: wire.Life{Generation: 1, Boot: 1, Incarnation: incarnation}})
	}
	st := store.New(member("a", 0).Record, store.Limits{})
	st.MergeRecord(0, member("b", 0).Record, 0, false)
	st.MergeRecord(0, member("c", 0).Record, 0, false)
	d := &Door{st: st, self: st.Self.ID}
	d.attempt = &attempt{}
	d.enter(0, []*view.Member{member("a", 0), member("b", 0)}, &attempt{})
	if d.attempt != nil || st.View().Len() != 3 {
		t.Errorf("it is still asking: %v; its view has %d members", d.attempt != nil, st.View().Len())
	}
	for _, lives := range [][]*view.Member{
		{member("a", 1), member("b", 0)},
		{member("a", 0), member("b", 1)}, // another process than the one waited for in vain: two views of a name, seed 920155
		{member("a", 0), member("b", 0), member("d", 0), member("e", 0)},
	} {
		if d.inAlready(lives) {
			t.Errorf("it is in %+v already", lives)
		}
	}
}

// refusedHost counts the refusals that the application is told of.
type refusedHost struct {
	Host
	told int
}

func (h *refusedHost) Refused(time.Duration, Refusal) { h.told++ }

// A joiner whose address was tried, and that was only too slow to answer, asks again; not for ever, for the way back may be
// closed. Of a thousand that started at once on two processors some were refused for good.
func TestWhoWasTooSlowToAnswerAsksAgain(t *testing.T) {
	admitter := netip.MustParseAddrPort("10.0.0.9:7787")
	st := store.New(wire.Record{Name: "a", Life: wire.Life{Generation: 1, Boot: 1}}, store.Limits{})
	for _, tried := range []bool{false, true} {
		host := &refusedHost{}
		d := &Door{st: st, self: st.Self.ID, host: host}
		refusals := 0
		for host.told == 0 && refusals < 10 {
			d.attempt = &attempt{want: st.Self.Record, targets: []netip.AddrPort{admitter}, asked: time.Second}
			if tried {
				d.Probed(2 * time.Second)
			}
			d.onRefuse(3*time.Second, admitter, wire.Header{}, wire.Refuse{Reason: wire.RefusedUnreachable})
			refusals++
		}
		if want := map[bool]int{false: 1, true: slowMost + 1}[tried]; refusals != want {
			t.Errorf("tried %v: told after %d refusals, want %d", tried, refusals, want)
		}
	}
}

// A joiner on whom somebody counts asks its admitter again soon, and does so again if the answer to that is lost, too; but not
// whenever somebody counts on it.
func TestALostWordIsAskedFor(t *testing.T) {
	d, host := seeking(seedAddr)
	d.Receive(time.Second, seedAddr, wire.Header{}, nil, wire.Wait{In: 2 * time.Second})
	taken[wire.Join](host)
	tag := wire.Tag(d.self, d.Asked())
	var asked []time.Duration
	for now := time.Second; now < 1400*time.Millisecond; now += 5 * time.Millisecond {
		d.Expected(now, otherAddr, tag)
		d.Tick(now)
		for range taken[wire.Join](host) {
			asked = append(asked, now-time.Second)
		}
	}
	if want := []time.Duration{wordTakes, joinSoon + wordTakes, 2*joinSoon + wordTakes}; !slices.Equal(asked, want) {
		t.Errorf("asked at %v, want %v", asked, want)
	}
}

// Two sides that were told to join each other wait for nothing: the first that hears that the other is on its way stays.
func TestASideIsNotOutForWhoIsOutItself(t *testing.T) {
	admitter := netip.MustParseAddrPort("10.0.0.9:7787")
	st := store.New(wire.Record{Name: "a", Life: wire.Life{Generation: 1, Boot: 1}}, store.Limits{})
	for _, side := range []bool{false, true} {
		d := &Door{st: st, self: st.Self.ID, host: &refusedHost{}}
		d.attempt = &attempt{want: st.Self.Record, targets: []netip.AddrPort{admitter}, asked: time.Second, out: true, side: side}
		d.onRefuse(2*time.Second, admitter, wire.Header{}, wire.Refuse{Reason: wire.RefusedBusy})
		if d.Out() == side {
			t.Errorf("asking with its side %v: out %v", side, d.Out())
		}
	}
}
