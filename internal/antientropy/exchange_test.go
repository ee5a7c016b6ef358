package antientropy

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/store"
	"github.com/grapevine-gossip/grapevine/internal/view"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// side is one of two members whose exchanges are tested. What is offered to it is noted, not pulled.
type side struct {
	t       *testing.T
	st      *store.Store
	x       *Exchange
	other   *side
	now     *time.Duration
	out     []wire.Message
	offered map[uint64]uint64
	deaf    bool
	sent    map[wire.Kind]int
	bytes   int
	lose    wire.Kind // of this kind, the message after so many gets lost; 0: none
	loseAt  int
}

func (s *side) Send(to *view.Member, m wire.Message) {
	if n := wire.SectionSize(m); n > wire.MaxSection {
		s.t.Errorf("%s of %d bytes", m.Kind(), n)
	}
	if to.ID == s.st.Self.ID {
		s.t.Errorf("%s to oneself", m.Kind())
	}
	s.sent[m.Kind()]++
	s.bytes += wire.SectionSize(m)
	if m.Kind() == s.lose && s.sent[s.lose] == s.loseAt+1 {
		return
	}
	s.out = append(s.out, m)
}

func (s *side) Offer(_ time.Duration, _ *view.Member, versions []wire.Versioned) {
	for _, v := range versions {
		s.offered[v.Owner.ID] = max(s.offered[v.Owner.ID], v.Version)
	}
}

func record(i int) wire.Record {
	return wire.Record{Name: fmt.Sprint("m", i), Life: wire.Life{Generation: 1, Boot: uint64(i) + 1}, MinVersion: 1, MaxVersion: 1}
}

// pair makes members 0 and 1 of n, which hold the same.
func pair(t *testing.T, n int) (a, b *side) {
	now := new(time.Duration)
	*now = time.Minute
	sides := [2]*side{}
	for i := range sides {
		s := &side{t: t, st: store.New(record(i), store.Limits{}), now: now, offered: map[uint64]uint64{}, sent: map[wire.Kind]int{}}
		for k := range n {
			s.st.MergeRecord(0, record(k), 0, false)
		}
		s.x = New(Config{Rand: rand.New(rand.NewPCG(1, uint64(i)))}, s.st.Self.ID, s.st, s)
		sides[i] = s
	}
	a, b = sides[0], sides[1]
	a.other, b.other = b, a
	for _, s := range sides {
		s.x.SetView(*now, s.st.View())
		s.x.joining = false
		s.x.next = *now + 10*time.Second
	}
	return a, b
}

// write gives a side versions of m's namespace.
func (s *side) write(at time.Duration, m int, from, to uint64) {
	if s.st.Self.Name == record(m).Name {
		for range to - from {
			s.st.Set(at, "k", nil, 0, nil)
		}
		return
	}
	owner := wire.OwnerOf(wire.ID(record(m).Name), record(m).Life)
	got := s.st.Apply(at, &wire.Delta{Owner: owner, From: from, To: to, Entries: []wire.Entry{{Key: "k", Version: to}}}, 0, false)
	if got != store.Applied {
		s.t.Fatalf("write of m%d: %v", m, got)
	}
}

// deliver carries packets to and fro until nobody says anything, and returns how many there were.
func (s *side) deliver() int {
	packets := 0
	for from := s; len(s.out)+len(s.other.out) > 0; from = from.other {
		if !from.hand() {
			continue
		}
		if packets++; packets > 20 {
			s.t.Fatal("they never come to an end")
		}
	}
	return packets
}

// hand carries a packet to the other side. It reports whether there was one that is read.
func (s *side) hand() bool {
	to, msgs := s.other, s.out
	s.out = nil
	if len(msgs) == 0 || to.deaf {
		return false
	}
	*s.now += time.Millisecond
	member := to.st.View().Find(s.st.Self.ID)
	to.x.Hashes(*s.now, member, s.st.ViewHash(), s.st.StateHash())
	for _, m := range msgs {
		switch m := m.(type) {
		case wire.Lives:
			for _, r := range m.Records {
				to.record(r)
			}
		case wire.Ends:
			for _, e := range m.Ends {
				to.st.MergeEnd(*s.now, e, 0)
			}
		case wire.Announce:
			to.Offer(*s.now, member, m.Versions)
		default:
			to.x.Receive(*s.now, member, m)
		}
	}
	to.x.SetView(*s.now, to.st.View())
	return true
}

