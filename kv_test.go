package grapevine_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grapevine-gossip/grapevine"
	"github.com/grapevine-gossip/grapevine/grapevinetest"
)

func TestLimitsOfKeysAndValues(t *testing.T) {
	inBubble(t, func(t *testing.T, network *grapevinetest.Network) {
		cfg := member(network, "n0")
		cfg.Limits.Namespace = 200_000
		n := startConfig(t, cfg)
		defer n.Close()
		for _, c := range []struct {
			key   string
			value []byte
			want  error
		}{
			{strings.Repeat("k", 256), nil, nil},
			{"k", bytes.Repeat([]byte("v"), 64<<10), nil},
			{"k2", bytes.Repeat([]byte("v"), 64<<10), nil},
			{"k3", bytes.Repeat([]byte("v"), 64<<10), nil},
			{"k4", bytes.Repeat([]byte("v"), 64<<10), grapevine.ErrFull},
			{"k", bytes.Repeat([]byte("v"), 64<<10+1), grapevine.ErrTooLarge},
			{strings.Repeat("k", 257), nil, grapevine.ErrTooLarge},
			{"", nil, grapevine.ErrConfig},
			{"/k", nil, grapevine.ErrConfig},
			{"_k", nil, grapevine.ErrConfig},
			{"a\x00b", nil, grapevine.ErrConfig},
			{"\xff", nil, grapevine.ErrConfig},
		} {
			if _, err := n.Set(c.key, c.value); !errors.Is(err, c.want) {
				t.Errorf("%.20q with %d bytes: error %v", c.key, len(c.value), err)
			}
		}
		if _, err := n.Set("k", bytes.Repeat([]byte("v"), 64<<10+1)); err == nil || !strings.Contains(err.Error(), "65536") {
			t.Errorf("the limit is not named: %v", err)
		}
		if got := slices.Collect(n.Keys("n0")); !slices.Equal(got, []string{"k", "k2", "k3", strings.Repeat("k", 256)}) {
			t.Errorf("there are %.20q", got)
		}
	})
}

func TestCompareAndSet(t *testing.T) {
	inBubble(t, func(t *testing.T, network *grapevinetest.Network) {
		n := startConfig(t, member(network, "n0"))
		defer n.Close()
		first, err := n.Set("k", []byte("1"), grapevine.IfVersion(0))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := n.Set("k", []byte("2"), grapevine.IfVersion(0)); !errors.Is(err, grapevine.ErrConflict) {
			t.Errorf("set where it should be absent: %v", err)
		}
		second, err := n.Set("k", []byte("2"), grapevine.IfVersion(first))
		if err != nil || second <= first {
			t.Errorf("version %d after %d, error %v", second, first, err)
		}
		if err := n.Delete("k", grapevine.IfVersion(first)); !errors.Is(err, grapevine.ErrConflict) {
			t.Errorf("deleted a newer version: %v", err)
		}
		if err := errors.Join(n.Delete("k", grapevine.IfVersion(second)), n.Delete("k"), n.Delete("never")); err != nil {
			t.Error(err)
		}
		if _, ok := n.Get("n0", "k"); ok {
			t.Error("it is still there")
		}
	})
}

func TestTimeToLive(t *testing.T) {
	inBubble(t, func(t *testing.T, network *grapevinetest.Network) {
		n := startConfig(t, member(network, "n0"))
		defer n.Close()
		other := startConfig(t, member(network, "n1", n.Addr().String()))
		defer other.Close()
		sub := other.Subscribe(grapevine.Filter{Types: []string{"kv.deleted"}})
		begun := time.Now()
		n.Set("k", []byte("v"), grapevine.TTL(time.Minute))
		if e := (<-sub.C()).(grapevine.KeyDeleted); e.Key != "k" || e.Name != "n0" {
			t.Errorf("event %+v", e)
		}
		if took := time.Since(begun); took < time.Minute || took > time.Minute+time.Second {
			t.Errorf("it lived for %v", took)
		}
		for _, ttl := range []time.Duration{-1, 1} {
			if _, err := n.Set("k", nil, grapevine.TTL(ttl)); !errors.Is(err, grapevine.ErrConfig) {
				t.Errorf("a life of %v: error %v", ttl, err)
			}
		}
	})
}

func TestTagsAreNoKeys(t *testing.T) {
	inBubble(t, func(t *testing.T, network *grapevinetest.Network) {
		cfg := member(network, "n0")
		cfg.Tags = map[string]string{"role": "db", "zone": "a"}
		n := startConfig(t, cfg)
		defer n.Close()
		other := startConfig(t, member(network, "n1", n.Addr().String()))
		defer other.Close()
		if err := n.SetTags(map[string]string{"role": "web"}); err != nil {
			t.Fatal(err)
		}
		n.Set("k", []byte("v"))
		sub := other.Subscribe(grapevine.Filter{Types: []string{"kv."}, Snapshot: true})
		<-sub.C()
		synctest.Wait()
		for _, at := range []*grapevine.Node{n, other} {
			for {
				if _, ok := at.Get("n0", "k"); ok {
					break
				}
				<-sub.C()
			}
			m, _ := at.Member("n0")
			if len(m.Tags) != 1 || m.Tags["role"] != "web" || m.Keys != 1 {
				t.Errorf("%s sees tags %v and %d keys", at.Self().Name, m.Tags, m.Keys)
			}
			for k := range at.All("") {
				if k != (grapevine.Key{Node: "n0", Name: "k"}) {
					t.Errorf("%s sees key %v", at.Self().Name, k)
				}
			}
			if _, ok := at.Get("n0", "_tag/role"); ok {
				t.Errorf("%s sees a tag as a key", at.Self().Name)
			}
		}
	})
}

func TestForgetting(t *testing.T) {
	inBubble(t, func(t *testing.T, network *grapevinetest.Network) {
		nodes, end := three(t, network)
		defer end()
		nodes[2].Set("k", []byte("last words"))
		if err := nodes[0].Forget(t.Context(), "n2"); !errors.Is(err, grapevine.ErrInView) {
			t.Errorf("a member of the view: %v", err)
		}
		if err := nodes[0].Forget(t.Context(), "nobody"); !errors.Is(err, grapevine.ErrUnknownMember) {
			t.Errorf("nobody: %v", err)
		}
		if err := nodes[2].Leave(t.Context()); err != nil {
			t.Fatal(err)
		}
		nodes[2].Close()
		sub := nodes[1].Subscribe(grapevine.Filter{Types: []string{"member.forgotten"}})
		if _, ok := nodes[0].Get("n2", "k"); !ok {
			t.Error("its keys are gone already")
		}
		if err := nodes[0].Forget(t.Context(), "n2"); err != nil {
			t.Fatal(err)
		}
		if e := (<-sub.C()).(grapevine.MemberForgotten); e.Name != "n2" {
			t.Errorf("event %+v", e)
		}
		for _, n := range nodes[:2] {
			if _, ok := n.Member("n2"); ok {
				t.Errorf("%s still knows it", n.Self().Name)
			}
		}
	})
}
