package local

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/grapevine-gossip/grapevine"
)

// Seen is an event with the time at which the member told of it.
type Seen struct {
	At    time.Time
	Event grapevine.Event
}

// Log keeps all events of one member: it is for stories that end.
type Log struct {
	mu   sync.Mutex
	seen []Seen
}

func follow(node *grapevine.Node) *Log {
	l := &Log{}
	sub := node.Subscribe(grapevine.Filter{})
	go func() {
		for e := range sub.All(context.Background()) {
			l.mu.Lock()
			l.seen = append(l.seen, Seen{time.Now(), e})
			l.mu.Unlock()
		}
	}()
	return l
}

// Since returns the events after t.
func (l *Log) Since(t time.Time) []Seen {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := len(l.seen)
	for i > 0 && l.seen[i-1].At.After(t) {
		i--
	}
	return append([]Seen(nil), l.seen[i:]...)
}

// First returns when the first event after t came that is what ok asks for.
func (l *Log) First(t time.Time, ok func(grapevine.Event) bool) (time.Time, bool) {
	for _, s := range l.Since(t) {
		if ok(s.Event) {
			return s.At, true
		}
	}
	return time.Time{}, false
}

// look is how often a condition is looked at.
const look = 2 * time.Millisecond

// Until waits until the condition holds; it returns "" then, and what does not hold yet where ctx or the time ends.
func Until(ctx context.Context, within time.Duration, missing func() string) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	tick := time.NewTicker(look)
	defer tick.Stop()
	for {
		m := missing()
		if m == "" {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("not within %v: %s", within, m)
		}
	}
}

// NotListing says who does not list exactly n members in its view; "" if all do.
func NotListing(members []*Member, n int) string {
	for _, m := range members {
		if got := m.Node.View().Size; got != n {
			return fmt.Sprintf("%s lists %d members, not %d", m.Name, got, n)
		}
	}
	return ""
}

// NotStable says who has not one stable view with n members; "" if all do, and it is the same.
func NotStable(members []*Member, n int) string {
	for _, m := range members {
		switch v := m.Node.View(); {
		case v.Size != n:
			return fmt.Sprintf("%s lists %d members, not %d", m.Name, v.Size, n)
		case v.ID != members[0].Node.View().ID:
			return fmt.Sprintf("%s and %s hold different views", m.Name, members[0].Name)
		case !v.Stable:
			return fmt.Sprintf("%s is not stable, it waits for %v", m.Name, v.WaitingFor)
		}
	}
	return ""
}
