package detector

import (
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/grapevine-gossip/grapevine/internal/view"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// dumb judges by the letter of the rule, with sets, one member at a time.
func dumb(v *view.View, rumours []wire.Rumour, self uint64) map[uint64]bool {
	in := func(s wire.Suspicion) bool { m := v.Find(s.ID); return m != nil && m.Tag == s.Tag }
	says := func(list func(wire.Rumour) []wire.Suspicion, id uint64) map[uint64]bool {
		out := map[uint64]bool{}
		for _, r := range rumours {
			a := v.Find(r.Author.ID)
			if a == nil || wire.RefOf(a.ID, a.Life) != r.Author || a.ID == id {
				continue
			}
			for _, s := range list(r) {
				if s.ID == id && in(s) {
					out[a.ID] = true
				}
			}
		}
		return out
	}
	accused := func(r wire.Rumour) []wire.Suspicion { return r.Accused }
	vouched := func(r wire.Rumour) []wire.Suspicion { return r.Vouched }

	round := map[uint64]bool{}
	accusers, watching := map[uint64]map[uint64]bool{}, map[uint64]int{}
	most := 0
	for _, s := range v.All() {
		if s.ID == self {
			continue
		}
		watchers := map[uint64]bool{}
		for _, w := range v.Neighbors(s.ID) {
			watchers[w.ID] = true
		}
		a, o := says(accused, s.ID), says(vouched, s.ID)
		n := 0
		for id := range watchers {
			if a[id] {
				n++
			}
		}
		maps.DeleteFunc(o, func(id uint64, _ bool) bool { return a[id] })
		e := map[uint64]bool{}
		for id := range watchers {
			if !a[id] && len(says(accused, id)) == 0 {
				e[id] = true
			}
		}
		if len(o) > 0 {
			maps.DeleteFunc(a, func(id uint64, _ bool) bool { return !watchers[id] })
		}
		maps.Copy(e, a)
		maps.Copy(e, o)
		if len(a) >= 2 && 2*len(a) > len(e) {
			round[s.ID], accusers[s.ID], watching[s.ID] = true, a, n
			most = max(most, n)
		}
	}
	for id := range maps.Clone(round) { // where they accuse each other, those go first whom most of their watchers accuse
		for other := range round {
			if accusers[id][other] {
				maps.DeleteFunc(round, func(id uint64, _ bool) bool { return watching[id] < most })
			}
		}
	}
	if len(round) > 0 {
		maps.Copy(round, dumb(v.Without(round), rumours, self))
	}
	return round
}

// drawRumours makes rumours of members of a view of n, some of former lives or by strangers.
func drawRumours(t *rapid.T, n int) []wire.Rumour {
	who := rapid.IntRange(0, n) // one stranger
	suspicion := func(label string) func() wire.Suspicion {
		return func() wire.Suspicion {
			m := testMember(who.Draw(t, label))
			s := wire.Suspicion{ID: m.ID, Tag: m.Tag}
			if rapid.IntRange(0, 9).Draw(t, "former life") == 0 {
				s.Tag++
			}
			return s
		}
	}
	list := func(label string, most int) []wire.Suspicion {
		var out []wire.Suspicion
		for range rapid.IntRange(0, most).Draw(t, label) {
			out = append(out, suspicion(label)())
		}
		return sorted(out)
	}
	var out []wire.Rumour
	for i := range n + 1 {
		if rapid.Bool().Draw(t, "silent") {
			continue
		}
		m := testMember(i)
		r := wire.Rumour{Author: wire.RefOf(m.ID, m.Life), Accused: list("accused", n), Vouched: list("vouched", 2)}
		if rapid.IntRange(0, 9).Draw(t, "old author") == 0 {
			r.Author.Incarnation++
		}
		out = append(out, r)
	}
	return out
}

func testView(n int) *view.View {
	members := make([]*view.Member, n)
	for i := range members {
		members[i] = testMember(i)
	}
	return view.New(members)
}

func TestConvictedAgreesWithItsDumbTwin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 14).Draw(t, "n")
		v := testView(n)
		rumours := drawRumours(t, n)
		self := testMember(rapid.IntRange(0, n-1).Draw(t, "self")).ID
		got := map[uint64]bool{}
		last := uint64(0)
		for _, c := range Convicted(v, rumours, self) {
			if c.Member.ID <= last || c.Member.ID == self || len(c.Accusers) < 2 || len(c.Accusers) > wire.MaxAccusers {
				t.Fatalf("verdict %+v", c)
			}
			got[c.Member.ID], last = true, c.Member.ID
		}
		if want := dumb(v, rumours, self); !maps.Equal(got, want) {
			t.Fatalf("convicted %v, the twin %v", got, want)
		}
	})
}

func TestConvictedIgnoresTheOrderOfRumours(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 10).Draw(t, "n")
		rumours := drawRumours(t, n)
		shuffled := rapid.Permutation(rumours).Draw(t, "order")
		ids := func(vs []Verdict) (out []uint64) {
			for _, v := range vs {
				out = append(out, v.Member.ID)
				out = append(out, v.Accusers...)
			}
			return out
		}
		// Accusers are cut to the eight lowest ids of each round, whatever the order.
		if a, b := ids(Convicted(testView(n), rumours, 0)), ids(Convicted(testView(n), shuffled, 0)); !slices.Equal(a, b) {
			t.Fatalf("%v and %v", a, b)
		}
	})
}

