package board

import (
	"sync"
	"time"
)

// stable follows who has been told that all agree on a view of so many members.
type stable struct {
	mu   sync.Mutex
	size int
	told map[int]bool
	want int
	last time.Time
	done chan struct{}
}

// AwaitStable returns a channel that closes when so many observers have been told that all members of a view of that size
// hold it.
func (b *Board) AwaitStable(size, observers int) <-chan struct{} {
	s := &b.stable
	s.mu.Lock()
	defer s.mu.Unlock()
	s.size, s.want, s.told, s.done = size, observers, map[int]bool{}, make(chan struct{})
	return s.done
}

// Stable notes that an observer was told so.
func (b *Board) Stable(observer, size int) {
	now := time.Now()
	s := &b.stable
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.done == nil || size != s.size || s.told[observer] {
		return
	}
	s.told[observer] = true
	if len(s.told) == s.want {
		s.last = now
		close(s.done)
	}
}

// StableAt is when the last of them was told.
func (b *Board) StableAt() time.Time {
	b.stable.mu.Lock()
	defer b.stable.mu.Unlock()
	return b.stable.last
}
