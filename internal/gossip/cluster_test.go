package gossip

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/publish"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// The Java article's example: node 1 knows 2, node 2 knows 3, node 3 knows nobody.
func TestArticleExample(t *testing.T) {
	w := newWorld(t, 1)
	n3 := w.start("node3", addrOf(3), Config{})
	n2 := w.start("node2", addrOf(2), Config{}, addrOf(3))
	n1 := w.start("node1", addrOf(1), Config{}, addrOf(2))
	all := []*node{n1, n2, n3}
	w.until("all know all", 2*time.Second, func() bool { return agreed(all) })
	w.until("stable", 2*time.Second, func() bool { return stable(all) })
}

func TestEverySizeBootstraps(t *testing.T) {
	for _, n := range []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 16, 21, 33, 64, 101} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			w := newWorld(t, uint64(n))
			nodes := w.startMany(n)
			listed := w.until("all list all", 5*time.Second, func() bool { return agreed(nodes) })
			settled := listed + w.until("stable", 5*time.Second, func() bool { return stable(nodes) })
			for _, o := range nodes {
				if f := o.count(publish.EventFailed, ""); f > 0 {
					t.Errorf("%s saw %d failures", o.name, f)
				}
				if j := o.count(publish.EventJoined, ""); j != n-1 {
					t.Errorf("%s saw %d of %d join", o.name, j, n-1)
				}
			}
			t.Logf("listed after %v, stable after %v", listed, settled)
		})
	}
}

func TestThreeSeedsAndManyAtOnce(t *testing.T) {
	for seed := range uint64(10) {
		w := newWorld(t, seed)
		seeds := []int{1, 2, 3}
		var nodes []*node
		for i := range 20 {
			cfg := Config{}
			nodes = append(nodes, w.start(fmt.Sprintf("n%d", i), addrOf(i+1), cfg, addrOf(seeds[0]), addrOf(seeds[1]), addrOf(seeds[2])))
		}
		took := w.until("one view", 2*time.Second, func() bool { return agreed(nodes) })
		w.run(3 * time.Second)
		for _, n := range nodes {
			if n.count(publish.EventFailed, "") > 0 || n.m.raw.Len() != 20 {
				t.Errorf("seed %d: %s saw failures, view of %d", seed, n.name, n.m.raw.Len())
			}
		}
		t.Logf("seed %d: one view after %v", seed, took)
	}
}

func TestUpdateReachesAll(t *testing.T) {
	w := newWorld(t, 2)
	nodes := w.startMany(101)
	w.until("stable", 10*time.Second, func() bool { return stable(nodes) })
	w.do(nodes[50], Set{Key: "somekey", Value: []byte("somevalue")})
	took := w.until("everybody reads it", time.Second, func() bool {
		return !slices.ContainsFunc(nodes, func(n *node) bool { return n.value("n50", "somekey") != "somevalue" })
	})
	w.do(nodes[50], Delete{Key: "somekey"})
	w.until("everybody sees it deleted", time.Second, func() bool {
		return !slices.ContainsFunc(nodes, func(n *node) bool { return n.value("n50", "somekey") != "" })
	})
	for _, n := range nodes {
		if n.count(publish.EventKeySet, "n50") != 1 || n.count(publish.EventKeyDeleted, "n50") != 1 {
			t.Errorf("%s saw the key set %d times and deleted %d times", n.name, n.count(publish.EventKeySet, "n50"), n.count(publish.EventKeyDeleted, "n50"))
		}
	}
	t.Logf("reached all after %v", took)
}

func TestCrashIsFoundByAll(t *testing.T) {
	for _, n := range []int{2, 3, 4, 5, 7, 8, 13, 21, 101} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			w := newWorld(t, uint64(100+n))
			nodes := w.startMany(n)
			w.until("stable", 10*time.Second, func() bool { return stable(nodes) })
			w.run(3 * time.Second)
			dead := nodes[n/2]
			w.crash(dead)
			rest := slices.Clone(w.nodes)
			took := w.until("removed by all", 8*time.Second, func() bool { return agreed(rest) })
			settled := w.until("stable again", 5*time.Second, func() bool { return stable(rest) })
			for _, o := range rest {
				if o.count(publish.EventFailed, dead.name) != 1 || o.count(publish.EventFailed, "") != 1 {
					t.Errorf("%s saw %d failures, %d of them the right one", o.name, o.count(publish.EventFailed, ""), o.count(publish.EventFailed, dead.name))
				}
			}
			t.Logf("removed after %v, stable %v later", took, settled)
		})
	}
}

