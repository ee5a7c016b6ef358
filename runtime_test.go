package grapevine_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grapevine-gossip/grapevine"
	"github.com/grapevine-gossip/grapevine/grapevinetest"
)

// member is the configuration of a member on a network in memory.
func member(network *grapevinetest.Network, name string, seeds ...string) grapevine.Config {
	return grapevine.Config{Name: name, Transport: network.Transport(""), Seeds: seeds}
}

// inBubble runs a test on virtual time. What f starts it has to close before it returns, so nothing is left to t.Cleanup.
func inBubble(t *testing.T, f func(t *testing.T, network *grapevinetest.Network)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { f(t, grapevinetest.NewNetwork(1)) })
}

func TestEventsComeInOrderAndLossIsTold(t *testing.T) {
	inBubble(t, func(t *testing.T, network *grapevinetest.Network) {
		n := startConfig(t, member(network, "n0"))
		defer n.Close()
		sub := n.Subscribe(grapevine.Filter{Types: []string{"kv."}, Buffer: 10})
		const all = 100
		for i := range all {
			if _, err := n.Set(fmt.Sprintf("k%02d", i), []byte("v")); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		seen, missed := 0, 0
		held := map[string]bool{} // by what was told: a snapshot may be of the middle, and events follow it
		var last uint64
		for seen+missed < all || len(held) < all {
			switch e := (<-sub.C()).(type) {
			case grapevine.KeySet:
				seen++
				held[e.Key] = true
				if e.Version <= last {
					t.Errorf("version %d after %d", e.Version, last)
				}
				last = e.Version
			case grapevine.Lagged:
				missed += int(e.Missed)
				snap, ok := (<-sub.C()).(grapevine.Snapshot)
				if !ok {
					t.Fatal("no snapshot follows Lagged")
				}
				for k := range snap.All("") {
					held[k.Name] = true
				}
			}
		}
		if seen+missed != all {
			t.Errorf("%d seen and %d missed of %d", seen, missed, all)
		}
	})
}

func TestSnapshotComesFirstWhenAskedFor(t *testing.T) {
	inBubble(t, func(t *testing.T, network *grapevinetest.Network) {
		n := startConfig(t, member(network, "n0"))
		defer n.Close()
		n.Set("before", []byte("1"))
		sub := n.Subscribe(grapevine.Filter{Types: []string{"kv."}, Snapshot: true})
		n.Set("after", []byte("2"))
		snap, ok := (<-sub.C()).(grapevine.Snapshot)
		if !ok {
			t.Fatal("no snapshot")
		}
		var keys []string
		for k := range snap.All("") {
			keys = append(keys, k.Name)
		}
		if !slices.Contains(keys, "before") || len(snap.Members) != 1 || snap.View.Size != 1 {
			t.Errorf("the snapshot has keys %q, members %+v", keys, snap.Members)
		}
		if e, ok := (<-sub.C()).(grapevine.KeySet); !ok || e.Key != "after" {
			t.Errorf("then comes %#v", e)
		}
	})
}

func TestFilterSelects(t *testing.T) {
	inBubble(t, func(t *testing.T, network *grapevinetest.Network) {
		n := startConfig(t, member(network, "n0"))
		defer n.Close()
		byPrefix := n.Subscribe(grapevine.Filter{Types: []string{"kv.set"}, Prefix: "app/"})
		byMember := n.Subscribe(grapevine.Filter{Types: []string{"member."}, Member: "n2"})
		byTag := n.Subscribe(grapevine.Filter{Types: []string{"member.joined", "member.updated"}, Tag: "role=db"})
		n.Set("other", nil)
		n.Set("app/x", nil)
		n.Delete("app/x")
		seed := n.Addr().String()
		n1, n2 := member(network, "n1", seed), member(network, "n2", seed)
		n1.Tags = map[string]string{"role": "db"}
		defer startConfig(t, n1).Close()
		defer startConfig(t, n2).Close()
		if e, ok := (<-byPrefix.C()).(grapevine.KeySet); !ok || e.Key != "app/x" {
			t.Errorf("by prefix: %#v", e)
		}
		if e, ok := (<-byMember.C()).(grapevine.MemberJoined); !ok || e.Name != "n2" {
			t.Errorf("by member: %#v", e)
		}
		if e := <-byTag.C(); !strings.Contains(fmt.Sprintf("%+v", e), "role:db") {
			t.Errorf("by tag: %#v", e)
		}
	})
}

// One subscriber may do with an event what it likes: no other sees it, nor does a reader.
func TestNothingHandedOutIsShared(t *testing.T) {
	inBubble(t, func(t *testing.T, network *grapevinetest.Network) {
		n := startConfig(t, member(network, "n0"))
		defer n.Close()
		f := grapevine.Filter{Types: []string{"kv.", "member.updated", "view."}}
		first, second := n.Subscribe(f), n.Subscribe(f)
		n.Set("k", []byte("green"))
		n.SetTags(map[string]string{"role": "db"})
		for range 2 {
			switch e := (<-first.C()).(type) {
			case grapevine.KeySet:
				e.Value[0] = 'X'
			case grapevine.MemberUpdated:
				e.Tags["role"] = "X"
			}
		}
		n.Self().Tags["role"] = "X"
		v, _ := n.Get("n0", "k")
		v.Bytes[0] = 'X'
		for range 2 {
			switch e := (<-second.C()).(type) {
			case grapevine.KeySet:
				if string(e.Value) != "green" {
					t.Errorf("value %q", e.Value)
				}
			case grapevine.MemberUpdated:
				if e.Tags["role"] != "db" {
					t.Errorf("tags %v", e.Tags)
				}
			}
		}
		if v, _ := n.Get("n0", "k"); string(v.Bytes) != "green" || n.Self().Tags["role"] != "db" {
			t.Errorf("a reader sees %q and %v", v.Bytes, n.Self().Tags)
		}
	})
}

func TestSubscriptionEndsWithEither(t *testing.T) {
	inBubble(t, func(t *testing.T, network *grapevinetest.Network) {
		n := startConfig(t, member(network, "n0"))
		closed, kept := n.Subscribe(grapevine.Filter{}), n.Subscribe(grapevine.Filter{Snapshot: true})
		closed.Close()
		closed.Close()
		if _, ok := <-closed.C(); ok {
			t.Error("an event after Close of the subscription")
		}
		n.Set("k", nil) // kept is never read, and must not hold Close up
		synctest.Wait()
		n.Close()
		if _, ok := <-kept.C(); ok {
			t.Error("an event after Close of the node")
		}
		kept.Close()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		for e := range kept.All(ctx) {
			t.Errorf("yields %v", e)
		}
	})
}

// stuckLog is a handler that waits for its release on each message, and keeps their text.
type stuckLog struct {
	slog.Handler
	release chan struct{}

	mu    sync.Mutex
	lines []string
}

func (l *stuckLog) Enabled(context.Context, slog.Level) bool { return true }
func (l *stuckLog) Handle(_ context.Context, r slog.Record) error {
	<-l.release
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, r.Message)
	return nil
}

