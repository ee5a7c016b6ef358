package grapevine

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/cow"
	"github.com/grapevine-gossip/grapevine/internal/publish"
	"github.com/grapevine-gossip/grapevine/internal/view"
	"github.com/grapevine-gossip/grapevine/internal/wire"
	"github.com/grapevine-gossip/grapevine/transport"
)

func TestCheckSeed(t *testing.T) {
	for seed, ok := range map[string]bool{
		"10.0.0.5:7787": true, "[::1]:7787": true, "[fe80::1%eth0]:7787": true, "host.example:1": true, "h:65535": true,
		"dns:members.example:7787": true, "dns:[::1]:7787": true, "srv:_gossip._udp.example.org": true, "file:/etc/seeds": true,
		"": false, "host": false, "host:": false, ":7787": false, "host:0": false, "host:65536": false, "host:http": false, "a b:1": false,
		"::1:7787": false, "http://host:1": false, "user@host:1": false, "dns:host": false, "dns::1": false, "srv:": false,
		"srv:gossip.example.org": false, "srv:_gossip._udp": true, "srv:_gossip.example.org": false, "srv:_gossip._udp.example.org:1": false,
		"file:": false,
	} {
		err := CheckSeed(seed)
		if (err == nil) != ok {
			t.Errorf("%q: error %v", seed, err)
		}
		if err != nil && (!errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), seed)) {
			t.Errorf("%q: error %v", seed, err)
		}
	}
}

func addrs(ss ...string) (out []netip.AddrPort) {
	for _, s := range ss {
		out = append(out, netip.MustParseAddrPort(s))
	}
	return out
}

func TestSeedsOfAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "seeds")
	text := "# the first rack\n10.0.0.1:7787\n\n  [::ffff:10.0.0.2]:7787  \nnonsense\nfile:/another\n10.0.0.1:7787\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := resolveAll(t.Context(), []string{"file:" + path, "10.0.0.3:7787"})
	if want := addrs("10.0.0.1:7787", "10.0.0.2:7787", "10.0.0.3:7787"); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if err == nil || !strings.Contains(err.Error(), "nonsense") || !strings.Contains(err.Error(), "can't name another") {
		t.Errorf("error %v", err)
	}
	if err := os.WriteFile(path, []byte(strings.Repeat("10.0.0.1:7787\n", maxSeeds+1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if seeds, err := readSeeds(path); len(seeds) != maxSeeds || err == nil {
		t.Errorf("%d seeds of a file that has too many, error %v", len(seeds), err)
	}
	if _, err := readSeeds(t.TempDir()); err == nil {
		t.Error("a directory was read")
	}
}

// A seed that stops resolving keeps its addresses: the name server may be on the far side of the partition that the
// seeds are there to heal. One that says that it has none loses them.
func TestSeedThatStopsResolvingKeepsItsAddresses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "seeds")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		n := inMemory(t, Config{JoinTimeout: -1})
		defer n.Close()
		turn := func(fails bool, want ...string) {
			t.Helper()
			if err := n.seeds.turn(t.Context(), time.Second); (err != nil) != fails {
				t.Errorf("error %v", err)
			}
			if got := n.seeds.resolved(); !slices.Equal(got, addrs(want...)) {
				t.Errorf("got %v, want %v", got, want)
			}
		}
		synctest.Wait()
		n.seeds.mu.Lock()
		n.seeds.seeds = []string{"file:" + path, "10.0.0.9:1"} // the resolver itself sleeps
		n.seeds.mu.Unlock()
		turn(true, "10.0.0.9:1")
		write("10.0.0.1:1\n10.0.0.2:1\n")
		turn(false, "10.0.0.1:1", "10.0.0.2:1", "10.0.0.9:1")
		_ = os.Remove(path)
		turn(true, "10.0.0.1:1", "10.0.0.2:1", "10.0.0.9:1")
		write("10.0.0.3:1\n")
		turn(false, "10.0.0.3:1", "10.0.0.9:1")
		write("")
		turn(false, "10.0.0.9:1")
	})
}