// record merges a record as dissemination does: whoever sends a life that is over is told so.
func (s *side) record(r wire.Record) {
	if m := s.st.FindName(r.Name); m != nil && m.End.Life.Compare(r.Life) >= 0 {
		s.out = append(s.out, wire.Ends{Ends: []wire.End{m.End.End}})
		return
	}
	s.st.MergeRecord(*s.now, r, 0, false)
}

func (s *side) contact() int {
	s.x.begin(*s.now, s.st.View().Find(s.other.st.Self.ID))
	return s.deliver()
}

func id(i int) uint64 { return wire.ID(record(i).Name) }

func TestEqualMembersSayTwoShortThings(t *testing.T) {
	a, b := pair(t, 10)
	if n := a.contact(); n != 2 || a.sent[wire.KindRecent] != 1 || b.sent[wire.KindWant] != 1 {
		t.Errorf("%d packets, %v and %v", n, a.sent, b.sent)
	}
	if next := a.x.next - *a.now; next < 9*time.Second || next > 11*time.Second {
		t.Errorf("next exchange in %v", next)
	}
}

// Section 3a: in a busy cluster nearly every difference is explained by what changed lately, without a digest.
func TestRecentChangesExplainADifference(t *testing.T) {
	a, b := pair(t, 200)
	lately := *a.now - 300*time.Millisecond
	for m := 10; m < 100; m++ {
		a.write(time.Second, m, 0, 3)
		b.write(time.Second, m, 0, 3)
	}
	for m := 10; m < 15; m++ {
		a.write(lately, m, 3, 5)
	}
	for m := 20; m < 26; m++ {
		b.write(lately, m, 3, 4)
		b.write(lately, m, 4, 6)
	}
	a.contact()
	if a.sent[wire.KindDigest]+b.sent[wire.KindDigest] > 0 {
		t.Errorf("digests were sent: %v, %v", a.sent, b.sent)
	}
	for m := 10; m < 15; m++ {
		if b.offered[id(m)] != 5 {
			t.Errorf("m%d was not offered", m)
		}
	}
	for m := 20; m < 26; m++ {
		if a.offered[id(m)] != 6 {
			t.Errorf("m%d was not offered back", m)
		}
	}
}

func TestOldDifferencesAreFoundByDigest(t *testing.T) {
	for _, n := range []int{3, 50, 2000} {
		a, b := pair(t, n)
		for m := 2; m < n; m++ {
			switch m % 4 {
			case 0:
				a.write(time.Second, m, 0, 2)
			case 1:
				b.write(time.Second, m, 0, 2)
			case 2:
				a.write(time.Second, m, 0, 2)
				b.write(time.Second, m, 0, 5)
			case 3:
				a.write(time.Second, m, 0, 2)
				b.write(time.Second, m, 0, 2)
			}
		}
		a.contact()
		for m := 2; m < n; m++ {
			want := [4][2]uint64{{0, 2}, {2, 0}, {5, 0}, {0, 0}}[m%4]
			if got := [2]uint64{a.offered[id(m)], b.offered[id(m)]}; got != want {
				t.Fatalf("n=%d, m%d: offered %v, want %v", n, m, got, want)
			}
		}
		t.Logf("n=%d: %v, %v", n, a.sent, b.sent)
	}
}

func TestPagesCoverAllIDs(t *testing.T) {
	for _, n := range []int{0, 1, 2, 3, 4, 5, 9, 10} {
		ids := make([]uint64, n)
		for i := range ids {
			ids[i] = uint64(i) * (math.MaxUint64 / 10)
		}
		next, seen := uint64(0), 0
		pages(ids, 3, func(id uint64) uint64 { return id }, func(page []uint64, lo, hi uint64) {
			if lo != next || len(page) > 3 {
				t.Errorf("n=%d: page of %d from %d, want %d", n, len(page), lo, next)
			}
			for _, id := range page {
				if id < lo || id > hi {
					t.Errorf("n=%d: %d is not in %d..%d", n, id, lo, hi)
				}
			}
			seen += len(page)
			next = hi + 1
		})
		if next != 0 || seen != n {
			t.Errorf("n=%d: the last page ends at %d, %d seen", n, next-1, seen)
		}
	}
}

