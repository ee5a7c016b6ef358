package sim

import (
	"encoding/binary"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/publish"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// trace folds all that happens in a world into one number: same seed, same number, on every processor.
type trace struct {
	hash  uint64
	count uint64
}

func (t *trace) fold(x uint64) { t.hash = wire.Mix(t.hash ^ x) }

func (t *trace) packet(now time.Duration, to *Node, src uint32, data []byte) {
	t.count++
	t.fold(uint64(now))
	t.fold(uint64(src)<<32 | uint64(to.addr))
	t.bytes(data)
}

func (t *trace) event(now time.Duration, n *Node, e *publish.Event) {
	t.count++
	t.fold(uint64(now))
	t.fold(uint64(n.addr)<<8 | uint64(e.Kind))
	if e.Member != nil {
		t.text(e.Member.Name)
	}
	t.text(e.Key)
	t.fold(e.Version ^ e.View)
}

func (t *trace) bytes(b []byte) {
	t.fold(uint64(len(b)))
	for ; len(b) >= 8; b = b[8:] {
		t.fold(binary.LittleEndian.Uint64(b))
	}
	var last uint64
	for i, c := range b {
		last |= uint64(c) << (8 * i)
	}
	t.fold(last)
}

func (t *trace) text(s string) {
	t.fold(uint64(len(s)))
	for i := range len(s) {
		t.hash = t.hash*1099511628211 ^ uint64(s[i])
	}
}

// Trace is the hash of all that happened so far.
func (w *World) Trace() uint64 { return w.trace.hash }
