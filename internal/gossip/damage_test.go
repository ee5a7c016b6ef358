package gossip

import (
	"slices"
	"testing"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// Cut and bit-flipped copies of what members really say: each is counted by its reason, and nothing else happens.
func TestDamagedPacketsChangeNothing(t *testing.T) {
	w := newWorld(t, 20)
	nodes := w.startMany(5)
	var real [][]byte
	trace = func(_ *node, p Packet) { real = append(real, slices.Clone(p.Data)) }
	w.until("stable", 10*time.Second, func() bool { return stable(nodes) })
	w.do(nodes[1], Set{Key: "k", Value: []byte("v")})
	w.run(5 * time.Second)
	trace = nil

	m := nodes[2].m
	view, state := m.st.ViewHash(), m.st.StateHash()
	before := m.Stats()
	sent := uint64(0)
	for _, frame := range real {
		for range 10 {
			damaged := slices.Clone(frame)
			if w.rng.IntN(2) == 0 {
				damaged = damaged[:w.rng.IntN(len(damaged))]
			} else {
				damaged[w.rng.IntN(len(damaged))] ^= 1 << w.rng.IntN(8)
			}
			m.Step(w.now, nodes[1].addr, damaged)
			sent++
		}
	}
	if m.st.ViewHash() != view || m.st.StateHash() != state {
		t.Error("damaged packets changed the state")
	}
	after := m.Stats()
	dropped := uint64(0)
	for _, reason := range []string{"checksum", "truncated", "version", "malformed", "cluster", "limit", "key"} {
		dropped += after.Dropped[reason] - before.Dropped[reason]
	}
	if dropped != sent {
		t.Errorf("%d of %d are counted: %v", dropped, sent, after.Dropped)
	}
}

// FuzzStep gives a member of a cluster any sections under a valid frame of another member: the worst that a member can do
// without breaking the format. Nothing may panic, and the packets that answer stay within bounds.
func FuzzStep(f *testing.F) {
	w := newWorld(f, 21)
	nodes := w.startMany(3)
	trace = func(from *node, p Packet) {
		if _, _, err := from.m.codec.Open(p.Data, nil); err == nil && len(p.Data) > wire.FrameOverhead {
			f.Add(p.Data[wire.FrameOverhead:])
		}
	}
	w.until("stable", 10*time.Second, func() bool { return stable(nodes) })
	w.do(nodes[1], Set{Key: "k", Value: []byte("v")})
	w.run(2 * time.Second)
	trace = nil
	f.Fuzz(func(t *testing.T, sections []byte) {
		w := newWorld(t, 21)
		nodes := w.startMany(3)
		w.until("stable", 10*time.Second, func() bool { return stable(nodes) })
		from := nodes[1].m
		frame := from.codec.AppendFrame(nil, from.header(nodes[2].m.selfTag()), sections)
		w.into(nodes[2], func() { nodes[2].m.Step(w.now, nodes[1].addr, frame) })
		w.run(3 * time.Second)
		if packets := nodes[2].m.Stats().PacketsOut; packets > 5000 {
			t.Errorf("it answered with %d packets", packets)
		}
	})
}