func TestIdleRemovesNobody(t *testing.T) {
	w := newWorld(t, 3)
	nodes := w.startMany(101)
	w.until("stable", 10*time.Second, func() bool { return stable(nodes) })
	w.run(10 * time.Second)
	w.sent.packets, w.sent.bytes = 0, 0
	w.run(10 * time.Minute)
	per := float64(len(nodes)) * 600
	t.Logf("%.1f bytes and %.2f packets per member per second", float64(w.sent.bytes)/per, float64(w.sent.packets)/per)
	for _, n := range nodes {
		if n.count(publish.EventFailed, "") > 0 || n.count(publish.EventSuspected, "") > 0 {
			t.Errorf("%s saw %d failed, %d suspected", n.name, n.count(publish.EventFailed, ""), n.count(publish.EventSuspected, ""))
		}
	}
}

// restart brings a process with the same name and address back, knowing nothing of its former generation.
func TestRestartSupersedes(t *testing.T) {
	for _, after := range []time.Duration{300 * time.Millisecond, 6 * time.Second} {
		for _, who := range []int{0, 7} {
			t.Run(fmt.Sprintf("n%d after %v", who, after), func(t *testing.T) {
				w := newWorld(t, uint64(who)+uint64(after))
				nodes := w.startMany(20)
				w.until("stable", 10*time.Second, func() bool { return stable(nodes) })
				w.do(nodes[who], Set{Key: "old", Value: []byte("1")})
				w.run(2 * time.Second)
				w.crash(nodes[who])
				w.run(after)
				rest := slices.Clone(w.nodes)
				n := w.start(nodes[who].name, nodes[who].addr, Config{}) // no seeds, no data directory
				w.do(n, Set{Key: "new", Value: []byte("2")})
				all := append(slices.Clone(rest), n)
				took := w.until("one view", 5*time.Second, func() bool { return agreed(all) })
				w.until("stable", 5*time.Second, func() bool { return stable(all) })
				w.run(5 * time.Second)
				for _, o := range all {
					m, _ := o.snap.Members.Get(n.name)
					if m.Life.Generation != 2 || o.value(n.name, "old") != "" || o.value(n.name, "new") != "2" {
						t.Errorf("%s: generation %d, old %q, new %q", o.name, m.Life.Generation, o.value(n.name, "old"), o.value(n.name, "new"))
					}
					if o != n && (o.count(publish.EventReturned, n.name) != 1 || o.count(publish.EventReturned, "") != 1 || o.count(publish.EventFailed, "") != 1) {
						t.Errorf("%s saw %d returns of it, %d in all, %d failures", o.name, o.count(publish.EventReturned, n.name),
							o.count(publish.EventReturned, ""), o.count(publish.EventFailed, ""))
					}
					for _, other := range rest {
						m, _ := o.snap.Members.Get(other.name)
						if m.Life.Generation != 1 || m.Life.Incarnation != 0 {
							t.Errorf("%s has another life of %s: %+v", o.name, other.name, m.Life)
						}
					}
				}
				t.Logf("one view after %v", took)
			})
		}
	}
}

func TestNameTakenIsRefused(t *testing.T) {
	w := newWorld(t, 4)
	nodes := w.startMany(5)
	w.until("stable", 10*time.Second, func() bool { return stable(nodes) })
	for _, taken := range []string{"n0", "n3"} {
		second := w.start(taken, addrOf(99), Config{}, nodes[0].addr)
		w.until("refused", 5*time.Second, func() bool { return second.count(publish.EventRefused, "") > 0 })
		r := second.events[slices.IndexFunc(second.events, func(e publish.Event) bool { return e.Kind == publish.EventRefused })].Refusal
		if r.Reason != wire.RefusedNameTaken || !r.Fatal {
			t.Errorf("%s: refused because %v, fatal %v", taken, r.Reason, r.Fatal)
		}
		w.crash(second)
	}
	w.run(5 * time.Second)
	if !agreed(nodes) || nodes[1].count(publish.EventFailed, "") > 0 {
		t.Error("the cluster was disturbed")
	}
}