func TestLogThatIsStuckStopsNothing(t *testing.T) {
	inBubble(t, func(t *testing.T, network *grapevinetest.Network) {
		stuck := &stuckLog{release: make(chan struct{})}
		cfg := member(network, "n0")
		cfg.Logger = slog.New(stuck)
		n := startConfig(t, cfg)
		other := startConfig(t, member(network, "n1", n.Addr().String()))
		for range 300 { // each departure and each return is a message
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			if err := errors.Join(other.Leave(ctx), other.Join(ctx, n.Addr().String())); err != nil {
				t.Fatal(err)
			}
			cancel()
		}
		if _, err := n.Set("k", []byte("v")); err != nil {
			t.Error(err)
		}
		other.Close()
		n.Close() // gives up on it after a second
		close(stuck.release)
		synctest.Wait()
		if !slices.Contains(stuck.lines, "messages lost: the log is too slow") || !slices.Contains(stuck.lines, "member joined") {
			t.Errorf("%d lines, and none says that some were lost", len(stuck.lines))
		}
	})
}

// callingLog calls the node from its handler.
type callingLog struct {
	slog.Handler
	node chan *grapevine.Node
	err  chan error
}

func (l callingLog) Enabled(context.Context, slog.Level) bool { return true }
func (l callingLog) Handle(context.Context, slog.Record) error {
	select {
	case n := <-l.node:
		_, err := n.Set("from", []byte("the log"))
		l.err <- err
	default:
	}
	return nil
}

func TestLogMayCallTheNode(t *testing.T) {
	inBubble(t, func(t *testing.T, network *grapevinetest.Network) {
		log := callingLog{node: make(chan *grapevine.Node, 1), err: make(chan error, 1)}
		cfg := member(network, "n0")
		cfg.Logger = slog.New(log)
		n := startConfig(t, cfg)
		defer n.Close()
		log.node <- n
		defer startConfig(t, member(network, "n1", n.Addr().String())).Close()
		if err := <-log.err; err != nil {
			t.Error(err)
		}
	})
}

func TestZeroValues(t *testing.T) {
	var n grapevine.Node
	ctx := t.Context()
	_, setErr := n.Set("k", nil)
	_, stableErr := n.WaitStable(ctx, 1)
	for name, err := range map[string]error{
		"Set": setErr, "Delete": n.Delete("k"), "SetTags": n.SetTags(nil), "Join": n.Join(ctx, "127.0.0.1:1"), "Leave": n.Leave(ctx),
		"Forget": n.Forget(ctx, "x"), "WaitStable": stableErr, "Ping": n.Ping(ctx), "SetSeeds": n.SetSeeds(),
	} {
		if !errors.Is(err, grapevine.ErrClosed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for range n.Subscribe(grapevine.Filter{}).C() {
		t.Error("an event")
	}
	for range n.Members() {
		t.Error("a member")
	}
	for range n.Keys("x") {
		t.Error("a key")
	}
	for range (grapevine.Snapshot{}).All("") {
		t.Error("a key of no snapshot")
	}
	new(grapevine.Subscription).Close()
	_, _, _, _, _, _, _ = n.Addr(), n.Self(), n.View(), n.Status(), n.Peers(), n.Stats(), n.Backlog()
	if err := errors.Join(n.Err(), n.Close()); err != nil {
		t.Error(err)
	}
}