func TestViewsAreMadeEqual(t *testing.T) {
	a, b := pair(t, 300)
	end := func(s *side, m int, l wire.Life, c wire.Cause) {
		s.st.MergeEnd(*a.now, wire.End{Name: record(m).Name, Life: l, Cause: c}, 0)
	}
	for m := 10; m < 40; m++ {
		end(a, m, record(m).Life, wire.Failed)
	}
	for m := 30; m < 60; m++ {
		end(b, m, record(m).Life, wire.Left)
	}
	for m := 60; m < 70; m++ { // ended there, returned here
		end(b, m, record(m).Life, wire.Failed)
		r := record(m)
		r.Life.Incarnation = 1
		a.st.MergeRecord(*a.now, r, 0, false)
	}
	for m := 300; m < 320; m++ {
		b.st.MergeRecord(*a.now, record(m), 0, false)
	}
	for _, s := range []*side{a, b} {
		s.x.SetView(*a.now, s.st.View())
		s.x.joining = false
	}
	for range 6 {
		a.contact()
		*a.now += 200 * time.Millisecond
	}
	if a.st.ViewHash() != b.st.ViewHash() || a.st.View().Len() != 320-50 {
		t.Errorf("views of %d and %d", a.st.View().Len(), b.st.View().Len())
	}
	t.Log(a.sent, b.sent)
}

func TestYoungDifferencesOfViewsAreLeftAlone(t *testing.T) {
	a, b := pair(t, 30)
	b.st.MergeRecord(*a.now, record(77), 0, false)
	b.x.SetView(*a.now, b.st.View())
	a.contact()
	if a.sent[wire.KindLifeDigest]+b.sent[wire.KindLifeDigest] > 0 {
		t.Error("compared at once")
	}
	*a.now = b.x.Next()
	b.x.Tick(*a.now)
	b.deliver()
	if a.st.ViewHash() != b.st.ViewHash() {
		t.Error("not repaired when the difference stayed")
	}
}

// While many go this member's view changes all the time: that another one's differs then needs no explanation, for a while.
func TestViewsAreNotComparedWhileTheyMove(t *testing.T) {
	a, b := pair(t, 30)
	b.st.MergeRecord(*a.now, record(77), 0, false)
	b.x.SetView(*a.now, b.st.View())
	began := *a.now
	for i := 0; a.sent[wire.KindLifeDigest]+b.sent[wire.KindLifeDigest] == 0; i++ {
		if *a.now-began > 10*livesMost {
			t.Fatal("never compared")
		}
		for _, s := range []*side{a, b} {
			s.st.MergeRecord(*a.now, record(100+i), 0, false)
			s.x.SetView(*a.now, s.st.View())
		}
		a.contact()
		*a.now += livesTake / 2
	}
	if took := *a.now - began; took < livesMost {
		t.Errorf("compared after %v", took)
	}
}

func TestLastWordsOfTheDeadAreRepaired(t *testing.T) {
	a, b := pair(t, 30)
	a.write(time.Second, 7, 0, 4)
	b.write(time.Second, 7, 0, 2)
	for _, s := range []*side{a, b} {
		s.st.MergeEnd(*a.now, wire.End{Name: record(7).Name, Life: record(7).Life, Cause: wire.Failed}, 0)
		s.x.SetView(*a.now, s.st.View())
	}
	if a.st.StateHash() != b.st.StateHash() {
		t.Fatal("the hashes tell")
	}
	b.contact()
	if b.offered[id(7)] != 4 {
		t.Error("who lacks them was not offered them")
	}
	a.contact()
	if b.offered[id(7)] != 4 {
		t.Error("whoever lacks them was not offered them")
	}
}

