package spread_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/store"
	"github.com/grapevine-gossip/grapevine/internal/view"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

func TestTenthDeadAndLossMissesNobody(t *testing.T) {
	const n, updates = 300, 20
	net := newNetwork(t, options{n: n, seed: 5, loss: 0.01})
	dead := map[*node]bool{}
	for _, n := range net.nodes[:n/10] {
		dead[n] = true
	}
	net.cut = func(from, to *node) bool { return dead[from] || dead[to] }
	missed := 0
	for i := range updates {
		origin := net.nodes[n/10+net.rng.IntN(n-n/10)]
		key := fmt.Sprintf("k%d", i)
		origin.set(key, make([]byte, 32))
		origin.settle()
		net.run(100 * time.Millisecond)
		missed += n - n/10 - net.have(origin, key)
	}
	if missed > 0 {
		t.Errorf("%d missed of %d", missed, updates*n*9/10)
	}
}

// payload is the bytes of keys and values that all received.
func (net *network) payload() float64 {
	bytes := uint64(0)
	for _, n := range net.nodes {
		bytes += n.sp.Counts().Payload
	}
	return float64(bytes)
}

func TestLargeValueArrivesOnceInDatagrams(t *testing.T) {
	for _, size := range []int{700, 2 << 10, 20 << 10, 64 << 10} {
		for _, loss := range []float64{0, 0.01, 0.05} {
			t.Run(fmt.Sprintf("%d/loss=%v", size, loss), func(t *testing.T) {
				net := newNetwork(t, options{n: 101, seed: 11, loss: loss})
				origin := net.nodes[0]
				origin.set("big", make([]byte, size))
				origin.settle()
				took, ok := net.until(5*time.Second, func() bool { return net.have(origin, "big") == 101 })
				copies := net.payload() / float64(100*(size+len("big")))
				t.Logf("%v, %.3f copies, %d bytes a member", took, copies, net.bytes/101)
				if !ok {
					t.Error("not everybody has it")
				}
				if copies > 1.1 {
					t.Errorf("%.2f copies", copies)
				}
				if net.streams > 0 {
					t.Errorf("%d streams", net.streams)
				}
			})
		}
	}
}

// Streams are only quicker: where none can be opened, the same comes in datagrams.
func TestWithoutStreamsAllComesInDatagrams(t *testing.T) {
	const size, keys = 60 << 10, 10
	for _, failures := range []int{0, 5, 1 << 30} {
		t.Run(fmt.Sprint(failures), func(t *testing.T) {
			net := newNetwork(t, options{n: 20, seed: 2, loss: 0.01})
			net.failPulls = failures
			origin := net.nodes[0]
			for i := range keys {
				origin.set(fmt.Sprint("big", i), make([]byte, size))
			}
			origin.settle()
			took, ok := net.until(20*time.Second, net.agree)
			copies := net.payload() / float64(19*keys*(size+4))
			t.Logf("%v, %.3f copies, %d streams", took, copies, net.streams)
			if !ok {
				t.Error("not everybody has all")
			}
			if copies > 1.1 {
				t.Errorf("%.2f copies", copies)
			}
		})
	}
}

func TestLargeValueDoesNotDelayOthersUpdates(t *testing.T) {
	net := newNetwork(t, options{n: 20, seed: 2})
	origin, other := net.nodes[0], net.nodes[1]
	for i := range 50 {
		origin.set(fmt.Sprintf("big%d", i), make([]byte, 64<<10))
	}
	origin.settle()
	net.run(5 * time.Millisecond)
	other.set("small", []byte("x"))
	other.settle()
	took, ok := net.until(time.Second, func() bool { return net.have(other, "small") == 20 })
	if !ok || took > 10*time.Millisecond {
		t.Errorf("small update took %v beside a transfer of 3 MiB", took)
	}
	took, ok = net.until(30*time.Second, net.agree)
	t.Logf("3 MiB to 19 members took %v more", took)
	if !ok {
		t.Error("the large values did not arrive")
	}
}

func TestReorderedBurstLeadsToNoRequests(t *testing.T) {
	net := newNetwork(t, options{n: 101, seed: 9})
	origin := net.nodes[0]
	for i := range 200 {
		net.at(net.now+time.Duration(i)*800*time.Microsecond, func() {
			origin.set(fmt.Sprintf("k%d", i), make([]byte, 32))
			origin.settle()
		})
	}
	net.run(250 * time.Millisecond)
	if !net.agree() {
		t.Error("not everybody has everything")
	}
	t.Logf("%d requests of %d deltas", net.kinds[wire.KindRequest], net.kinds[wire.KindDelta])
	if r, d := net.kinds[wire.KindRequest], net.kinds[wire.KindDelta]; r*100 > d {
		t.Errorf("%d requests among %d deltas", r, d)
	}
}

