// Package board keeps what the members of a cluster tell: who lists whom, who has which update, and when it became so.
// The libraries' own notifications write it, in the goroutine in which they come; nobody looks at a library to find out.
package board

import (
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// Board is for members numbered from 0. Notifications may come from any goroutine; the rest is for the one that plays
// the scenario.
type Board struct {
	observers []observer

	mu       sync.Mutex
	watched  int // observers that count
	wrong    int // those of them whose view is not as expected
	since    time.Time
	exactFor time.Duration // how long, since Reset, none was wrong
	exact    chan struct{} // closed at the moment at which none is
	exactAt  time.Time

	side    []atomic.Int32 // of the network; see Down
	removed []atomic.Bool  // was removed although alive and in reach
	falsely atomic.Int64   // how often
	stable  stable
	updates atomic.Pointer[Updates]
}

type observer struct {
	mu       sync.Mutex
	watched  bool
	lists    []bool
	expected []bool
	wrong    int // entries in which they differ
	stale    float64
	since    time.Time
	rightAt  time.Time // when it last became as expected
}

// gone is the side of members that have ended: to remove them is right.
const gone = -1

// New returns a board for up to max members. None is watched and none expected.
func New(max int) *Board {
	b := &Board{
		observers: make([]observer, max), side: make([]atomic.Int32, max), removed: make([]atomic.Bool, max),
		exact: make(chan struct{}),
	}
	for i := range b.observers {
		o := &b.observers[i]
		o.lists, o.expected = make([]bool, max), make([]bool, max)
		o.lists[i], o.expected[i] = true, true // of itself a member needs no news
		b.side[i].Store(gone)
	}
	return b
}

// Up notes that the observer lists the subject.
func (b *Board) Up(observer, subject int) { b.set(observer, subject, true) }

// Down notes that the observer has removed the subject. If that one is alive and within reach, it is a false removal.
func (b *Board) Down(observer, subject int) {
	if !b.set(observer, subject, false) {
		return
	}
	side := b.side[subject].Load()
	if side != gone && side == b.side[observer].Load() {
		b.falsely.Add(1)
		b.removed[subject].Store(true)
	}
}

// set reports whether it is news.
func (b *Board) set(at, subject int, listed bool) bool {
	now := time.Now()
	o := &b.observers[at]
	o.mu.Lock()
	defer o.mu.Unlock()
	if at == subject || o.lists[subject] == listed {
		return false
	}
	o.count(now)
	o.lists[subject] = listed
	b.changed(o, now, o.expected[subject] != listed)
	return true
}

// changed notes that one more entry of an observer, whose lock is held, is wrong, or one less.
func (b *Board) changed(o *observer, now time.Time, wrong bool) {
	was := o.wrong
	if wrong {
		o.wrong++
	} else {
		o.wrong--
	}
	if o.wrong == 0 {
		o.rightAt = now
	}
	if o.watched && (was == 0) != (o.wrong == 0) {
		b.count(now, 0, sign(o.wrong > 0))
	}
}

func sign(up bool) int {
	if up {
		return 1
	}
	return -1
}

// count keeps the time during which nobody was wrong, and opens the gate when nobody is.
func (b *Board) count(now time.Time, watched, wrong int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.wrong == 0 && b.watched > 0 {
		b.exactFor += now.Sub(b.since)
	}
	b.since = now
	before := b.wrong
	b.watched += watched
	b.wrong += wrong
	switch {
	case b.wrong == 0 && before > 0:
		b.exactAt = now
		close(b.exact)
	case b.wrong > 0 && before == 0 && !b.exactAt.IsZero():
		b.exactAt = time.Time{}
		b.exact = make(chan struct{})
	}
}

// count adds to the observer's staleness, under its lock: wrong entries times seconds.
func (o *observer) count(now time.Time) {
	if o.watched {
		o.stale += float64(o.wrong) * now.Sub(o.since).Seconds()
	}
	o.since = now
}

// Watch begins or ends counting what these observers list.
func (b *Board) Watch(yes bool, observers ...int) {
	for _, i := range observers {
		now := time.Now()
		o := &b.observers[i]
		o.mu.Lock()
		o.count(now)
		if o.watched != yes {
			o.watched = yes
			wrong := 0
			if o.wrong > 0 {
				wrong = sign(yes)
			}
			b.count(now, sign(yes), wrong)
		}
		o.mu.Unlock()
	}
}

// Expect says which subjects the observers are to list from now on, or no longer.
func (b *Board) Expect(yes bool, observers, subjects []int) {
	for _, i := range observers {
		now := time.Now()
		o := &b.observers[i]
		o.mu.Lock()
		o.count(now)
		for _, s := range subjects {
			if i == s || o.expected[s] == yes {
				continue
			}
			o.expected[s] = yes
			b.changed(o, now, o.lists[s] != yes)
		}
		o.mu.Unlock()
	}
}

// Place puts members on a side of the network. To remove somebody of one's own side is false.
func (b *Board) Place(side int, members ...int) {
	for _, i := range members {
		b.side[i].Store(int32(side))
	}
}

// End says that members have ended: their own news no longer count, and to remove them is right.
func (b *Board) End(members ...int) {
	b.Watch(false, members...)
	b.Place(gone, members...)
}

// Exact is a channel that closes when every watched observer lists what it is expected to, and stays closed as long as
// that is so. Ask for it after the change of expectation.
func (b *Board) Exact() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.exact
}

// ExactAt is when the present exactness began; zero if there is none.
func (b *Board) ExactAt() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.exactAt
}

// Right returns when each of the observers became right, in seconds since t; +Inf for those that are not.
func (b *Board) Right(t time.Time, observers []int) []float64 {
	out := make([]float64, 0, len(observers))
	for _, i := range observers {
		o := &b.observers[i]
		o.mu.Lock()
		if o.wrong > 0 {
			out = append(out, math.Inf(1))
		} else {
			out = append(out, max(o.rightAt.Sub(t).Seconds(), 0))
		}
		o.mu.Unlock()
	}
	return out
}

// Reset starts the sums of Shares and False anew.
func (b *Board) Reset() {
	now := time.Now()
	for i := range b.observers {
		o := &b.observers[i]
		o.mu.Lock()
		o.stale, o.since = 0, now
		o.mu.Unlock()
		b.removed[i].Store(false)
	}
	b.falsely.Store(0)
	b.mu.Lock()
	b.exactFor, b.since = 0, now
	b.mu.Unlock()
}

// Shares returns for how long since Reset nobody was wrong, and the sum of wrong entries times seconds.
func (b *Board) Shares() (exact time.Duration, stale float64) {
	now := time.Now()
	b.count(now, 0, 0)
	for i := range b.observers {
		o := &b.observers[i]
		o.mu.Lock()
		o.count(now)
		stale += o.stale
		o.mu.Unlock()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.exactFor, stale
}

// False returns how many living members were removed by one in reach since Reset, and how often that happened.
func (b *Board) False() (members int, times int64) {
	for i := range b.removed {
		if b.removed[i].Load() {
			members++
		}
	}
	return members, b.falsely.Load()
}
