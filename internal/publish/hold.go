package publish

import "time"

// A view that lost somebody is held back for a moment, and for longer where others seem to have gone too: so ten crashes
// are one change or two of what the application sees.
const (
	holdQuiet = 50 * time.Millisecond   // publish when no further end came for so long
	moreQuiet = 200 * time.Millisecond  // where it is not the only one
	lately    = 2 * time.Second         // within which another one was published
	awaited   = time.Second             // the end of somebody newly accused is waited for
	holdMost  = 1200 * time.Millisecond // at most so long after the first
)

// held are the ends that are not published yet.
type held struct {
	ends      int
	first     time.Duration // when it came
	last      time.Duration
	accusedAt time.Duration // when somebody was accused last whom nobody accused before
	more      bool          // somebody is accused whose end is not known
	lostAt    time.Duration // when a view without somebody was published last; 0: never
}

func (h *held) add(now time.Duration) {
	if h.ends == 0 {
		h.first = now
	}
	h.last = now
	h.ends++
}

func (h *held) accused(now time.Duration) { h.accusedAt, h.more = now, true }

func (h *held) published(now time.Duration, lost bool) {
	h.ends = 0
	if lost {
		h.lostAt = now
	}
}

// until is when they are to be published; 0: there are none.
func (h *held) until() time.Duration {
	if h.ends == 0 {
		return 0
	}
	quiet := holdQuiet
	if h.ends > 1 || h.lostAt > 0 && h.first-h.lostAt < lately {
		quiet = moreQuiet
	}
	at := h.last + quiet
	if h.more {
		at = max(at, h.accusedAt+awaited)
	}
	return min(at, h.first+holdMost)
}

// Next is when Tick has something to do; 0: nothing.
func (p *Publication) Next() time.Duration { return p.held.until() }

// Tick publishes what was held back long enough.
func (p *Publication) Tick(now time.Duration) {
	if p.held.ends > 0 && now >= p.held.until() {
		p.publish(now)
	}
}

// moreSuspected reports whether somebody is accused whose end is not known.
func (p *Publication) moreSuspected() bool {
	for id := range p.suspects {
		if s := p.st.Find(id); s != nil && s.InView() {
			return true
		}
	}
	return false
}