func TestLossOfAllPushesIsRepaired(t *testing.T) {
	net := newNetwork(t, options{n: 101, seed: 4, ae: true, pings: true})
	net.run(30 * time.Second)
	net.bytes = 0
	net.run(20 * time.Second)
	idle := float64(net.bytes) / 101 / 20
	net.bytes = 0
	net.lose = func(_, _ *node, m wire.Message) bool {
		return m.Kind() == wire.KindDelta || m.Kind() == wire.KindAnnounce
	}
	net.nodes[3].set("k", []byte("v"))
	net.nodes[3].settle()
	net.run(100 * time.Millisecond)
	net.lose = nil
	if have := net.have(net.nodes[3], "k"); have != 1 {
		t.Fatalf("%d have it", have)
	}
	took, ok := net.until(20*time.Second, net.agree)
	t.Logf("%v, %d bytes a member; idle %.0f bytes a second, pings included", took, net.bytes/101, idle)
	if !ok || took > 3*time.Second {
		t.Errorf("repaired after %v", took)
	}
}

func TestNewsOfTheDeadReachesEverybody(t *testing.T) {
	net := newNetwork(t, options{n: 30, seed: 4})
	from := net.nodes[0]
	dead := record("dead", 777)
	from.st.MergeRecord(net.now, dead, 0, true)
	owner := wire.OwnerOf(wire.ID(dead.Name), dead.Life)
	from.st.Apply(net.now, &wire.Delta{Owner: owner, To: 1, Entries: []wire.Entry{{Key: "last", Version: 1}}}, 0, true)
	from.st.MergeEnd(net.now, wire.End{Name: dead.Name, Life: dead.Life, Cause: wire.Left}, 0)
	from.st.Changes()
	from.sp.News(net.now, from.st.FindName(dead.Name))
	from.settle()
	net.run(200 * time.Millisecond)
	for _, n := range net.nodes {
		m := n.st.FindName(dead.Name)
		if m == nil || m.InView() || m.End.Cause != wire.Left || m.Space.Max() != 1 {
			t.Errorf("%s: %+v", n.name, m)
		}
	}
}

func TestStragglersAreRepairedSoon(t *testing.T) {
	net := newNetwork(t, options{n: 101, seed: 4, ae: true})
	straggler := net.nodes[7]
	for round := range 10 {
		net.lose = func(_, to *node, m wire.Message) bool { return to == straggler && m.Kind() == wire.KindDelta }
		key := fmt.Sprint("k", round)
		net.nodes[3].set(key, []byte("v"))
		net.nodes[3].settle()
		net.run(100 * time.Millisecond)
		net.lose = nil
		took, ok := net.until(12*time.Second, net.agree)
		t.Log(took)
		if !ok {
			t.Fatal("not repaired")
		}
	}
}

// A key deleted while a member was cut off does not come back, also if its tombstone was collected meanwhile.
func TestDeletedDuringPartitionStaysDeleted(t *testing.T) {
	for _, collected := range []bool{false, true} {
		net := newNetwork(t, options{n: 8, seed: 6, ae: true})
		owner, away := net.nodes[0], net.nodes[5]
		for i := range 20 {
			owner.set(fmt.Sprintf("k%d", i), []byte("v"))
		}
		owner.settle()
		net.run(time.Second)
		net.cut = func(from, to *node) bool { return from == away || to == away }
		for i := range 10 {
			if _, err := owner.st.Delete(net.now, fmt.Sprintf("k%d", i), nil); err != nil {
				t.Fatal(err)
			}
		}
		owner.settle()
		net.run(time.Second)
		if collected {
			owner.st.Retain(net.now + 2*time.Hour)
			owner.settle()
			net.run(time.Second)
		}
		net.cut = nil
		if _, ok := net.until(30*time.Second, net.agree); !ok {
			t.Fatal("not repaired")
		}
		for _, n := range net.nodes {
			space := n.st.Find(owner.id).Space
			for i := range 20 {
				if _, ok := space.Get(fmt.Sprintf("k%d", i)); ok != (i >= 10) {
					t.Errorf("collected=%v: %s has k%d: %v", collected, n.name, i, ok)
				}
			}
		}
	}
}