// says makes the rumour of member i.
func says(i int, accused, vouched []int) wire.Rumour {
	m := testMember(i)
	r := wire.Rumour{Author: wire.RefOf(m.ID, m.Life)}
	for _, j := range accused {
		s := testMember(j)
		r.Accused = append(r.Accused, wire.Suspicion{ID: s.ID, Tag: s.Tag})
	}
	for _, j := range vouched {
		s := testMember(j)
		r.Vouched = append(r.Vouched, wire.Suspicion{ID: s.ID, Tag: s.Tag})
	}
	return r
}

func TestNobodysWordAloneEndsAnother(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 30).Draw(t, "n")
		var all []int
		for i := range n {
			all = append(all, i)
		}
		author := rapid.IntRange(0, n-1).Draw(t, "author")
		if got := Convicted(testView(n), []wire.Rumour{says(author, all, nil)}, testMember(author).ID); got != nil {
			t.Fatalf("convicted %v", got)
		}
	})
}

func TestAnAccusedSilentWatcherDoesNotBlock(t *testing.T) {
	// Of five, all watching each other, three are dead: the two others accuse all three.
	rumours := []wire.Rumour{says(0, []int{2, 3, 4}, nil), says(1, []int{2, 3, 4}, nil)}
	if got := Convicted(testView(5), rumours, testMember(0).ID); len(got) != 3 {
		t.Errorf("convicted %v", got)
	}
	// If one of the three is accused by nobody, two of its fellows' three remaining watchers still are the majority.
	rumours = []wire.Rumour{says(0, []int{2, 3}, nil), says(1, []int{2, 3}, nil)}
	if got := Convicted(testView(5), rumours, testMember(0).ID); len(got) != 2 {
		t.Errorf("convicted %v", got)
	}
}

func TestVouchesSaveWhomFewAccuse(t *testing.T) {
	rumours := []wire.Rumour{says(0, []int{4}, nil), says(1, []int{4}, nil), says(2, nil, []int{4}), says(3, nil, []int{4})}
	if got := Convicted(testView(5), rumours, testMember(0).ID); got != nil {
		t.Errorf("convicted %v", got)
	}
	rumours[2] = says(2, []int{4}, nil)
	if got := Convicted(testView(5), rumours, testMember(0).ID); len(got) != 1 {
		t.Errorf("convicted %v", got)
	}
}

func TestOfTwoThatConvictEachOtherTheOneMoreAccusedGoes(t *testing.T) {
	// Of seven, all watching each other, 0 and 1 hear nobody of the rest and roll, and the rest hear no answer of them.
	deaf, rest := []int{0, 1}, []int{2, 3, 4, 5, 6}
	rumours := []wire.Rumour{says(0, rest, nil), says(1, rest, nil)}
	for _, i := range rest[:4] { // one is slow
		rumours = append(rumours, says(i, deaf, nil))
	}
	got := Convicted(testView(7), rumours, testMember(6).ID)
	names := ""
	for _, c := range got {
		names += c.Member.Name
	}
	if names != "n0n1" && names != "n1n0" {
		t.Errorf("convicted %s", names)
	}
}

func FuzzConvicted(f *testing.F) {
	f.Fuzz(rapid.MakeFuzz(func(t *rapid.T) {
		n := rapid.IntRange(1, 12).Draw(t, "n")
		v, rumours := testView(n), drawRumours(t, n)
		if got, want := Convicted(v, rumours, testMember(0).ID), dumb(v, rumours, testMember(0).ID); len(got) != len(want) {
			t.Fatalf("convicted %v, the twin %v", got, want)
		}
	}))
}

// Whom a member takes for settled, when it asks which rumours to pass on, is whom the first round convicts.
func TestSettledIsWhomTheFirstRoundConvicts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 20).Draw(t, "members")
		d, _ := alone(n)
		for i, r := range drawRumours(t, n) {
			r.Seq, r.Every = uint64(i)+1, time.Second
			d.Receive(time.Second, d.v.At(rapid.IntRange(0, n-1).Draw(t, "from")), r)
		}
		c := d.court()
		round := convictedOnce(d.v, tally(d.v, d.lists()), d.self.ID)
		for _, m := range d.v.All() {
			want := slices.ContainsFunc(round, func(c charge) bool { return c.member == m })
			if got := c.settles(m.ID); got != want {
				t.Fatalf("%s: settled %v, convicted %v", m.Name, got, want)
			}
		}
	})
}

// A hundred of a thousand are accused by all their watchers that live.
func BenchmarkConvicted(b *testing.B) {
	v := testView(1000)
	lists := map[uint64]*wire.Rumour{}
	for i := range 100 {
		s := testMember(i)
		for _, w := range v.Neighbors(s.ID) {
			if lists[w.ID] == nil {
				lists[w.ID] = &wire.Rumour{Author: wire.RefOf(w.ID, w.Life)}
			}
			lists[w.ID].Accused = append(lists[w.ID].Accused, wire.Suspicion{ID: s.ID, Tag: s.Tag})
		}
	}
	var rumours []wire.Rumour
	for i := 100; i < 1000; i++ {
		if r := lists[testMember(i).ID]; r != nil {
			rumours = append(rumours, *r)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		if got := Convicted(v, rumours, testMember(999).ID); len(got) != 100 {
			b.Fatalf("%d convicted", len(got))
		}
	}
}
