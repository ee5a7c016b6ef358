package spread_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/spread"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// noEcho checks that a change is never sent to its owner, nor back to where it came from.
func noEcho(net *network) {
	net.check = func(from, to *node, m wire.Message) {
		d, ok := m.(wire.Delta)
		if !ok {
			return
		}
		if d.Owner.ID == to.id {
			net.t.Errorf("%s sends %s its own change", from.name, to.name)
		}
		for _, e := range d.Entries {
			if from.source[e.Key] == to.id {
				net.t.Errorf("%s sends %s back to its source %s", from.name, e.Key, to.name)
			}
		}
	}
}

func TestOneUpdateReachesEverybodyInUnderFourCopies(t *testing.T) {
	for _, c := range []struct {
		n       int
		loss    float64
		updates int
	}{{7, 0, 40}, {10, 0, 40}, {10, 0.05, 40}, {20, 0, 40}, {101, 0, 20}, {101, 0.05, 20}, {1000, 0, 4}, {1000, 0.01, 4}, {1000, 0.05, 4}} {
		t.Run(fmt.Sprintf("n=%d/loss=%v", c.n, c.loss), func(t *testing.T) {
			net := newNetwork(t, options{n: c.n, seed: 7, loss: c.loss})
			noEcho(net)
			var latencies, last []time.Duration
			missed := 0
			for i := range c.updates {
				origin := net.nodes[net.rng.IntN(c.n)]
				key := fmt.Sprintf("k%d", i)
				start := net.now
				origin.set(key, make([]byte, 32))
				origin.settle()
				net.run(100 * time.Millisecond)
				slowest := time.Duration(0)
				for _, n := range net.nodes {
					at, ok := n.reach[key]
					if !ok {
						missed++
						continue
					}
					latencies = append(latencies, at-start)
					slowest = max(slowest, at-start)
				}
				last = append(last, slowest)
			}
			got := 0
			var counts spread.Counts
			for _, n := range net.nodes {
				got += n.got
				c := n.sp.Counts()
				counts.Copies += c.Copies
				counts.Known += c.Known
				counts.Echoes += c.Echoes
			}
			if held := uint64((c.n-1)*c.updates - missed); counts != (spread.Counts{Copies: uint64(got), Known: uint64(got) - held}) {
				t.Errorf("%+v counted of %d received, %d held", counts, got, held)
			}
			slices.Sort(latencies)
			slices.Sort(last)
			copies := float64(got) / float64(c.n*c.updates)
			t.Logf("copies received %.2f, p50 %v, p99 %v, last member median %v worst %v, missed %d, %.0f bytes a member",
				copies, latencies[len(latencies)/2], latencies[len(latencies)*99/100], last[len(last)/2], last[len(last)-1],
				missed, float64(net.bytes)/float64(c.n*c.updates))
			if copies > 4 {
				t.Errorf("%.2f copies", copies)
			}
			if missed > 0 {
				t.Errorf("%d missed", missed)
			}
			if net.kinds[wire.KindAnnounce] > 0 && c.loss == 0 {
				t.Errorf("%d announcements of small changes", net.kinds[wire.KindAnnounce])
			}
		})
	}
}

func TestBurst(t *testing.T) {
	for _, c := range []struct {
		owners, keys int
		loss         float64
	}{{1, 1000, 0}, {1, 1000, 0.01}, {1, 1000, 0.05}, {100, 20, 0}, {100, 20, 0.05}} {
		t.Run(fmt.Sprintf("%dx%d/loss=%v", c.owners, c.keys, c.loss), func(t *testing.T) {
			net := newNetwork(t, options{n: 101, seed: 3, loss: c.loss})
			for _, n := range net.nodes[:c.owners] {
				for i := range c.keys {
					n.set(fmt.Sprintf("k%d", i), make([]byte, 32))
				}
				n.settle()
			}
			took, ok := net.until(10*time.Second, net.agree)
			got := 0
			for _, n := range net.nodes {
				got += n.got
			}
			total := c.owners * c.keys
			t.Logf("%v, %.2f copies, %.1f kB an update, %v", took, float64(got)/float64(total*100),
				float64(net.bytes+net.stream)/1000/float64(total), net.kinds)
			if !ok {
				t.Error("not everybody has everything")
			}
		})
	}
}
