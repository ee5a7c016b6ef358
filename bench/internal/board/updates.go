package board

import (
	"math"
	"slices"
	"sync"
	"time"
)

// Updates follows a number of updates to those who are to receive them.
type Updates struct {
	mu      sync.Mutex
	first   int // number of the first
	want    int // of each receiver
	got     map[int][]bool
	missing map[int]int
	doneAt  []time.Time // of receivers that have all
	arrived int
	most    time.Time // when 99 % had arrived at those who are to have them
	told    []time.Time
	delays  []float64 // of those of which Tell was told
	done    chan struct{}
}

// Follow expects so many updates, numbered from first on, at each of the receivers from now on.
func (b *Board) Follow(first, want int, receivers []int) *Updates {
	u := &Updates{first: first, want: want, got: map[int][]bool{}, missing: map[int]int{}, told: make([]time.Time, want), done: make(chan struct{})}
	for _, r := range receivers {
		u.got[r], u.missing[r] = make([]bool, want), want
	}
	b.updates.Store(u)
	return u
}

// Tell notes that an update is handed over now.
func (u *Updates) Tell(id int) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.told[id-u.first] = time.Now()
}

// Got notes that an update has arrived.
func (b *Board) Got(observer, id int) {
	if u := b.updates.Load(); u != nil {
		u.note(observer, id, time.Now())
	}
}

func (u *Updates) note(observer, id int, now time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	id -= u.first
	got := u.got[observer]
	if id < 0 || id >= len(got) || got[id] {
		return
	}
	got[id] = true
	u.arrived++
	if !u.told[id].IsZero() {
		u.delays = append(u.delays, now.Sub(u.told[id]).Seconds())
	}
	if u.most.IsZero() && u.arrived*100 >= u.total()*99 {
		u.most = now
	}
	if u.missing[observer]--; u.missing[observer] > 0 {
		return
	}
	u.doneAt = append(u.doneAt, now)
	if len(u.doneAt) == len(u.got) {
		close(u.done)
	}
}

func (u *Updates) total() int { return u.want * len(u.got) }

// Done closes when all receivers have all.
func (u *Updates) Done() <-chan struct{} { return u.done }

// Arrived is how many arrived, of how many.
func (u *Updates) Arrived() (arrived, total int) {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.arrived, u.total()
}

// Times returns when each receiver had all, in seconds since t and rising order; +Inf for those that have not.
func (u *Updates) Times(t time.Time) []float64 {
	u.mu.Lock()
	defer u.mu.Unlock()
	out := make([]float64, 0, len(u.got))
	for _, at := range u.doneAt {
		out = append(out, at.Sub(t).Seconds())
	}
	for len(out) < len(u.got) {
		out = append(out, math.Inf(1))
	}
	slices.Sort(out)
	return out
}

// Most is when 99 % of all had arrived, in seconds since t; +Inf if they have not.
func (u *Updates) Most(t time.Time) float64 {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.most.IsZero() {
		return math.Inf(1)
	}
	return u.most.Sub(t).Seconds()
}

// Delays returns how long each update took to each receiver, in seconds and any order; +Inf for those that have not arrived.
func (u *Updates) Delays() []float64 {
	u.mu.Lock()
	defer u.mu.Unlock()
	out := slices.Clone(u.delays)
	for len(out) < u.total() {
		out = append(out, math.Inf(1))
	}
	return out
}
