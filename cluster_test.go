package grapevine_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/grapevine-gossip/grapevine"
	"github.com/grapevine-gossip/grapevine/grapevinetest"
	"github.com/grapevine-gossip/grapevine/transport"
)

// together starts members at the same time, one goroutine each.
func together(t *testing.T, cfgs []grapevine.Config) []*grapevine.Node {
	t.Helper()
	nodes := make([]*grapevine.Node, len(cfgs))
	var wg sync.WaitGroup
	for i, cfg := range cfgs {
		wg.Go(func() {
			n, err := grapevine.Start(context.Background(), cfg)
			if err != nil {
				t.Error(err)
				return
			}
			nodes[i] = n
		})
	}
	wg.Wait()
	t.Cleanup(func() {
		for _, n := range nodes {
			if n != nil {
				_ = n.Close()
			}
		}
	})
	if t.Failed() {
		t.FailNow()
	}
	return nodes
}

// freePort is a loopback address that was free a moment ago, UDP and TCP, for members that must know each other before
// they start, or start again where they were. It is below the ports that systems give to outgoing connections: one of
// those can be taken by anybody between two uses.
func freePort(t *testing.T) string {
	t.Helper()
	for range 100 {
		addr := fmt.Sprintf("127.0.0.1:%d", 10000+rand.IntN(20000))
		if tr, err := transport.Listen(addr, transport.Options{}); err == nil {
			_ = tr.Close()
			return addr
		}
	}
	t.Fatal("no port is free")
	return ""
}

func failures(n *grapevine.Node) (count int) {
	for m := range n.Ended() {
		if m.State == grapevine.Failed {
			count++
		}
	}
	return count
}

func TestHundredAndOneMembers(t *testing.T) {
	seed := start(t, "seed")
	var cfgs []grapevine.Config
	for i := range 100 {
		cfg := grapevine.Local()
		cfg.Name, cfg.Seeds = fmt.Sprintf("n%d", i), []string{seed.Addr().String()}
		cfgs = append(cfgs, cfg)
	}
	nodes := append(together(t, cfgs), seed)
	waitStable(t, nodes)
	if _, err := nodes[50].Set("k", []byte("v")); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the value is everywhere", func() bool {
		for _, n := range nodes {
			if _, ok := n.Get("n50", "k"); !ok {
				return false
			}
		}
		return true
	})
	_ = nodes[7].Close()
	rest := append(append([]*grapevine.Node{}, nodes[:7]...), nodes[8:]...)
	waitStable(t, rest)
	for _, n := range rest {
		if failures(n) != 1 {
			t.Errorf("%s knows of %d failures", n.Self().Name, failures(n))
		}
	}
}

func TestThreeSeedsAndSeventeenOthersAtOnce(t *testing.T) {
	seeds := []string{freePort(t), freePort(t), freePort(t)}
	var cfgs []grapevine.Config
	for i := range 20 {
		cfg := grapevine.Local()
		cfg.Name, cfg.Seeds = fmt.Sprintf("n%d", i), seeds
		if i < len(seeds) {
			cfg.Bind = seeds[i]
		}
		cfgs = append(cfgs, cfg)
	}
	nodes := together(t, cfgs)
	waitStable(t, nodes)
	for _, n := range nodes {
		if failures(n) > 0 {
			t.Errorf("%s knows of failures", n.Self().Name)
		}
	}
}

