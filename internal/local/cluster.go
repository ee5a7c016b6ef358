package local

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"github.com/grapevine-gossip/grapevine"
	"github.com/grapevine-gossip/grapevine/transport"
)

// Options are the settings of a local cluster.
type Options struct {
	Cluster string // name; default "local"
	Loss    float64
	Latency time.Duration
	Logger  *slog.Logger // nil for none
}

// Cluster is a number of members in this process. Its methods are for one goroutine.
type Cluster struct {
	Chaos *Chaos
	opts  Options
	all   []*Member
}

// New returns a cluster without members.
func New(o Options) *Cluster {
	if o.Cluster == "" {
		o.Cluster = "local"
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Cluster{Chaos: &Chaos{Loss: o.Loss, Latency: o.Latency}, opts: o}
}

// Member is one of them. It keeps its name and address when it is killed and revived.
type Member struct {
	Name   string
	Addr   netip.AddrPort
	Node   *grapevine.Node // nil while it is dead
	Events *Log            // of the present Node
}

// Spec says how to start a member.
type Spec struct {
	Name    string
	Cluster string         // another than the cluster's own
	Addr    netip.AddrPort // zero for a free port
	Seeds   []string
}

// socketBuffer is per member: a process with a hundred of them needs no megabytes for each.
const socketBuffer = 256 << 10

// Start starts a member without waiting for anything but its own handshake.
func (c *Cluster) start(ctx context.Context, s Spec) (*Member, error) {
	bind := "127.0.0.1:0"
	if s.Addr.IsValid() {
		bind = s.Addr.String()
	}
	if s.Cluster == "" {
		s.Cluster = c.opts.Cluster
	}
	sockets, err := transport.Listen(bind, transport.Options{SocketBuffer: socketBuffer})
	if err != nil {
		return nil, err
	}
	node, err := grapevine.Start(ctx, grapevine.Config{
		Name: s.Name, Cluster: s.Cluster, Seeds: s.Seeds, Transport: c.Chaos.wrap(sockets),
		Logger: c.opts.Logger.With("member", s.Name),
	})
	if err != nil {
		return nil, errors.Join(err, sockets.Close())
	}
	return &Member{Name: s.Name, Addr: sockets.LocalAddr(), Node: node, Events: follow(node)}, nil
}

// Start starts a member and adds it.
func (c *Cluster) Start(ctx context.Context, s Spec) (*Member, error) {
	m, err := c.start(ctx, s)
	if err == nil {
		c.all = append(c.all, m)
	}
	return m, err
}

// Grow starts a seed, if there is none, and n members in all with numbered names, at once.
func (c *Cluster) Grow(ctx context.Context, n int) error {
	seed, err := c.Start(ctx, Spec{Name: "seed"})
	if err != nil {
		return err
	}
	started := make([]*Member, n-1)
	errs := make([]error, n-1)
	var wg sync.WaitGroup
	for i := range started {
		wg.Go(func() {
			started[i], errs[i] = c.start(ctx, Spec{Name: fmt.Sprintf("peer-%02d", i+1), Seeds: []string{seed.Addr.String()}})
		})
	}
	wg.Wait()
	for _, m := range started {
		if m != nil {
			c.all = append(c.all, m)
		}
	}
	return errors.Join(errs...)
}

// Kill ends a member without a goodbye: its sockets close.
func (c *Cluster) Kill(m *Member) error {
	err := m.Node.Close()
	m.Node = nil
	return err
}

// Leave ends a member with a goodbye.
func (c *Cluster) Leave(ctx context.Context, m *Member) error {
	return errors.Join(m.Node.Leave(ctx), c.Kill(m))
}

// Revive starts a dead member again under its name and address, with a live one as its seed.
func (c *Cluster) Revive(ctx context.Context, m *Member) error {
	var seeds []string
	for _, other := range c.Live() {
		seeds = append(seeds, other.Addr.String())
		break
	}
	again, err := c.start(ctx, Spec{Name: m.Name, Addr: m.Addr, Seeds: seeds})
	if err == nil {
		m.Node, m.Events = again.Node, again.Events
	}
	return err
}

// Live returns the members that run.
func (c *Cluster) Live() []*Member {
	var live []*Member
	for _, m := range c.all {
		if m.Node != nil {
			live = append(live, m)
		}
	}
	return live
}

// Dead returns those that don't.
func (c *Cluster) Dead() []*Member {
	var dead []*Member
	for _, m := range c.all {
		if m.Node == nil {
			dead = append(dead, m)
		}
	}
	return dead
}

// Close ends all members.
func (c *Cluster) Close() error {
	var wg sync.WaitGroup
	errs := make([]error, len(c.all))
	for i, m := range c.all {
		if m.Node != nil {
			wg.Go(func() { errs[i] = m.Node.Close() })
		}
	}
	wg.Wait()
	return errors.Join(errs...)
}