func TestHealingCostsLittleMoreThanTheDifference(t *testing.T) {
	const n, keys = 100, 50
	for _, loss := range []float64{0, 0.01} {
		net := newNetwork(t, options{n: n, seed: 8, loss: loss, ae: true})
		side := map[*node]bool{}
		for _, n := range net.nodes[:n/2] {
			side[n] = true
		}
		net.cut = func(from, to *node) bool { return side[from] != side[to] }
		for _, n := range net.nodes {
			for i := range keys {
				n.set(fmt.Sprintf("k%d", i), make([]byte, 16))
			}
			n.settle()
		}
		net.run(20 * time.Second)
		net.cut, net.bytes, net.stream = nil, 0, 0
		took, ok := net.until(20*time.Second, net.agree)
		entry := wire.EntrySize(wire.Entry{Key: "k10", Value: make([]byte, 16), Version: 50})
		bound := n * n / 2 * keys * entry
		t.Logf("loss %v: %v, %.2f of the bound, %v", loss, took, float64(net.bytes+net.stream)/float64(bound), net.kinds)
		if !ok {
			t.Error("not healed")
		}
		if net.bytes+net.stream > 2*bound {
			t.Errorf("%d bytes for a difference of %d", net.bytes+net.stream, bound)
		}
	}
}

func TestViewsThatDifferAreRepaired(t *testing.T) {
	net := newNetwork(t, options{n: 30, seed: 10, ae: true})
	net.lose = func(_, to *node, m wire.Message) bool {
		return to == net.nodes[2] && (m.Kind() == wire.KindEnds || m.Kind() == wire.KindLives)
	}
	gone := net.nodes[29]
	net.cut = func(from, to *node) bool { return from == gone || to == gone }
	net.nodes[0].st.MergeEnd(net.now, wire.End{Name: gone.name, Life: gone.st.Self.Record.Life, Cause: wire.Failed}, 0)
	net.nodes[0].settle()
	moved := net.nodes[1].st.Self.Record
	moved.AddrVersion++
	net.nodes[1].st.MergeRecord(net.now, moved, 0, false)
	net.nodes[1].settle()
	net.run(50 * time.Millisecond)
	if net.nodes[2].st.Find(gone.id).InView() == false {
		t.Fatal("the end was not lost")
	}
	net.lose = nil
	net.nodes = net.nodes[:29]
	took, ok := net.until(20*time.Second, net.agree)
	t.Log(took, net.kinds)
	if !ok {
		t.Error("views still differ")
	}
}

func TestLivesAndEndsAreForwardedOnce(t *testing.T) {
	net := newNetwork(t, options{n: 101, seed: 12})
	for _, n := range net.nodes {
		n.keep = true
	}
	joiner := record("joiner", 5000)
	net.add(joiner, options{n: 101}, 5000)
	last := net.nodes[101]
	last.raw = last.st.View()
	last.sp.SetView(net.now, last.raw, last.raw)
	net.nodes[0].st.MergeRecord(net.now, joiner, 0, false)
	net.nodes[0].settle()
	net.run(50 * time.Millisecond)
	for i := range 40 {
		net.nodes[0].st.MergeEnd(net.now, wire.End{
			Name: net.nodes[60+i].name, Life: net.nodes[60+i].st.Self.Record.Life, Cause: wire.Failed,
			Accusers: []uint64{1, 2, 3, 4, 5, 6, 7, 8},
		}, 0)
	}
	net.nodes[0].settle()
	net.run(300 * time.Millisecond)
	for _, n := range net.nodes[:60] {
		lived, ended := 0, 0
		for _, c := range n.events {
			switch c.Kind {
			case store.Lived:
				lived++
			case store.Ended:
				ended++
			}
		}
		if lived != 1 || ended != 40 || n.st.View().Len() != 62 {
			t.Errorf("%s: %d lives, %d ends, %d in view", n.name, lived, ended, n.st.View().Len())
		}
	}
	t.Logf("%v, %d bytes a member", net.kinds, net.bytes/101)
}

// The end of one is passed on at once. Those that come right after it are gathered, and not told to who told of them.
func TestEndsOfManyAreGathered(t *testing.T) {
	net := newNetwork(t, options{n: 101, seed: 5})
	n := net.nodes[0]
	near := n.st.View().Neighbors(n.id)
	net.cut = func(_, _ *node) bool { return true } // nobody else passes anything on
	var far []*node
	for _, m := range net.nodes[1:] {
		if !slices.ContainsFunc(near, func(v *view.Member) bool { return v.ID == m.id }) {
			far = append(far, m)
		}
	}
	told := map[uint64][]string{}
	net.check = func(from, to *node, m wire.Message) {
		if ends, ok := m.(wire.Ends); ok && from == n {
			for _, e := range ends.Ends {
				told[to.id] = append(told[to.id], e.Name)
			}
		}
	}
	end := func(of *node) wire.End {
		return wire.End{Name: of.name, Life: of.st.Self.Record.Life, Cause: wire.Failed}
	}
	for _, of := range far[:3] {
		n.st.MergeEnd(net.now, end(of), 0)
		n.settle()
	}
	if want := []string{far[0].name}; !slices.Equal(told[near[0].ID], want) {
		t.Errorf("told at once %v, want %v", told[near[0].ID], want)
	}
	n.sp.Receive(net.now, near[1], wire.Ends{Ends: []wire.End{end(far[1])}})
	net.run(50 * time.Millisecond)
	if want := []string{far[0].name, far[1].name, far[2].name}; !slices.Equal(told[near[0].ID], want) {
		t.Errorf("told %v, want %v", told[near[0].ID], want)
	}
	if slices.Contains(told[near[1].ID], far[1].name) {
		t.Error("an end was told to who had told of it")
	}
}