// inMemory starts a member that nobody else can reach.
func inMemory(t *testing.T, cfg Config) *Node {
	t.Helper()
	tr, err := transport.NewMemory(1).Listen(netip.MustParseAddrPort("10.0.0.1:7787"), transport.Options{})
	if err != nil {
		t.Fatal(err)
	}
	cfg.Name, cfg.Transport = "n0", tr
	n, err := Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestAdvertisedAddress(t *testing.T) {
	for _, c := range []struct {
		bound, advertise string
		seeds            []string
		want             string // "": an error
	}{
		{bound: "10.0.0.1:7", want: "10.0.0.1:7"},
		{bound: "[::ffff:10.0.0.1]:7", want: "10.0.0.1:7"},
		{bound: "127.0.0.1:7", want: "127.0.0.1:7"},
		{bound: "[::]:7", advertise: "192.0.2.1:9", want: "192.0.2.1:9"},
		{bound: "127.0.0.1:7", advertise: "192.0.2.1:9", seeds: []string{"192.0.2.2:1"}, want: "192.0.2.1:9"},
		{bound: "0.0.0.0:7", seeds: []string{"127.0.0.1:1"}, want: "127.0.0.1:7"},
		{bound: "127.0.0.1:7", seeds: []string{"127.0.0.1:1", "[::1]:1"}, want: "127.0.0.1:7"},
		{bound: "127.0.0.1:7", seeds: []string{"127.0.0.1:1", "192.0.2.2:1"}},
		{bound: "192.0.2.1:7", advertise: "127.0.0.1:7", seeds: []string{"192.0.2.2:1"}},
	} {
		cfg := Config{Advertise: c.advertise, Seeds: c.seeds}
		got, err := advertised(t.Context(), cfg, netip.MustParseAddrPort(c.bound))
		switch {
		case c.want == "" && (err == nil || !strings.Contains(err.Error(), "set Bind or Advertise")):
			t.Errorf("%+v: got %v, error %v", c, got, err)
		case c.want != "" && (err != nil || got != netip.MustParseAddrPort(c.want)):
			t.Errorf("%+v: got %v, error %v", c, got, err)
		}
	}
	if got, err := advertised(t.Context(), Config{}, netip.MustParseAddrPort("[::]:7")); err != nil || got.Addr().IsUnspecified() || got.Port() != 7 {
		t.Errorf("bound to all addresses: got %v, error %v", got, err)
	}
	if localAddr(nil).IsLoopback() {
		return // this machine has no other address
	}
	own := Config{Seeds: []string{"127.0.0.1:7", "192.0.2.2:1"}} // the first is this member itself, as in a list made for all
	if got, err := advertised(t.Context(), own, netip.MustParseAddrPort("[::]:7")); err != nil || got.Addr().IsLoopback() {
		t.Errorf("one seed of two is elsewhere: got %v, error %v", got, err)
	}
}

func publishedAt(name string, state publish.State, addr string) *publish.Member {
	return &publish.Member{Member: view.NewMember(wire.Record{Name: name, Addr: addrs(addr)[0]}), State: state}
}

// Join has met somebody if an address matches or a member is new: members need not advertise where they were asked.
func TestMet(t *testing.T) {
	self, asked := publishedAt("self", publish.Alive, "10.0.0.1:1"), addrs("127.0.0.1:2")
	seen := func(others ...*publish.Member) *publish.Snapshot {
		var m cow.Map[*publish.Member]
		for _, o := range append(others, self) {
			m.Set(o)
		}
		return &publish.Snapshot{Self: self, Members: m.Freeze()}
	}
	old := publishedAt("old", publish.Suspect, "10.0.0.2:2")
	failed := publishedAt("failed", publish.Failed, "127.0.0.1:2")
	back := publishedAt("failed", publish.Alive, "10.0.0.3:2")
	for i, c := range []struct {
		before, now *publish.Snapshot
		addrs       []netip.AddrPort
		want        bool
	}{
		{seen(), seen(), asked, false},
		{seen(), seen(), addrs("10.0.0.1:1"), false}, // that is this member itself
		{seen(old), seen(old), asked, false},
		{seen(old), seen(old), addrs("10.0.0.2:2"), true},
		{seen(), seen(old), asked, true},
		{seen(failed), seen(failed), asked, false},
		{seen(failed), seen(back), asked, true},
		{&publish.Snapshot{}, seen(old), asked, true},
	} {
		if got := met(c.before, c.now, c.addrs); got != c.want {
			t.Errorf("case %d: %v", i, got)
		}
	}
}

// Datagrams that find the queue full are lost and counted, and the reader goes on.
func TestFullQueueIsCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := transport.NewMemory(1)
		var ends [2]transport.Transport
		for i, at := range addrs("10.0.0.1:7787", "10.0.0.2:7787") {
			tr, err := network.Listen(at, transport.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer tr.Close()
			ends[i] = tr
		}
		n, err := Start(t.Context(), Config{Name: "n0", Transport: ends[0]})
		if err != nil {
			t.Fatal(err)
		}
		defer n.Close()
		busy := make(chan struct{})
		go func() { _ = n.loop.call(context.Background(), func() { <-busy }) }()
		synctest.Wait()
		const more = 100
		for i := range maxPackets + more {
			if err := ends[1].WriteTo([]byte("junk"), n.Addr()); err != nil {
				t.Fatal(err)
			}
			if i%32 == 0 {
				synctest.Wait()
			}
		}
		synctest.Wait()
		close(busy)
		if s := n.Stats(); s.Dropped["queue"] != more {
			t.Errorf("%d of %d were counted", s.Dropped["queue"], more)
		}
	})
}
