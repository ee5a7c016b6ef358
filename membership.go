package grapevine

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"github.com/grapevine-gossip/grapevine/internal/gossip"
	"github.com/grapevine-gossip/grapevine/internal/publish"
)

// do hands a call to the machine and waits for the turn of the loop that carries it out, no longer.
func (n *Node) do(c gossip.Command) (gossip.Result, error) {
	var r gossip.Result
	var err error
	if e := n.loop.call(context.Background(), func() { r, err = n.machine.Do(n.now(), c) }); e != nil {
		return gossip.Result{}, e
	}
	return r, fromMachine(err)
}

// Join contacts members at the given seeds, in addition to Config.Seeds, and waits until one of them, or somebody new, is
// in the same view as this member, or ctx ends: then ErrNoSeeds, but the addresses are kept and tried on. Of two views
// that meet the smaller joins the larger. After Leave it starts a new generation and publishes the same keys anew. Errors
// are those of Start, too.
func (n *Node) Join(ctx context.Context, seeds ...string) error {
	if n.closed() {
		return ErrClosed
	}
	if len(seeds) == 0 {
		return ErrNoSeeds
	}
	if err := checkSeeds(seeds); err != nil {
		return err
	}
	addrs, err := resolveAll(ctx, seeds)
	if len(addrs) == 0 {
		return errors.Join(ErrNoSeeds, err)
	}
	if err := reachableFrom(n.Self().Addr, addrs); err != nil {
		return err
	}
	before := n.state.Load().snap
	if before.Standing == publish.StandingLeft {
		if _, err := n.do(gossip.Restart{Boot: n.newBoot()}); err != nil {
			return err
		}
		before = &publish.Snapshot{} // what was seen before is another life's
	}
	n.refusals.reset()
	n.seeds.add(seeds)
	if _, err := n.do(gossip.Join{Addrs: addrs}); err != nil {
		return err
	}
	var refusal error
	err = n.until(ctx, func(s *publish.Snapshot) bool {
		if met(before, s, addrs) {
			return true
		}
		refusal = n.refusalError(n.refusals.final(addrs))
		if refusal == nil {
			refusal = n.refusalError(n.refusals.unreachable())
		}
		return refusal != nil
	})
	switch {
	case refusal != nil:
		return refusal
	case errors.Is(err, ErrClosed) || err == nil:
		return err
	}
	return fmt.Errorf("%w: %w", ErrNoSeeds, err)
}

// met reports whether another member that is reached at one of the addresses is in the view, or one that was not there
// before: members need not advertise the address at which they were asked.
func met(before, now *publish.Snapshot, addrs []netip.AddrPort) bool {
	for name, m := range now.Members.All() {
		if !inView(m.State) || name == now.Self.Name {
			continue
		}
		old, known := before.Members.Get(name)
		if !known || !inView(old.State) || slices.Contains(addrs, m.Addr) {
			return true
		}
	}
	return false
}

func (n *Node) newBoot() uint64 {
	var boot uint64
	_ = n.loop.call(context.Background(), func() { boot = n.rng.Uint64() | 1 })
	return boot
}

// SetSeeds replaces the seeds.
func (n *Node) SetSeeds(seeds ...string) error {
	if n.closed() {
		return ErrClosed
	}
	if err := checkSeeds(seeds); err != nil {
		return err
	}
	n.seeds.set(seeds)
	return nil
}

// Leave says goodbye: it waits until two neighbours hold this member's last version and two have acknowledged its end,
// bounded by ctx. The node can still be read. Leaving twice is no error.
func (n *Node) Leave(ctx context.Context) error {
	if n.closed() {
		return ErrClosed
	}
	if _, err := n.do(gossip.Leave{}); err != nil && !errors.Is(err, ErrLeft) {
		return err
	}
	return n.until(ctx, func(s *publish.Snapshot) bool {
		return s.Standing == publish.StandingLeft || s.Standing == publish.StandingSuperseded
	})
}

// Forget removes a member that failed or left for good, at all members: its keys are gone. Forgetting a member of the
// view is ErrInView, an unknown one ErrUnknownMember.
func (n *Node) Forget(ctx context.Context, name string) error {
	var err error
	if e := n.loop.call(ctx, func() { _, err = n.machine.Do(n.now(), gossip.Forget{Name: name}) }); e != nil {
		return e
	}
	return fromMachine(err)
}