func TestManyKeysAndOneLargeValue(t *testing.T) {
	nodes := cluster(t, 20)
	large := bytes.Repeat([]byte("x"), 60<<10)
	if _, err := nodes[4].Set("large", large); err != nil {
		t.Fatal(err)
	}
	for i := range 5000 {
		if _, err := nodes[3].Set(fmt.Sprintf("k%04d", i), bytes.Repeat([]byte("v"), 100)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := nodes[5].Set("small", []byte("s")); err != nil {
		t.Fatal(err)
	}
	everywhere := func(cond func(*grapevine.Node) bool) func() bool {
		return func() bool {
			for _, n := range nodes {
				if !cond(n) {
					return false
				}
			}
			return true
		}
	}
	begun := time.Now()
	eventually(t, "the small value is everywhere", everywhere(func(n *grapevine.Node) bool {
		_, ok := n.Get("n5", "small")
		return ok
	}))
	t.Logf("the small value after %v", time.Since(begun))
	eventually(t, "all keys and the large value are everywhere", everywhere(func(n *grapevine.Node) bool {
		m, _ := n.Member("n3")
		v, _ := n.Get("n4", "large")
		return m.Keys == 5000 && bytes.Equal(v.Bytes, large)
	}))
	t.Logf("all after %v", time.Since(begun))
}

// A subscriber that never reads costs a bounded queue and stalls nothing; it is told what it lost and given a snapshot.
func TestSubscriberThatDoesNotRead(t *testing.T) {
	nodes := cluster(t, 20)
	sub := nodes[0].Subscribe(grapevine.Filter{Types: []string{"kv."}, Buffer: 10})
	defer sub.Close()
	for i := range 500 {
		if _, err := nodes[1].Set(fmt.Sprintf("k%d", i), []byte("v")); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "all keys are here", func() bool {
		m, _ := nodes[0].Member("n1")
		return m.Keys == 500
	})
	known := map[string]bool{}
	var missed uint64
	for e := range sub.All(t.Context()) {
		switch e := e.(type) {
		case grapevine.KeySet:
			known[e.Key] = true
		case grapevine.Lagged:
			missed += e.Missed
		case grapevine.Snapshot:
			clear(known)
			for key := range e.All("k") {
				known[key.Name] = true
			}
			if e.View.Size != 20 {
				t.Errorf("the snapshot has %d members", e.View.Size)
			}
		}
		if len(known) == 500 {
			break // it has caught up, by however many snapshots
		}
	}
	if missed == 0 {
		t.Error("it was not told that it lost events")
	}
}

func TestIPv6(t *testing.T) {
	if c, err := net.ListenPacket("udp", "[::1]:0"); err != nil {
		t.Skip("this machine has no IPv6 loopback")
	} else {
		_ = c.Close()
	}
	var nodes []*grapevine.Node
	for i := range 3 {
		cfg := grapevine.Config{Name: fmt.Sprintf("n%d", i), Bind: "[::1]:0"}
		if i > 0 {
			cfg.Seeds = []string{nodes[0].Addr().String()}
		}
		nodes = append(nodes, startConfig(t, cfg))
	}
	waitStable(t, nodes)
	if m := nodes[1].Self(); !m.Addr.Addr().Is6() {
		t.Errorf("advertises %s", m.Addr)
	}
}

func TestTwoIslandsAreJoined(t *testing.T) {
	a, b := cluster(t, 3), []*grapevine.Node{start(t, "m0")}
	b = append(b, start(t, "m1", b[0].Addr().String()))
	waitStable(t, b)
	if err := b[1].Join(t.Context(), a[2].Addr().String()); err != nil {
		t.Fatal(err)
	}
	waitStable(t, append(a, b...))
}

func TestMemberThatStartsBeforeItsSeed(t *testing.T) {
	addr := freePort(t)
	cfg := grapevine.Local()
	cfg.Name, cfg.Seeds, cfg.JoinTimeout = "early", []string{addr}, 100*time.Millisecond
	early := startConfig(t, cfg)
	if s := early.Status(); s.Standing != grapevine.StandingAlone {
		t.Errorf("it is %v", s.Standing)
	}
	cfg = grapevine.Local()
	cfg.Name, cfg.Bind = "seed", addr
	waitStable(t, []*grapevine.Node{early, startConfig(t, cfg)})
}

// All members restart at once, and no seed is right: the data directories know where the others were.
func TestFullRestartWithDataDirectories(t *testing.T) {
	var cfgs []grapevine.Config
	for i := range 5 {
		cfg := grapevine.Local()
		cfg.Name, cfg.Bind, cfg.DataDir = fmt.Sprintf("n%d", i), freePort(t), t.TempDir()
		if i > 0 {
			cfg.Seeds = []string{cfgs[0].Bind}
		}
		cfgs = append(cfgs, cfg)
	}
	nodes := together(t, cfgs)
	waitStable(t, nodes)
	for _, n := range nodes {
		_ = n.Close()
	}
	for i := range cfgs {
		cfgs[i].Seeds = nil
	}
	again := together(t, cfgs)
	waitStable(t, again)
	for _, n := range again {
		if g := n.Self().Generation; g != 2 {
			t.Errorf("%s has generation %d", n.Self().Name, g)
		}
	}
}

func TestDataDirectoryIsLocked(t *testing.T) {
	cfg := grapevine.Local()
	cfg.Name, cfg.DataDir = "n0", t.TempDir()
	startConfig(t, cfg)
	cfg.Name = "n1"
	if _, err := grapevine.Start(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Errorf("error %v", err)
	}
}

// Random bytes, and cut and flipped copies of what members say: counted, and nothing changes.
func TestJunkIsCounted(t *testing.T) {
	net1 := grapevinetest.NewNetwork(1)
	var nodes []*grapevine.Node
	for i := range 3 {
		cfg := grapevine.Config{Name: fmt.Sprintf("n%d", i), Transport: net1.Transport("")}
		if i > 0 {
			cfg.Seeds = []string{nodes[0].Addr().String()}
		}
		nodes = append(nodes, startConfig(t, cfg))
	}
	waitStable(t, nodes)
	before := nodes[0].View()
	mallory := net1.Transport("")
	defer mallory.Close()
	rng := rand.New(rand.NewPCG(1, 1))
	for i := range 2000 {
		junk := make([]byte, rng.IntN(1300))
		for j := range junk {
			junk[j] = byte(rng.Uint32())
		}
		if i%2 == 0 && len(junk) > 2 {
			junk[0], junk[1] = 1, 0 // passes for a frame until the checksum
		}
		_ = mallory.WriteTo(junk, nodes[0].Addr())
	}
	eventually(t, "junk is counted", func() bool {
		s := nodes[0].Stats()
		return s.Dropped["checksum"] > 500 && s.Dropped["version"] > 500
	})
	if after := nodes[0].View(); after.ID != before.ID || !after.Stable {
		t.Errorf("the view went from %+v to %+v", before, after)
	}
}
