package sim

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/gossip"
)

// flow measures what a load of changes costs a settled cluster: bytes, copies, time, and by which messages.
type flow struct {
	*World
	nodes  []*Node
	before []gossip.Stats
	sent   uint64 // bytes of frames before
	keys   int
	bytes  int // of keys and values written
}

func newFlow(tb testing.TB, members int, cfg Config) *flow {
	tb.Helper()
	f := &flow{World: New(cfg)}
	f.nodes = f.StartMany(members)
	if _, ok := f.Until(30*time.Second, func() bool { return Stable(f.nodes) }); !ok {
		tb.Fatal("not stable")
	}
	f.Run(5 * time.Second)
	for _, n := range f.nodes {
		f.before = append(f.before, n.Machine().Stats())
		f.sent += n.Sent.Bytes + n.Sent.StreamBytes
	}
	return f
}

// share lets others have the shared processors for a while again and again, as on a machine with other work.
func (f *flow) share(run, away time.Duration) {
	for i := range f.cores.free {
		f.cores.free[i] = max(f.cores.free[i], f.Now()+away)
		f.At(f.cores.free[i]-f.Now(), f.dispatch)
	}
	f.At(run+away, func() { f.share(run, away) })
}

// writes has some members write keys, one each so often, of values of a size.
func (f *flow) writes(members, keys, size int, every time.Duration) {
	value := strings.Repeat("v", size)
	for i, n := range f.nodes[:members] {
		for k := range keys {
			f.At(time.Duration(k)*every+time.Duration(i)*time.Microsecond, func() { _ = f.Set(n, fmt.Sprintf("u%04d", k), value) })
		}
	}
	f.keys += members * keys
	f.bytes += members * keys * (size + len("u0000"))
}

// settled runs until all hold the same state, which is at least so many keys.
func (f *flow) settled(limit time.Duration, writers []*Node, keys uint64) (time.Duration, bool) {
	var is gossip.Inspection
	return f.Until(limit, func() bool {
		for _, n := range writers {
			if n.Snapshot().Self.Keys.Len() < int(keys) {
				return false
			}
		}
		f.nodes[0].Machine().InspectHead(&is)
		hash := is.StateHash
		return !slices.ContainsFunc(f.nodes, func(n *Node) bool {
			n.Machine().InspectHead(&is)
			return is.StateHash != hash
		})
	})
}

// report gives what was sent and received since the beginning, by key written.
func (f *flow) report(b *testing.B, took time.Duration) {
	var total gossip.Stats
	kinds := map[string]uint64{}
	sent, packets := -f.sent, uint64(0)
	for i, n := range f.nodes {
		s, was := n.Machine().Stats(), f.before[i]
		total.Copies += s.Copies - was.Copies
		total.Known += s.Known - was.Known
		total.Echoes += s.Echoes - was.Echoes
		total.Payload += s.Payload - was.Payload
		packets += s.PacketsOut - was.PacketsOut
		for kind, bytes := range s.SentBytesByKind {
			kinds[kind] += bytes - was.SentBytesByKind[kind]
		}
		sent += n.Sent.Bytes + n.Sent.StreamBytes
	}
	keys, others := float64(f.keys), float64(len(f.nodes)-1)
	b.ReportMetric(took.Seconds()*1000, "ms")
	b.ReportMetric(float64(sent)/keys, "B/key")
	b.ReportMetric(float64(packets)/keys, "packets/key")
	b.ReportMetric(float64(total.Payload)/float64(f.bytes)/others, "copies")
	b.ReportMetric(float64(total.Echoes), "echoes")
	framed := float64(sent)
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		framed -= float64(kinds[kind])
		if float64(kinds[kind]) > 0.01*float64(sent) {
			b.ReportMetric(float64(kinds[kind])/keys, kind)
		}
	}
	b.ReportMetric(framed/keys, "frames")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkBurst is row 11 of the targets in virtual time: keys of 32 bytes written by one member, or by many; with a
// processor for each member, and with two for all of them.
func BenchmarkBurst(b *testing.B) {
	for _, c := range []struct {
		members, keys int
		every         time.Duration
		cores         int
		loss          float64
		away          time.Duration
	}{
		{1, 1000, 50 * time.Microsecond, 0, 0, 0},
		{1, 1000, 50 * time.Microsecond, 0, 0.05, 0},
		{1, 1000, 50 * time.Microsecond, 2, 0, 0},
		{1, 1000, 50 * time.Microsecond, 2, 0, 20 * time.Millisecond},
		{1, 1000, 300 * time.Microsecond, 0, 0, 0},
		{1, 1000, time.Millisecond, 0, 0, 0},
		{100, 100, 0, 2, 0, 0},
		{100, 100, 0, 2, 0.05, 0},
		{100, 100, 10 * time.Millisecond, 0, 0, 0},
	} {
		b.Run(fmt.Sprintf("%dx%d/every=%v/cores=%d/loss=%v/away=%v", c.members, c.keys, c.every, c.cores, c.loss, c.away), func(b *testing.B) {
			for b.Loop() {
				link := lan()
				link.Loss = c.loss
				f := newFlow(b, 101, Config{Seed: 3, Link: link, Host: Usual(), Cores: c.cores})
				if c.away > 0 {
					f.share(5*time.Millisecond, c.away)
				}
				f.writes(c.members, c.keys, 32, c.every)
				took, ok := f.settled(30*time.Second, f.nodes[:c.members], uint64(c.keys))
				if !ok {
					b.Fatal("not everybody has everything")
				}
				f.report(b, took)
			}
		})
	}
}

// BenchmarkUpdate is row 2: changes one after another, so that each finds the cluster at rest.
func BenchmarkUpdate(b *testing.B) {
	for _, c := range []struct {
		members, size int
		loss          float64
	}{{101, 32, 0}, {1000, 32, 0}, {101, 800, 0}, {101, 2 << 10, 0}, {101, 20 << 10, 0}, {101, 60 << 10, 0},
		{101, 2 << 10, 0.01}, {101, 20 << 10, 0.01}, {101, 60 << 10, 0.01}} {
		b.Run(fmt.Sprintf("members=%d/bytes=%d/loss=%v", c.members, c.size, c.loss), func(b *testing.B) {
			for b.Loop() {
				link := lan()
				link.Loss = c.loss
				f := newFlow(b, c.members, Config{Seed: 5, Link: link, Host: Usual()})
				const updates = 20
				var all []time.Duration
				var last time.Duration
				for i := range updates {
					origin := f.nodes[f.Rand().IntN(len(f.nodes))]
					key := fmt.Sprintf("k%d", i)
					value := strings.Repeat("v", c.size)
					seen := f.Watch(func(n *Node) bool { _, ok := n.Value(origin.Name, key); return ok })
					_ = f.Set(origin, key, value)
					f.Run(500 * time.Millisecond)
					f.Stop(seen)
					delays := seen.Delays()
					all = append(all, delays...)
					last = max(last, delays[len(delays)-1])
				}
				slices.Sort(all)
				f.keys, f.bytes = updates, updates*(c.size+len("k00"))
				f.report(b, last)
				b.ReportMetric(float64(updates*c.members-len(all)), "missed")
				b.ReportMetric(all[len(all)/2].Seconds()*1000, "p50ms")
				b.ReportMetric(all[len(all)*99/100].Seconds()*1000, "p99ms")
			}
		})
	}
}
