package measure

import (
	"flag"
	"fmt"
	"slices"
	"testing"

	"github.com/grapevine-gossip/grapevine/internal/local"
	"github.com/grapevine-gossip/grapevine/internal/scenario"
)

// The bands within which the simulator and real sockets agree: how far apart they may be. Traffic is counted, not timed,
// so its band is narrow. Detection is a matter of the protocol's periods, an update of what the processors do.
const (
	trafficBand = 0.15
	detectBand  = 0.35
	updateBand  = 2.0
)

// How much of the processors a test gets is not its own choice, so times are compared when somebody asks for it, on a
// machine that does nothing else: go test ./internal/measure -run Agrees -times -v
var times = flag.Bool("times", false, "compare times too")

const crossMembers = 101

// simulated asks a scenario in the world of this machine: two processors that all members share, and loopback.
func simulated(t *testing.T, name string, set ...string) scenario.Figures {
	t.Helper()
	s, err := scenario.Find(name)
	if err != nil {
		t.Fatal(err)
	}
	p := s.Defaults
	for i := 0; i < len(set); i += 2 {
		if err := s.Set(&p, set[i], set[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	for _, one := range [][2]string{{"nodes", fmt.Sprint(crossMembers)}, {"latency", "10us"}, {"host.cores", "2"}} {
		if err := s.Set(&p, one[0], one[1]); err != nil {
			t.Fatal(err)
		}
	}
	r := s.Play(p, 1, nil)
	if len(r.Violations) > 0 || r.Unfinished != "" {
		t.Fatal(r.Violations, r.Unfinished)
	}
	return r.Figures
}

// What the simulator says of a cluster is what real sockets show.
func TestSimulatorAgreesWithRealSockets(t *testing.T) {
	c := local.New(local.Options{Cluster: "crosscheck"})
	defer c.Close()
	if err := c.Grow(t.Context(), crossMembers); err != nil {
		t.Fatal(err)
	}
	live := c.Live()
	if err := local.Until(t.Context(), limit, func() string { return local.NotStable(live, crossMembers) }); err != nil {
		t.Fatal(err)
	}
	traffic, err := idle(t.Context(), live)
	if err != nil {
		t.Fatal(err)
	}
	quiet := simulated(t, "idle", "duration", "20s")
	within(t, "idle bytes per member and second", traffic.Bytes, quiet.Find("bytes_per_member_s").Value, trafficBand)
	within(t, "idle packets per member and second", traffic.Packets, quiet.Find("packets_per_member_s").Value, trafficBand)
	if !*times {
		return
	}
	within(t, "ms until half of the members have an update", median(realUpdates(t, live)),
		simulated(t, "update", "duration", "5s").Find("update_ms").Quantiles().P50, updateBand)
	within(t, "ms until half of the survivors know of a crash", median(realCrashes(t, c)),
		simulated(t, "crash", "scenario.count", "30").Find("detect_ms").Quantiles().P50, detectBand)
}

func within(t *testing.T, what string, is, simulated, band float64) {
	t.Helper()
	t.Logf("%s: %.2f real, %.2f simulated", what, is, simulated)
	if max(is/simulated, simulated/is) > 1+band {
		t.Errorf("%s: %.2f over real sockets, %.2f in the simulator: more than %.0f %% apart", what, is, simulated, 100*band)
	}
}

func realUpdates(t *testing.T, live []*local.Member) []float64 {
	var all []float64
	for i := range 20 {
		s, err := update(t.Context(), live, fmt.Sprint(i))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, s.P50)
	}
	return all
}

// How long a crash takes to be noticed depends on the moment of it, so a median wants more than a handful.
func realCrashes(t *testing.T, c *local.Cluster) []float64 {
	var all []float64
	for range 11 {
		if err := pause(t.Context(), 2*settleFor); err != nil {
			t.Fatal(err)
		}
		s, err := crash(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, s.P50)
	}
	return all
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}