func TestEndIsToldToWhoSendsTheEndedLife(t *testing.T) {
	net := newNetwork(t, options{n: 5, seed: 1})
	a, b, c := net.nodes[0], net.nodes[1], net.nodes[2]
	a.st.MergeEnd(net.now, wire.End{Name: c.name, Life: c.st.Self.Record.Life, Cause: wire.Failed}, b.id)
	a.st.Changes()
	a.raw = a.st.View()
	a.sp.SetView(net.now, a.raw, a.raw)
	b.Send(a.st.Self.View(), wire.Lives{Records: []wire.Record{c.st.Self.Record}})
	b.flush()
	net.run(10 * time.Millisecond)
	if b.st.Find(c.id).InView() {
		t.Error("the end was not told")
	}
}

func TestOwnPresentEndIsNotMerged(t *testing.T) {
	net := newNetwork(t, options{n: 5, seed: 1})
	a, b := net.nodes[0], net.nodes[1]
	end := wire.End{Name: a.name, Life: a.st.Self.Record.Life, Cause: wire.Failed}
	b.Send(a.st.Self.View(), wire.Ends{Ends: []wire.End{end}})
	b.flush()
	net.run(10 * time.Millisecond)
	if !a.st.Self.InView() {
		t.Error("merged its own end")
	}
}

func TestLeaverLearnsThatNeighboursHoldItsLastVersion(t *testing.T) {
	for _, loss := range []float64{0, 0.3} {
		net := newNetwork(t, options{n: 101, seed: 3, loss: loss})
		leaver := net.nodes[4]
		leaver.set("last", []byte("words"))
		version := leaver.st.Self.Space.Max()
		if leaver.sp.Synced(version, 1) {
			t.Error("synced before anything was sent")
		}
		leaver.settle()
		took, ok := net.until(3*time.Second, func() bool { return leaver.sp.Synced(version, 2) })
		t.Log(took)
		if !ok {
			t.Error("no proof")
		}
	}
}

func TestBudgetHoldsAndBacklogShows(t *testing.T) {
	const budget = 20_000
	net := newNetwork(t, options{n: 20, seed: 3, budget: budget})
	worst := time.Duration(0)
	for i := range 2000 {
		net.at(net.now+time.Duration(i)*time.Millisecond, func() {
			n := net.nodes[i%20]
			n.set(fmt.Sprintf("k%d", i), make([]byte, 32))
			n.settle()
			worst = max(worst, n.sp.Backlog(net.now))
		})
	}
	net.run(2 * time.Second)
	perSecond := (net.bytes + net.stream) / 20 / 2
	t.Logf("%d bytes a second and member, backlog up to %v", perSecond, worst)
	if perSecond > budget*3/2 {
		t.Errorf("%d bytes a second with a budget of %d", perSecond, budget)
	}
	if worst < 50*time.Millisecond {
		t.Errorf("backlog of at most %v under overload", worst)
	}
	took, ok := net.until(30*time.Second, net.agree)
	t.Log("drained after", took)
	if !ok {
		t.Error("not drained")
	}
}

func TestSameSeedSameTrace(t *testing.T) {
	run := func() uint64 {
		net := newNetwork(t, options{n: 40, seed: 21, loss: 0.05, ae: true, budget: 200_000})
		for i := range 400 {
			net.at(net.now+time.Duration(i)*time.Millisecond, func() {
				n := net.nodes[i%40]
				n.set(fmt.Sprintf("k%d", i%7), make([]byte, 20+i%900))
				n.settle()
			})
		}
		net.nodes[9].set("big", make([]byte, 30<<10))
		net.nodes[9].settle()
		net.nodes[1].st.MergeEnd(net.now, wire.End{Name: "m30", Life: net.nodes[30].st.Self.Record.Life, Cause: wire.Failed}, 0)
		net.run(5 * time.Second)
		return net.trace
	}
	if a, b := run(), run(); a != b {
		t.Errorf("traces %x and %x", a, b)
	}
}