func TestUnreachableIsRefusedWithNames(t *testing.T) {
	w := newWorld(t, 5)
	nodes := w.startMany(8)
	w.until("stable", 10*time.Second, func() bool { return stable(nodes) })
	// Its packets leave from one address and it advertises another, at which nobody answers.
	n := w.startAs("wrong", addrOf(60), addrOf(61), nodes[0].addr)
	w.until("refused", 5*time.Second, func() bool { return n.count(publish.EventRefused, "") > 0 })
	r := n.events[slices.IndexFunc(n.events, func(e publish.Event) bool { return e.Kind == publish.EventRefused })].Refusal
	if r.Reason != wire.RefusedUnreachable || len(r.Names) == 0 || r.Addr != addrOf(61) {
		t.Errorf("refused with %+v", r)
	}
	w.run(3 * time.Second)
	if !agreed(nodes) || nodes[1].count(publish.EventJoined, "wrong") > 0 {
		t.Error("it got in")
	}
}

func TestLeaveIsNoFailure(t *testing.T) {
	w := newWorld(t, 6)
	nodes := w.startMany(21)
	w.until("stable", 10*time.Second, func() bool { return stable(nodes) })
	leaver := nodes[5]
	w.do(leaver, Set{Key: "last", Value: []byte("word")})
	w.do(leaver, Leave{})
	took := w.until("left", 3*time.Second, func() bool { return leaver.snap.Standing == publish.StandingLeft })
	w.crash(leaver)
	rest := slices.Clone(w.nodes)
	w.until("everybody knows", 2*time.Second, func() bool { return agreed(rest) })
	w.run(5 * time.Second)
	for _, o := range rest {
		if o.count(publish.EventLeft, leaver.name) != 1 || o.count(publish.EventSuspected, "") > 0 || o.count(publish.EventFailed, "") > 0 {
			t.Errorf("%s: left %d, suspected %d, failed %d", o.name, o.count(publish.EventLeft, leaver.name), o.count(publish.EventSuspected, ""), o.count(publish.EventFailed, ""))
		}
		if o.value(leaver.name, "last") != "word" {
			t.Errorf("%s lost the last words", o.name)
		}
	}
	t.Logf("left within %v", took)
}

func TestPartitionHeals(t *testing.T) {
	for _, small := range []int{1, 3, 10} {
		for seed := range uint64(5) {
			t.Run(fmt.Sprintf("%d of 20, seed %d", small, seed), func(t *testing.T) {
				w := newWorld(t, 200+seed)
				nodes := w.startMany(20)
				w.until("stable", 10*time.Second, func() bool { return stable(nodes) })
				a, b := nodes[:small], nodes[small:]
				side := map[*node]bool{}
				for _, n := range a {
					side[n] = true
				}
				w.do(a[0], Set{Key: "gone", Value: []byte("x")})
				w.run(time.Second)
				w.cut = func(from, to *node) bool { return side[from] != side[to] }
				split := w.until("both sides exact", 10*time.Second, func() bool { return agreed(a) && agreed(b) })
				w.do(a[0], Set{Key: "k", Value: []byte("small side")})
				w.do(a[0], Delete{Key: "gone"})
				w.do(b[0], Set{Key: "k", Value: []byte("large side")})
				w.run(20 * time.Second)
				for _, n := range nodes {
					n.events = nil
				}
				w.cut = nil
				healed := w.until("one view", 10*time.Second, func() bool { return agreed(nodes) })
				w.until("stable", 5*time.Second, func() bool { return stable(nodes) })
				w.until("same values", 5*time.Second, func() bool {
					return !slices.ContainsFunc(nodes, func(n *node) bool {
						return n.value(a[0].name, "k") != "small side" || n.value(b[0].name, "k") != "large side" || n.value(a[0].name, "gone") != ""
					})
				})
				t.Logf("split after %v, one view %v after the heal", split, healed)
				for _, n := range nodes {
					for _, o := range nodes {
						if side[n] == side[o] && n.count(publish.EventFailed, o.name) > 0 {
							t.Errorf("%s saw its own fellow %s go", n.name, o.name)
						}
					}
				}
			})
		}
	}
}

