package gossip

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// knowing makes a machine in a process of its own that holds a view of n members.
func knowing(n int) *Machine {
	m := New(time.Second, Config{
		Name: "self", Cluster: "test", Addr: addrOf(0), Boot: 1, Rand: rand.New(rand.NewPCG(1, 1)),
	})
	for i := 1; i < n; i++ {
		m.st.MergeRecord(time.Second, otherRecord(i), 0, true)
	}
	m.Ready()
	m.Ready() // events of the first are no longer kept
	return m
}

func otherRecord(i int) wire.Record {
	return wire.Record{
		Name: fmt.Sprintf("member-%d", i), Addr: addrOf(i), AddrVersion: 1, MinVersion: wire.MinVersion, MaxVersion: wire.MaxVersion,
		Life: wire.Life{Generation: 1, Boot: uint64(i) + 1},
	}
}

// pingFrom gives the frame of a probe by another member that agrees with m on everything.
func pingFrom(m *Machine, i int) []byte {
	r := otherRecord(i)
	h := wire.Header{
		From: wire.RefOf(wire.ID(r.Name), r.Life), To: m.selfTag(), View: m.st.ViewHash(), State: m.st.StateHash(),
	}
	return m.codec.AppendFrame(nil, h, wire.AppendSection(nil, wire.Ping{Seq: 1}))
}

// To handle a probe, and to answer it, takes no memory.
func TestProbeTakesNoMemory(t *testing.T) {
	m := knowing(100)
	frame := pingFrom(m, 1)
	now := m.now
	if got := testing.AllocsPerRun(100, func() { answer(m, now, frame) }); got > 0 {
		t.Errorf("%v allocations", got)
	}
	if len(m.Ready().Packets) > 0 || m.stats.PacketsOut < 100 {
		t.Error("probes were not answered")
	}
}

func answer(m *Machine, now time.Duration, frame []byte) {
	m.Step(now, addrOf(1), frame)
	m.SetLag(now, 0)
	m.Next()
	m.Ready()
}

// BenchmarkProbe is a whole turn: a probe comes and is answered.
func BenchmarkProbe(b *testing.B) {
	for _, n := range []int{100, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			m := knowing(n)
			frame := pingFrom(m, 1)
			b.ReportAllocs()
			for b.Loop() {
				answer(m, m.now, frame)
			}
		})
	}
}

// BenchmarkKnown tells the live bytes per known member, in a process that shares nothing.
func BenchmarkKnown(b *testing.B) {
	for _, n := range []int{1000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				before := live()
				m := knowing(n)
				b.ReportMetric(float64(live()-before)/float64(n), "B/member")
				runtime.KeepAlive(m)
			}
		})
	}
}

func live() int64 {
	runtime.GC()
	runtime.GC()
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return int64(s.HeapAlloc)
}
