package grapevine

import (
	"context"
	"iter"
	"strings"
	"sync"
)

// Filter selects events. Zero fields select everything. Lagged and Snapshot always come.
type Filter struct {
	Types    []string // wire names or beginnings of them: "member." or "kv.set"
	Member   string   // events about this member only
	Prefix   string   // of keys: of the events about keys only these
	Tag      string   // "name" or "name=value": of the events about members only those that carry the tag
	Snapshot bool     // begin with a Snapshot
	Buffer   int      // events kept for a slow reader; default 1024
}

// Subscription hands out events in order. A reader that falls behind by more than the buffer loses them, is told how
// many by a Lagged, and is given a Snapshot to go on from. Nothing ever waits for a reader.
type Subscription struct {
	node   *Node
	filter Filter
	c      chan Event
	wake   chan struct{}
	quit   chan struct{}
	once   sync.Once
	done   chan struct{}

	mu     sync.Mutex
	queue  []Event
	missed uint64
	resync bool
}

// Subscribe registers for events; none that happens after it returned is passed over silently. Close it when done.
func (n *Node) Subscribe(f Filter) *Subscription {
	if f.Buffer <= 0 {
		f.Buffer = 1024
	}
	s := &Subscription{
		node: n, filter: f, c: make(chan Event), resync: f.Snapshot,
		wake: make(chan struct{}, 1), quit: make(chan struct{}), done: make(chan struct{}),
	}
	if n.closed() || !n.subs.add(s) {
		close(s.done)
		close(s.c)
		return s
	}
	go s.pump()
	s.signal()
	return s
}

// C is the channel of events. It is closed by Close, of the subscription or of the node.
func (s *Subscription) C() <-chan Event { return s.c }

// All yields events until ctx ends or the subscription is closed.
func (s *Subscription) All(ctx context.Context) iter.Seq[Event] {
	return func(yield func(Event) bool) {
		for {
			select {
			case <-ctx.Done():
				return
			case e, ok := <-s.c:
				if !ok || !yield(e) {
					return
				}
			}
		}
	}
}

// Close ends the subscription. It may be called more than once.
func (s *Subscription) Close() {
	if s.node == nil {
		return // never registered
	}
	s.node.subs.remove(s)
	s.stop()
}

func (s *Subscription) stop() {
	s.once.Do(func() { close(s.quit) })
	<-s.done
}

// offer takes an event from the loop. It never waits.
func (s *Subscription) offer(e Event) {
	if !s.wants(e) {
		return
	}
	s.mu.Lock()
	switch {
	case s.missed > 0:
		s.missed++
	case len(s.queue) >= s.filter.Buffer:
		s.missed = uint64(len(s.queue)) + 1
		s.queue = nil
	default:
		s.queue = append(s.queue, e)
	}
	s.mu.Unlock()
	s.signal()
}

func (s *Subscription) signal() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// pump carries events from the queue to the channel.
func (s *Subscription) pump() {
	defer close(s.done)
	defer close(s.c)
	for {
		batch := s.take()
		if len(batch) == 0 {
			select {
			case <-s.wake:
				continue
			case <-s.quit:
				return
			}
		}
		for _, e := range batch {
			select {
			case s.c <- copied(e):
			case <-s.quit:
				return
			}
		}
	}
}

// take empties the queue. The snapshot is read under the lock, so events that come later are later than it, or in it too;
// its copies are made outside, because the loop waits for the lock.
func (s *Subscription) take() []Event {
	s.mu.Lock()
	queue, missed, resync := s.queue, s.missed, s.resync || s.missed > 0
	snap := s.node.snapshot()
	if resync && snap == nil {
		queue = nil // the node is closing
	}
	s.queue, s.missed, s.resync = nil, 0, false
	s.mu.Unlock()
	if !resync || snap == nil {
		return queue
	}
	var batch []Event
	if missed > 0 {
		batch = append(batch, Lagged{missed})
	}
	return append(append(batch, s.node.snapshotEvent(snap)), queue...)
}

func (s *Subscription) wants(e Event) bool {
	f := &s.filter
	if len(f.Types) > 0 && !hasAnyPrefix(e.Type(), f.Types) {
		return false
	}
	name, key, member := about(e)
	if f.Member != "" && name != f.Member {
		return false
	}
	if f.Prefix != "" && key != "" && !strings.HasPrefix(key, f.Prefix) {
		return false
	}
	if f.Tag == "" || member == nil {
		return true
	}
	k, v, exact := strings.Cut(f.Tag, "=")
	got, ok := member.Tags[k]
	return ok && (!exact || got == v)
}

func hasAnyPrefix(s string, prefixes []string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(s, p) {
			return true
		}
	}
	return false
}

// about is whom and what an event concerns.
func about(e Event) (name, key string, m *Member) {
	switch e := e.(type) {
	case interface{ subject() Member }: // all that embed a Member
		who := e.subject()
		return who.Name, "", &who
	case MemberForgotten:
		return e.Name, "", nil
	case KeySet:
		return e.Name, e.Key, nil
	case KeyDeleted:
		return e.Name, e.Key, nil
	case NameConflict:
		return e.Name, "", nil
	}
	return "", "", nil
}

// subscribers is the set of open subscriptions.
type subscribers struct {
	mu     sync.RWMutex
	open   map[*Subscription]struct{}
	closed bool
}

func (s *subscribers) add(sub *Subscription) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	if s.open == nil {
		s.open = map[*Subscription]struct{}{}
	}
	s.open[sub] = struct{}{}
	return true
}

func (s *subscribers) remove(sub *Subscription) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, sub)
}

// none reports whether nobody would see an event.
func (s *subscribers) none() bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.open) == 0
}

func (s *subscribers) offer(e Event) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for sub := range s.open {
		sub.offer(e)
	}
}

func (s *subscribers) close() {
	s.mu.Lock()
	open := s.open
	s.open, s.closed = nil, true
	s.mu.Unlock()
	for sub := range open {
		sub.stop()
	}
}