func TestStoppedMemberReturnsAlone(t *testing.T) {
	for _, n := range []int{2, 3, 20} {
		for seed := range uint64(5) {
			t.Run(fmt.Sprintf("%d, seed %d", n, seed), func(t *testing.T) {
				w := newWorld(t, 300+seed)
				nodes := w.startMany(n)
				w.until("stable", 10*time.Second, func() bool { return stable(nodes) })
				w.run(3 * time.Second)
				asleep := nodes[n-1]
				w.stop(asleep, 8*time.Second)
				w.run(8 * time.Second)
				took := w.until("one view", 10*time.Second, func() bool { return agreed(nodes) })
				w.until("stable", 5*time.Second, func() bool { return stable(nodes) })
				w.run(5 * time.Second)
				for _, o := range nodes {
					for _, other := range nodes {
						m, _ := o.snap.Members.Get(other.name)
						if want := uint64(0); other != asleep && m.Life.Incarnation != want || m.Life.Generation != 1 {
							t.Errorf("%s has %s under %+v", o.name, other.name, m.Life)
						}
					}
					if o != asleep && (o.count(publish.EventReturned, asleep.name) != 1 || o.count(publish.EventFailed, "") != 1) {
						t.Errorf("%s saw %d returns, %d failures", o.name, o.count(publish.EventReturned, asleep.name), o.count(publish.EventFailed, ""))
					}
				}
				t.Logf("one view %v after waking", took)
			})
		}
	}
}

func TestLateSeedIsJoined(t *testing.T) {
	w := newWorld(t, 7)
	early := w.start("early", addrOf(2), Config{}, addrOf(1))
	w.run(20 * time.Second)
	seed := w.start("seed", addrOf(1), Config{})
	took := w.until("joined", 5*time.Second, func() bool { return agreed([]*node{early, seed}) })
	t.Logf("after %v", took)
}

func TestIslandsAreJoined(t *testing.T) {
	w := newWorld(t, 8)
	a := w.startMany(5)
	b := []*node{w.start("m0", addrOf(101), Config{})}
	for i := 1; i < 8; i++ {
		b = append(b, w.start(fmt.Sprintf("m%d", i), addrOf(101+i), Config{}, b[0].addr))
	}
	w.until("two islands", 10*time.Second, func() bool { return stable(a) && stable(b) })
	w.do(a[2], Set{Key: "k", Value: []byte("v")})
	w.do(b[3], Join{Addrs: a[1].addrs()})
	all := slices.Concat(a, b)
	took := w.until("one view", 5*time.Second, func() bool { return agreed(all) })
	w.until("stable", 5*time.Second, func() bool { return stable(all) })
	w.until("the key is everywhere", 5*time.Second, func() bool {
		return !slices.ContainsFunc(all, func(n *node) bool { return n.value("n2", "k") != "v" })
	})
	for _, n := range all {
		if n.count(publish.EventFailed, "") > 0 {
			t.Errorf("%s saw %d fail", n.name, n.count(publish.EventFailed, ""))
		}
	}
	t.Logf("after %v", took)
}

func TestFullRestart(t *testing.T) {
	w := newWorld(t, 9)
	nodes := w.startMany(10)
	w.until("stable", 10*time.Second, func() bool { return stable(nodes) })
	for _, n := range slices.Clone(nodes) {
		w.crash(n)
	}
	w.run(time.Second)
	var again []*node
	for i, n := range nodes { // one seed address is right, one is not
		again = append(again, w.start(n.name, addrOf(i+1), Config{}, addrOf(77), addrOf(4)))
	}
	took := w.until("one view", 5*time.Second, func() bool { return agreed(again) })
	t.Logf("after %v", took)
}

func TestManyKeysAndLargeValue(t *testing.T) {
	w := newWorld(t, 10)
	nodes := w.startMany(20)
	w.until("stable", 10*time.Second, func() bool { return stable(nodes) })
	large := strings.Repeat("x", 60<<10)
	for i := range 5000 {
		w.do(nodes[3], Set{Key: fmt.Sprintf("k%04d", i), Value: []byte(strings.Repeat("v", 100))})
	}
	w.do(nodes[4], Set{Key: "large", Value: []byte(large)})
	w.do(nodes[5], Set{Key: "small", Value: []byte("s")})
	small := w.until("the small one is everywhere", time.Second, func() bool {
		return !slices.ContainsFunc(nodes, func(n *node) bool { return n.value("n5", "small") != "s" })
	})
	all := w.until("all is everywhere", 20*time.Second, func() bool {
		return !slices.ContainsFunc(nodes, func(n *node) bool {
			m, _ := n.snap.Members.Get("n3")
			return m.Keys.Len() != 5000 || n.value("n4", "large") != large
		})
	})
	t.Logf("small after %v, all %v later", small, all)
}

