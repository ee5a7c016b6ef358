package httpapi

import (
	"context"
	"sync"
	"time"

	"github.com/grapevine-gossip/grapevine"
)

// Bounds of what is remembered for clients that come back.
const (
	historyEvents = 4096
	historyBytes  = 16 << 20 // of values
)

// entry is an event with its place in the order.
type entry struct {
	seq   uint64
	at    time.Time
	event grapevine.Event
}

// history remembers the latest events of the node, for every client alike: each reads at its own pace, and one that
// falls behind what is remembered is told how much it missed. So no client can take memory or time from another.
type history struct {
	mu      sync.Mutex
	entries []entry       // consecutive seqs
	bytes   int           // of the values in entries
	last    uint64        // the newest seq ever
	more    chan struct{} // closed and replaced when there is something new
	ended   bool
}

func newHistory() *history { return &history{more: make(chan struct{})} }

// add appends an event.
func (h *history) add(at time.Time, e grapevine.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.last++
	h.entries = append(h.entries, entry{h.last, at, e})
	h.bytes += weight(e)
	drop := 0
	for len(h.entries)-drop > historyEvents || h.bytes > historyBytes && len(h.entries)-drop > 1 {
		h.bytes -= weight(h.entries[drop].event)
		h.entries[drop] = entry{}
		drop++
	}
	h.entries = h.entries[drop:]
	close(h.more)
	h.more = make(chan struct{})
}

// end wakes all readers for the last time.
func (h *history) end() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.ended {
		h.ended = true
		close(h.more)
	}
}

func (h *history) newest() uint64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.last
}

// after returns a copy of at most n entries that follow seq, how many between them and seq are forgotten, and a channel
// that is closed when there is more; the channel is nil when nothing will come.
func (h *history) after(seq uint64, n int) (got []entry, missed uint64, more <-chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	first := h.last + 1 - uint64(len(h.entries))
	if seq+1 < first {
		missed = first - 1 - seq
		seq = first - 1
	}
	if seq < h.last {
		from := h.entries[seq+1-first:]
		got = append(got, from[:min(n, len(from))]...)
	}
	if !h.ended {
		more = h.more
	}
	return got, missed, more
}

// record keeps the history of a node until the node is closed.
func (h *history) record(sub *grapevine.Subscription) {
	defer h.end()
	for e := range sub.All(context.Background()) {
		h.add(time.Now(), e)
	}
}

func weight(e grapevine.Event) int {
	if set, ok := e.(grapevine.KeySet); ok {
		return len(set.Value)
	}
	return 0
}
