package demo

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"github.com/grapevine-gossip/grapevine"
	"github.com/grapevine-gossip/grapevine/internal/local"
)

// sides cuts the live members into a third, without the seed, and the rest.
func sides(c *local.Cluster) (small, large []*local.Member) {
	live := c.Live()
	n := len(live) - len(live)/3
	return live[n:], live[:n]
}

func cut(c *local.Cluster, side []*local.Member) {
	addrs := make([]netip.AddrPort, len(side))
	for i, m := range side {
		addrs[i] = m.Addr
	}
	c.Chaos.Split(addrs, 1)
}

func (s *Story) split(ctx context.Context) ([]fact, error) {
	begin := time.Now()
	small, large := sides(s.Cluster)
	cut(s.Cluster, small)
	var facts []fact
	for _, side := range [][]*local.Member{large, small} {
		if err := local.Until(ctx, stepLimit, func() string { return local.NotStable(side, len(side)) }); err != nil {
			return facts, err
		}
		facts = append(facts, fact{fmt.Sprintf("the side of %d is one stable view", len(side)), time.Since(begin)})
	}
	return facts, nil
}

func (s *Story) heal(ctx context.Context) ([]fact, error) {
	begin := time.Now()
	s.Cluster.Chaos.Heal()
	live := s.Cluster.Live()
	if err := local.Until(ctx, stepLimit, func() string { return local.NotListing(live, len(live)) }); err != nil {
		return nil, err
	}
	facts := []fact{{fmt.Sprintf("all %d list all again", len(live)), time.Since(begin)}}
	for _, m := range live {
		if v, ok := m.Node.Get("updater", "somekey"); !ok || string(v.Bytes) != "somevalue" {
			return facts, fmt.Errorf("%s has lost somekey of updater", m.Name)
		}
	}
	return s.settle(ctx, facts, begin)
}

// watchLeaver is how long suspicion of one that left is looked for: two probes of each member.
const watchLeaver = 2 * time.Second

func (s *Story) leave(ctx context.Context) ([]fact, error) {
	begin := time.Now()
	live := s.Cluster.Live()
	leaver := live[len(live)/2]
	if err := s.Cluster.Leave(ctx, leaver); err != nil {
		return nil, err
	}
	facts := []fact{{leaver.Name + " has said goodbye", time.Since(begin)}}
	seen, err := s.everybodySees(ctx, begin, []*local.Member{leaver}, "seen as left by all %d others", func(e grapevine.Event, name string) bool {
		l, ok := e.(grapevine.MemberLeft)
		return ok && l.Name == name
	})
	facts = append(facts, seen...)
	if err != nil {
		return facts, err
	}
	if facts, err = s.settle(ctx, facts, begin); err != nil {
		return facts, err
	}
	// Those that probe in turn would miss it only now.
	select {
	case <-time.After(watchLeaver):
	case <-ctx.Done():
	}
	for _, m := range s.Cluster.Live() {
		if _, accused := m.Events.First(begin, func(e grapevine.Event) bool { return accuses(e, leaver.Name) }); accused {
			return facts, fmt.Errorf("%s suspected it", m.Name)
		}
	}
	return append(facts, fact{"nobody suspected it", time.Since(begin)}), nil
}

func accuses(e grapevine.Event, name string) bool {
	switch e := e.(type) {
	case grapevine.MemberSuspected:
		return e.Name == name
	case grapevine.MemberFailed:
		return e.Name == name
	default:
		return false
	}
}
