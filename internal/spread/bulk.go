package spread

import (
	"slices"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/wire"
)

const (
	turnBytes     = 4 << 10 // of each namespace in turn on a stream
	streamReserve = 0.5     // share of the budget's depth that streams leave to packets
)

// Transfer is the answering side of a stream. Its frames are made when they can be written, from what the state is
// then, so nothing is queued.
type Transfer struct {
	s    *Spread
	jobs []*job // the next one first
}

// Serve answers a request that came on a stream.
func (s *Spread) Serve(now time.Duration, req wire.Request) *Transfer {
	s.enter(now)
	t := &Transfer{s: s}
	for _, w := range req.Wants {
		if space := s.space(w.Owner); space != nil {
			t.jobs = append(t.jobs, jobFor(w, space))
		}
	}
	slices.SortFunc(t.jobs, s.compare)
	return t
}

// Next makes the messages of the next frame: parts of about 4 KiB of each namespace in turn, up to room bytes, or one
// entry that alone is larger. more is false when nothing will follow. No messages and more mean that the budget is used
// up; Spread.Next tells when there is some again.
func (t *Transfer) Next(room int) (msgs []wire.Message, more bool) {
	t.s.known = false
	if !t.s.budget.open(streamReserve) {
		t.s.budget.blocked = len(t.jobs) > 0
		return nil, len(t.jobs) > 0
	}
	var tooLarge []*job // for what is left of this frame: they begin the next one
	for len(t.jobs) > 0 {
		j := t.jobs[0]
		d, size, done := j.next(t.s, min(turnBytes, room))
		if done {
			t.jobs = t.jobs[1:]
			continue
		}
		if size > room && len(msgs) > 0 {
			tooLarge = append(tooLarge, j)
			t.jobs = t.jobs[1:]
			continue
		}
		j.passed(&d)
		t.s.budget.spend(size)
		msgs = append(msgs, d)
		t.jobs = append(t.jobs[1:], j)
		if room -= size; room <= 0 {
			break
		}
	}
	t.jobs = append(tooLarge, t.jobs...)
	return msgs, len(t.jobs) > 0
}