func TestJoinerIsToldOfStateAndOfThoseThatEndedLately(t *testing.T) {
	a, b := pair(t, 200)
	a.x = New(Config{Rand: a.x.rng}, a.st.Self.ID, a.st, a)
	a.x.SetView(*a.now, a.st.View())
	for m := 2; m < 200; m++ {
		b.write(time.Second, m, 0, 3)
	}
	b.st.MergeRecord(time.Second, record(500), 0, false)
	b.write(time.Second, 500, 0, 2)
	b.st.MergeEnd(*a.now, wire.End{Name: record(500).Name, Life: record(500).Life, Cause: wire.Failed}, 0)
	b.st.MergeRecord(time.Second, record(501), 0, false)
	b.write(time.Second, 501, 0, 2)
	b.st.MergeEnd(*a.now-20*time.Minute, wire.End{Name: record(501).Name, Life: record(501).Life, Cause: wire.Failed}, 0)
	b.x.SetView(*a.now, b.st.View())
	if next := a.x.Next(); next > *a.now+2*joinerWait {
		t.Errorf("the joiner asks after %v", next-*a.now)
	}
	a.contact()
	for m := 2; m < 200; m++ {
		if a.offered[id(m)] != 3 {
			t.Fatalf("m%d was not offered", m)
		}
	}
	if m := a.st.FindName(record(500).Name); m == nil || m.InView() || a.offered[id(500)] != 2 {
		t.Error("who ended lately is not known")
	}
	if a.st.FindName(record(501).Name) != nil {
		t.Error("who ended long ago was told of")
	}
}

func TestSilentMemberIsNotWaitedFor(t *testing.T) {
	a, b := pair(t, 30)
	b.deaf = true
	*a.now = a.x.Next()
	a.x.Tick(*a.now)
	for i := range mostRetries {
		first := a.x.asked
		if first == 0 {
			t.Fatalf("nobody is asked after %d", i)
		}
		*a.now = a.x.Next()
		a.x.Tick(*a.now)
		if a.x.asked == first || a.x.askedAt != *a.now {
			t.Errorf("%d: asked %x, then %x", i, first, a.x.asked)
		}
		if i > 0 && *a.now != a.x.started {
			t.Errorf("%d: not begun at once", i)
		}
	}
	*a.now = a.x.Next()
	a.x.Tick(*a.now)
	if a.x.asked != 0 {
		t.Error("goes on for ever")
	}
	if next := a.x.Next() - *a.now; next < 300*time.Millisecond || next > 1100*time.Millisecond {
		t.Errorf("next exchange in %v", next)
	}
}

func TestHashesOfPacketsLeadToAnEarlyExchange(t *testing.T) {
	a, b := pair(t, 30)
	a.contact()
	b.write(*a.now, 9, 0, 1)
	member := a.st.View().Find(b.st.Self.ID)
	a.x.Hashes(*a.now, member, b.st.ViewHash(), b.st.StateHash())
	began := 0
	for end := *a.now + time.Second; a.x.Next() < end; {
		*a.now = a.x.Next()
		a.x.Tick(*a.now)
		began += a.sent[wire.KindRecent] - 1
		a.deliver()
		a.x.Hashes(*a.now, member, b.st.ViewHash(), b.st.StateHash())
		a.sent[wire.KindRecent] = 1
	}
	if a.offered[id(9)] != 1 {
		t.Error("not found")
	}
	if began < 2 || began > 6 {
		t.Errorf("%d exchanges in a second", began)
	}
}

func TestNewsOnItsWayLeadsToNoExchange(t *testing.T) {
	a, b := pair(t, 30)
	a.contact()
	member := a.st.View().Find(b.st.Self.ID)
	for m := 5; m < 25; m++ {
		b.write(*a.now, m, 0, 1)
		a.x.Hashes(*a.now, member, b.st.ViewHash(), b.st.StateHash())
		*a.now += 5 * time.Millisecond
		a.write(*a.now, m, 0, 1)
		a.x.Hashes(*a.now, member, b.st.ViewHash(), b.st.StateHash())
		for a.x.Next() <= *a.now {
			a.x.Tick(*a.now)
		}
		*a.now += 50 * time.Millisecond
	}
	if a.sent[wire.KindRecent] != 1 {
		t.Errorf("%v", a.sent)
	}
}
