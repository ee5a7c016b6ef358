package grapevine_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/grapevine-gossip/grapevine"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start starts a member on loopback and closes it at the end of the test.
func start(t *testing.T, name string, seeds ...string) *grapevine.Node {
	t.Helper()
	cfg := grapevine.Local()
	cfg.Name, cfg.Seeds = name, seeds
	return startConfig(t, cfg)
}

func startConfig(t *testing.T, cfg grapevine.Config) *grapevine.Node {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	n, err := grapevine.Start(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = n.Close() })
	return n
}

// eventually polls, with a deadline that only a defect exceeds.
func eventually(t *testing.T, what string, cond func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(30 * time.Second)
	for !cond() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("not within 30 s: %s", what)
		}
	}
}

func cluster(t *testing.T, n int) []*grapevine.Node {
	t.Helper()
	nodes := []*grapevine.Node{start(t, "n0")}
	for i := 1; i < n; i++ {
		nodes = append(nodes, start(t, fmt.Sprintf("n%d", i), nodes[0].Addr().String()))
	}
	waitStable(t, nodes)
	return nodes
}

func waitStable(t *testing.T, nodes []*grapevine.Node) {
	t.Helper()
	eventually(t, "one stable view", func() bool {
		for _, n := range nodes {
			if v := n.View(); v.Size != len(nodes) || !v.Stable || v.ID != nodes[0].View().ID {
				return false
			}
		}
		return true
	})
}

func TestSetReachesTheOthers(t *testing.T) {
	nodes := cluster(t, 3)
	sub := nodes[2].Subscribe(grapevine.Filter{Types: []string{"kv."}})
	defer sub.Close()
	version, err := nodes[0].Set("color", []byte("green"))
	if err != nil {
		t.Fatal(err)
	}
	if v, ok := nodes[0].Get("n0", "color"); !ok || string(v.Bytes) != "green" || v.Version != version {
		t.Errorf("its own reader sees %q, %v", v.Bytes, ok)
	}
	e := <-sub.C()
	if set, ok := e.(grapevine.KeySet); !ok || set.Name != "n0" || set.Key != "color" || string(set.Value) != "green" {
		t.Errorf("event %#v", e)
	}
	if v, ok := nodes[2].Get("n0", "color"); !ok || string(v.Bytes) != "green" {
		t.Errorf("another's reader sees %q, %v", v.Bytes, ok)
	}
}

func TestSecondProcessOfANameIsRefused(t *testing.T) {
	nodes := cluster(t, 3)
	cfg := grapevine.Local()
	cfg.Name, cfg.Seeds = "n1", []string{nodes[0].Addr().String()}
	if n, err := grapevine.Start(t.Context(), cfg); !errors.Is(err, grapevine.ErrNameTaken) {
		t.Errorf("started %v, error %v", n, err)
	}
	if v := nodes[2].View(); v.Size != 3 {
		t.Errorf("the view has %d members", v.Size)
	}
}

func TestOtherClusterIsRefused(t *testing.T) {
	seed := start(t, "seed")
	cfg := grapevine.Local()
	cfg.Name, cfg.Cluster, cfg.Seeds = "other", "another", []string{seed.Addr().String()}
	if _, err := grapevine.Start(t.Context(), cfg); !errors.Is(err, grapevine.ErrWrongCluster) {
		t.Errorf("error %v", err)
	}
}

func TestCrashAndReturn(t *testing.T) {
	nodes := cluster(t, 3)
	cfg := grapevine.Local()
	cfg.Name, cfg.Bind, cfg.Seeds = "n3", freePort(t), []string{nodes[1].Addr().String()}
	crashing := startConfig(t, cfg)
	waitStable(t, append(nodes, crashing))
	sub := nodes[0].Subscribe(grapevine.Filter{Types: []string{"member."}, Member: "n3"})
	defer sub.Close()
	_ = crashing.Close()
	for e := range sub.C() {
		if _, ok := e.(grapevine.MemberFailed); ok {
			break
		}
	}
	startConfig(t, cfg)
	for e := range sub.C() {
		if r, ok := e.(grapevine.MemberReturned); ok {
			if !r.Restarted || r.Generation != 2 {
				t.Errorf("returned as %+v", r)
			}
			break
		}
	}
}

func TestLeaveAndJoinAgain(t *testing.T) {
	nodes := cluster(t, 3)
	if _, err := nodes[1].Set("k", []byte("v")); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := nodes[1].Leave(ctx); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the others see it gone", func() bool {
		m, _ := nodes[0].Member("n1")
		return m.State == grapevine.Left
	})
	if _, err := nodes[1].Set("k", nil); !errors.Is(err, grapevine.ErrLeft) {
		t.Errorf("Set after Leave: %v", err)
	}
	if err := nodes[1].Join(ctx, nodes[0].Addr().String()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is back with its key, under a new generation", func() bool {
		m, _ := nodes[2].Member("n1")
		v, ok := nodes[2].Get("n1", "k")
		return m.Generation == 2 && m.State == grapevine.Alive && ok && string(v.Bytes) == "v"
	})
}

// Everything may be called after Close, and nothing panics.
func TestAfterClose(t *testing.T) {
	n := start(t, "n0")
	sub := n.Subscribe(grapevine.Filter{})
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	if err := n.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
	ctx := t.Context()
	_, setErr := n.Set("k", nil)
	_, stableErr := n.WaitStable(ctx, 1)
	for name, err := range map[string]error{
		"Set": setErr, "Delete": n.Delete("k"), "SetTags": n.SetTags(map[string]string{"a": "b"}), "Join": n.Join(ctx, "127.0.0.1:1"),
		"Leave": n.Leave(ctx), "Forget": n.Forget(ctx, "x"), "WaitStable": stableErr, "Ping": n.Ping(ctx), "SetSeeds": n.SetSeeds(),
		"Err": n.Err(),
	} {
		if !errors.Is(err, grapevine.ErrClosed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for range sub.C() {
		t.Error("an event after Close")
	}
	for range n.Subscribe(grapevine.Filter{}).C() {
		t.Error("an event after Close")
	}
	for range n.Members() {
		t.Error("a member after Close")
	}
	_, _, _, _, _, _ = n.Self(), n.View(), n.Status(), n.Peers(), n.Stats(), n.Backlog()
	<-n.Done()
}
