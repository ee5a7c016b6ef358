package spread

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/store"
	"github.com/grapevine-gossip/grapevine/internal/view"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// listener is a host that notes what is sent.
type listener struct {
	Host
	sent []wire.Message
}

func (l *listener) Send(_ *view.Member, m wire.Message) int {
	l.sent = append(l.sent, m)
	return wire.SectionSize(m)
}

func placed(i, n int) (*Spread, *listener) {
	record := func(i int) wire.Record {
		return wire.Record{Name: fmt.Sprint("m", i), Life: wire.Life{Generation: 1, Boot: uint64(i) + 1}, MinVersion: 1, MaxVersion: 1}
	}
	st := store.New(record(i), store.Limits{})
	for k := range n {
		st.MergeRecord(0, record(k), 0, false)
	}
	l := &listener{}
	s := New(Config{Rand: rand.New(rand.NewPCG(1, uint64(i)))}, st.Self.ID, st, l)
	s.SetView(time.Second, st.View(), st.View())
	return s, l
}

// What is announced by place is understood as it was meant, in any number of packets, and beside it what has no place.
func TestPlacesAreUnderstood(t *testing.T) {
	const n = 3000
	a, sent := placed(0, n)
	to := a.edges[0].to
	b, _ := placed(int(to.Life.Boot)-1, n)
	from := b.st.View().Find(a.self)
	a.Hashes(to, b.st.ViewHash(), b.st.StateHash())
	for _, count := range []int{1, 2, 40, 2000} {
		sent.sent = nil
		want := map[wire.Owner]uint64{}
		var versions []wire.Versioned
		for _, i := range rand.New(rand.NewPCG(1, uint64(count))).Perm(n)[:count] {
			if m := a.st.View().At(i); m.ID != a.self && m.ID != b.self {
				v := wire.Versioned{Owner: wire.OwnerOf(m.ID, m.Life), Version: uint64(i)*977 + 1}
				versions, want[v.Owner] = append(versions, v), v.Version
			}
		}
		gone := wire.Versioned{Owner: wire.Owner{ID: 77, Generation: 1}, Version: 3}
		a.announce(to, append(versions, gone))
		bytes, told := 0, false
		b.pulls = nil
		for _, m := range sent.sent {
			bytes += wire.SectionSize(m)
			if size := wire.SectionSize(m); size > wire.MaxSection {
				t.Errorf("a section of %d bytes", size)
			}
			if rest, ok := m.(wire.Announce); ok {
				told = len(rest.Versions) == 1 && rest.Versions[0] == gone
				continue
			}
			b.Receive(time.Second, from, m)
		}
		for o, v := range want {
			if p := b.pull(o); p == nil || p.offers[0].version != v {
				t.Fatalf("%d announced: %v is not offered at %d", count, o, v)
			}
		}
		if len(b.pulls) != len(want) || !told {
			t.Errorf("%d announced, %d offered; what has no place: %v", len(want), len(b.pulls), told)
		}
		t.Logf("%d in %d bytes", count, bytes)
	}
}

// Who holds another view must not take the places for those of its own.
func TestPlacesOfAnotherViewAreNotRead(t *testing.T) {
	a, sent := placed(0, 300)
	to := a.edges[0].to
	b, _ := placed(int(to.Life.Boot)-1, 300)
	a.Hashes(to, b.st.ViewHash(), b.st.StateHash())
	b.st.MergeRecord(0, wire.Record{Name: "late", Life: wire.Life{Generation: 1, Boot: 9}}, 0, false)
	var versions []wire.Versioned
	for _, m := range a.st.View().All()[:50] {
		versions = append(versions, wire.Versioned{Owner: wire.OwnerOf(m.ID, m.Life), Version: 9})
	}
	a.announce(to, versions)
	for _, m := range sent.sent {
		b.Receive(time.Second, b.st.View().Find(a.self), m)
	}
	b.Receive(time.Second, b.st.View().Find(a.self), wire.Places{View: b.st.ViewHash(), Held: []wire.Place{{Skip: 1<<32 - 1, Version: 4}}})
	if len(b.pulls) > 0 {
		t.Errorf("%d are pulled", len(b.pulls))
	}
}

// An announcement to a neighbour whose view is not known to be the same names the owners.
func TestOwnersAreNamedToAMemberOfAnotherView(t *testing.T) {
	a, sent := placed(0, 300)
	a.Hashes(a.edges[0].to, 5, 6)
	var versions []wire.Versioned
	for _, m := range a.st.View().All()[:3] {
		versions = append(versions, wire.Versioned{Owner: wire.OwnerOf(m.ID, m.Life), Version: 9})
	}
	a.announce(a.edges[0].to, versions)
	if m, ok := sent.sent[0].(wire.Announce); !ok || len(m.Versions) != 3 {
		t.Errorf("%v", sent.sent)
	}
}