func TestDeadStaysDeadWhenAccusersAreReplaced(t *testing.T) {
	w := newWorld(t, 11)
	nodes := w.startMany(6)
	w.until("stable", 10*time.Second, func() bool { return stable(nodes) })
	w.crash(nodes[5])
	live := slices.Clone(w.nodes)
	w.until("removed", 8*time.Second, func() bool { return agreed(live) })
	for i := range 5 {
		next := w.start(fmt.Sprintf("r%d", i), addrOf(40+i), Config{}, live[1].addr)
		live = append(live, next)
		w.until("joined", 5*time.Second, func() bool { return agreed(live) })
		w.crash(live[0])
		live = live[1:]
		w.until("removed", 8*time.Second, func() bool { return agreed(live) })
	}
	w.run(10 * time.Second)
	if !agreed(live) || len(live) != 5 {
		t.Error("somebody came back")
	}
}

func TestForgetRemovesTheEnded(t *testing.T) {
	w := newWorld(t, 12)
	nodes := w.startMany(5)
	w.until("stable", 10*time.Second, func() bool { return stable(nodes) })
	if _, err := nodes[0].m.Do(w.now, Forget{Name: "n4"}); err != ErrInView {
		t.Errorf("forgetting a member of the view: %v", err)
	}
	if _, err := nodes[0].m.Do(w.now, Forget{Name: "nobody"}); err != ErrUnknownMember {
		t.Errorf("forgetting nobody: %v", err)
	}
	w.crash(nodes[4])
	rest := slices.Clone(w.nodes)
	w.until("removed", 8*time.Second, func() bool { return agreed(rest) })
	w.do(nodes[0], Forget{Name: "n4"})
	w.until("forgotten by all", 2*time.Second, func() bool {
		return !slices.ContainsFunc(rest, func(n *node) bool { return n.count(publish.EventForgotten, "n4") != 1 })
	})
}

func TestLeaveThenRestartIsANewGeneration(t *testing.T) {
	w := newWorld(t, 13)
	nodes := w.startMany(4)
	w.until("stable", 10*time.Second, func() bool { return stable(nodes) })
	n := nodes[2]
	w.do(n, Set{Key: "k", Value: []byte("v")})
	w.do(n, Leave{})
	w.until("left", 3*time.Second, func() bool { return n.snap.Standing == publish.StandingLeft })
	w.do(n, Restart{Boot: 77})
	w.do(n, Join{Addrs: nodes[0].addrs()})
	w.until("back", 5*time.Second, func() bool { return agreed(nodes) })
	w.until("its key is back", 5*time.Second, func() bool { return nodes[1].value("n2", "k") == "v" })
	m, _ := nodes[1].snap.Members.Get("n2")
	if m.Life.Generation != 2 {
		t.Errorf("generation %d", m.Life.Generation)
	}
}

func TestOtherClusterIsRefused(t *testing.T) {
	w := newWorld(t, 14)
	nodes := w.startMany(3)
	w.until("stable", 10*time.Second, func() bool { return stable(nodes) })
	n := w.start("other", addrOf(30), Config{Cluster: "another"}, nodes[0].addr)
	w.until("told", 3*time.Second, func() bool { return n.count(publish.EventRefused, "") > 0 })
	w.run(5 * time.Second)
	if !agreed(nodes) || n.m.raw.Len() != 1 || nodes[0].m.Stats().Dropped["cluster"] == 0 {
		t.Error("it got in, or was not counted")
	}
}

func TestBootstrapUnderLoss(t *testing.T) {
	for _, loss := range []float64{0.01, 0.05, 0.15, 0.3} {
		for seed := range uint64(3) {
			t.Run(fmt.Sprintf("%v, seed %d", loss, seed), func(t *testing.T) {
				w := newWorld(t, 500+seed)
				w.loss = loss
				nodes := w.startMany(64)
				listed := w.until("all list all", 20*time.Second, func() bool { return agreed(nodes) })
				settled := w.until("stable", 20*time.Second, func() bool { return stable(nodes) })
				w.do(nodes[9], Set{Key: "k", Value: []byte("v")})
				read := w.until("all read", 5*time.Second, func() bool {
					return !slices.ContainsFunc(nodes, func(n *node) bool { return n.value("n9", "k") != "v" })
				})
				w.run(20 * time.Second)
				for _, n := range nodes {
					if f := n.count(publish.EventFailed, ""); f > 0 {
						t.Errorf("%s saw %d failures", n.name, f)
					}
				}
				t.Logf("listed after %v, stable %v later, an update is everywhere after %v", listed, settled, read)
			})
		}
	}
}

