package grapevine_test

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grapevine-gossip/grapevine"
	"github.com/grapevine-gossip/grapevine/grapevinetest"
)

// three starts a cluster; the function closes it.
func three(t *testing.T, network *grapevinetest.Network) ([]*grapevine.Node, func()) {
	t.Helper()
	nodes := []*grapevine.Node{startConfig(t, member(network, "n0"))}
	for _, name := range []string{"n1", "n2"} {
		nodes = append(nodes, startConfig(t, member(network, name, nodes[0].Addr().String())))
	}
	for _, n := range nodes {
		if _, err := n.WaitStable(t.Context(), 3); err != nil {
			t.Fatal(err)
		}
	}
	return nodes, func() {
		for _, n := range nodes {
			_ = n.Close()
		}
	}
}

func TestUnreachableSeedsAreNoError(t *testing.T) {
	inBubble(t, func(t *testing.T, network *grapevinetest.Network) {
		begun := time.Now()
		n := startConfig(t, member(network, "n0", "10.9.9.9:7787"))
		defer n.Close()
		if took := time.Since(begun); took != 3*time.Second {
			t.Errorf("Start waited for %v", took)
		}
		cfg := member(network, "n1", "10.9.9.9:7787")
		cfg.JoinTimeout = -1
		begun = time.Now()
		defer startConfig(t, cfg).Close()
		if took := time.Since(begun); took != 0 {
			t.Errorf("told not to wait, Start waited for %v", took)
		}
	})
}

func TestStartEndsWithItsContext(t *testing.T) {
	inBubble(t, func(t *testing.T, network *grapevinetest.Network) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		if n, err := grapevine.Start(ctx, member(network, "n0", "10.9.9.9:7787")); !errors.Is(err, context.Canceled) {
			t.Errorf("started %v, error %v", n, err)
		}
		synctest.Wait() // nothing is left that the bubble would wait for
	})
}

func TestUnreachableMemberIsToldWhoTried(t *testing.T) {
	inBubble(t, func(t *testing.T, network *grapevinetest.Network) {
		nodes, end := three(t, network)
		defer end()
		cfg := member(network, "n3", nodes[0].Addr().String())
		cfg.Advertise = "10.9.9.9:7787"
		begun := time.Now()
		_, err := grapevine.Start(t.Context(), cfg)
		var unreachable *grapevine.UnreachableError
		if !errors.As(err, &unreachable) || unreachable.Addr != netip.MustParseAddrPort("10.9.9.9:7787") || len(unreachable.Names) == 0 {
			t.Fatalf("error %v", err)
		}
		if took := time.Since(begun); took < 3*time.Second {
			t.Errorf("it gave up after %v", took)
		}
		if v := nodes[0].View(); v.Size != 3 || !v.Stable {
			t.Errorf("the view is %+v", v)
		}
	})
}

// The path to the joiner is cut at first: what counts is whether it is let in within the time it has.
func TestMemberThatIsReachedLaterIsLetIn(t *testing.T) {
	inBubble(t, func(t *testing.T, network *grapevinetest.Network) {
		nodes, end := three(t, network)
		defer end()
		cfg := member(network, "n3", nodes[0].Addr().String())
		cfg.JoinTimeout = time.Minute
		network.Partition([]netip.AddrPort{cfg.Transport.LocalAddr()}, []netip.AddrPort{nodes[1].Addr(), nodes[2].Addr()})
		time.AfterFunc(4*time.Second, network.Heal)
		n := startConfig(t, cfg)
		defer n.Close()
		if _, err := n.WaitStable(t.Context(), 4); err != nil {
			t.Error(err)
		}
	})
}

func TestSeedOfAnotherClusterAmongOthers(t *testing.T) {
	inBubble(t, func(t *testing.T, network *grapevinetest.Network) {
		right := startConfig(t, member(network, "right"))
		defer right.Close()
		cfg := member(network, "wrong")
		cfg.Cluster = "another"
		wrong := startConfig(t, cfg)
		defer wrong.Close()

		n := startConfig(t, member(network, "n0", wrong.Addr().String(), right.Addr().String()))
		defer n.Close()
		if v := n.View(); !slices.Equal(v.Members, []string{"n0", "right"}) {
			t.Errorf("the view has %q", v.Members)
		}

		begun := time.Now()
		_, err := grapevine.Start(t.Context(), member(network, "n1", wrong.Addr().String()))
		if !errors.Is(err, grapevine.ErrWrongCluster) {
			t.Errorf("with the wrong seed alone: error %v", err)
		}
		if took := time.Since(begun); took >= 200*time.Millisecond {
			t.Errorf("there was nothing to wait for, but it waited for %v", took)
		}
		if _, err := grapevine.Start(t.Context(), member(network, "n2", wrong.Addr().String(), "10.9.9.9:7787")); !errors.Is(err, grapevine.ErrWrongCluster) {
			t.Errorf("with another seed that is silent: error %v", err)
		}
	})
}

func TestJoinAsksForWhatStartAsksFor(t *testing.T) {
	inBubble(t, func(t *testing.T, network *grapevinetest.Network) {
		n := startConfig(t, member(network, "n0"))
		defer n.Close()
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		for seed, want := range map[string]error{
			"": grapevine.ErrConfig, "host": grapevine.ErrConfig, "host:0": grapevine.ErrConfig, "10.9.9.9:7787": grapevine.ErrNoSeeds,
		} {
			if err := n.Join(ctx, seed); !errors.Is(err, want) {
				t.Errorf("%q: error %v", seed, err)
			}
		}
		if err := n.Join(ctx); !errors.Is(err, grapevine.ErrNoSeeds) {
			t.Errorf("no seed: error %v", err)
		}
	})
}

func TestLoopbackIsNotToldToOthers(t *testing.T) {
	cfg := grapevine.Local()
	cfg.Name, cfg.Seeds = "n0", []string{"127.0.0.1:1", "192.0.2.1:7787"}
	var bad *grapevine.ConfigError
	if _, err := grapevine.Start(t.Context(), cfg); !errors.As(err, &bad) || bad.Field != "Advertise" {
		t.Errorf("Start: error %v", err)
	}
	n := start(t, "n1")
	if err := n.Join(t.Context(), "192.0.2.1:7787"); !errors.As(err, &bad) || bad.Field != "Advertise" {
		t.Errorf("Join: error %v", err)
	}
}