// Many who come at once are one change of the view for those who were there before, and cost each about one copy of their
// list.
func TestManyAtOnceAreOneChange(t *testing.T) {
	w := newWorld(t, 5)
	old := w.startMany(60)
	w.until("stable", 10*time.Second, func() bool { return stable(old) })
	w.run(2 * time.Second)
	before := make([]Stats, len(old))
	for i, n := range old {
		before[i] = n.m.Stats()
	}
	all := slices.Clone(old)
	for i := range 60 {
		all = append(all, w.start(fmt.Sprintf("late%d", i), addrOf(100+i), Config{}, old[0].addr))
	}
	took := w.until("stable again", 10*time.Second, func() bool { return stable(all) && agreed(all) })
	list := 0
	for i, n := range old {
		s := n.m.Stats()
		if changes := s.ViewChanges - before[i].ViewChanges; changes > 2 {
			t.Errorf("the view of %s changed %d times", n.name, changes)
		}
		list += int(s.SentBytesByKind["roster"] - before[i].SentBytesByKind["roster"])
	}
	t.Logf("stable after %v; %d bytes of lists for each of those who were there", took, list/len(old))
}

// Stragglers of a storm, whose packets were lost or waited, are let in together once the list of the many is with all: each
// would be a view more for all of them.
func TestStragglersOfAStormAreOneChange(t *testing.T) {
	w := newWorld(t, 6)
	all := w.startMany(300)
	w.until("the many are in", time.Second, func() bool { return all[0].m.raw.Len() == 300 })
	before := all[0].m.Stats().ViewChanges
	for i := range 5 {
		all = append(all, w.start(fmt.Sprintf("late%d", i), addrOf(400+i), Config{}, all[0].addr))
		w.run(35 * time.Millisecond)
	}
	took := w.until("all list all", time.Second, func() bool { return agreed(all) })
	if changes := all[0].m.Stats().ViewChanges - before; changes != 1 {
		t.Errorf("the stragglers changed the view %d times", changes)
	}
	t.Logf("all list all %v after the last has come", took)
}

// A member that asks its only seed to be let in, and is asked itself meanwhile, sends on who asked it.
func TestAChainOfSeedsIsQuick(t *testing.T) {
	for seed := range uint64(5) {
		w := newWorld(t, 40+seed)
		all := w.startMany(1)
		for i := 1; i < 6; i++ {
			all = append(all, w.start(fmt.Sprintf("n%d", i), addrOf(i+1), Config{}, all[i-1].addr))
		}
		t.Logf("one view after %v", w.until("one view", 200*time.Millisecond, func() bool { return agreed(all) }))
	}
}

// The door is told how long packets wait here, or elsewhere while the owner is late.
func TestTheDoorKnowsHowLongPacketsWait(t *testing.T) {
	n := newWorld(t, 8).startMany(1)[0]
	due := n.m.Next()
	for _, late := range []time.Duration{0, time.Second} {
		n.m.SetLag(due+late, 300*time.Millisecond)
		if lag := (doorHost{n.m}).Lag(); lag != max(late, 300*time.Millisecond) {
			t.Errorf("%v late: %v", late, lag)
		}
	}
}

// A member whose only seed stands still goes ahead without it and lets in others. When the seed wakes it takes up the old
// question; the two views become one, and nobody is missed in the one that it was let into and never entered.
func TestAnAnswerThatComesTooLateLosesNobody(t *testing.T) {
	for seed := range uint64(12) {
		w := newWorld(t, 70+seed)
		all := []*node{w.start("seed", addrOf(1), Config{}), w.start("second", addrOf(4), Config{}, addrOf(1))}
		if seed%2 == 0 {
			w.run(3 * time.Second)
		}
		w.stop(all[0], 800*time.Millisecond)
		all = append(all, w.start("a", addrOf(2), Config{}, addrOf(1)), w.start("b", addrOf(3), Config{}, addrOf(2)))
		took := w.until("one view", 1500*time.Millisecond, func() bool { return agreed(all) })
		w.run(3 * time.Second)
		for _, n := range all {
			if n.count(publish.EventFailed, "") > 0 {
				t.Errorf("seed %d: %s saw failures", seed, n.name)
			}
		}
		t.Logf("seed %d: one view after %v", seed, took)
	}
}
