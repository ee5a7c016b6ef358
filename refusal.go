package grapevine

import (
	"fmt"
	"net/netip"
	"slices"
	"sync"

	"github.com/grapevine-gossip/grapevine/internal/gossip"
	"github.com/grapevine-gossip/grapevine/internal/publish"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// refusals is why this member is not let in: what Start and Join wait for beside success.
type refusals struct {
	mu   sync.Mutex
	last *publish.Refusal
	by   map[netip.AddrPort]*publish.Refusal // those that are the seed's fault or ours for asking it: see hint
}

func (r *refusals) add(refusal *publish.Refusal) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last = refusal
	if hint(refusal) && len(r.by) < maxSeeds {
		if r.by == nil {
			r.by = map[netip.AddrPort]*publish.Refusal{}
		}
		r.by[refusal.By] = refusal
	}
}

func (r *refusals) reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last, r.by = nil, nil
}

// hint reports whether a refusal says only that this seed is the wrong one. It may be forged, and another seed may let
// this member in: it counts once nobody is left to ask.
func hint(r *publish.Refusal) bool {
	return r.Reason == gossip.ReasonCluster || r.Reason == wire.RefusedVersion
}

// final is the refusal after which there is nothing to wait for: the name is taken, or each of the seeds is the wrong
// one.
func (r *refusals) final(seeds []netip.AddrPort) *publish.Refusal {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.last == nil {
		return nil
	}
	if r.last.Reason == wire.RefusedNameTaken {
		return r.last
	}
	if len(seeds) == 0 || slices.ContainsFunc(seeds, func(a netip.AddrPort) bool { return r.by[a] == nil }) {
		return nil
	}
	return r.by[seeds[0]]
}

// standing is the refusal that holds when time is up; nil if nobody refused, or only for a while.
func (r *refusals) standing() *publish.Refusal {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.last != nil && (r.last.Reason == wire.RefusedUnreachable || hint(r.last)) {
		return r.last
	}
	var found *publish.Refusal
	for _, f := range r.by {
		if found == nil || f.By.Compare(found.By) < 0 {
			found = f
		}
	}
	return found
}

// unreachable reports whether the last word was that nobody gets through to this member.
func (r *refusals) unreachable() *publish.Refusal {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.last != nil && r.last.Reason == wire.RefusedUnreachable {
		return r.last
	}
	return nil
}

// refusalError says why this member was not let in; nil for a refusal that is no error, or none.
func (n *Node) refusalError(r *publish.Refusal) error {
	switch {
	case r == nil:
		return nil
	case r.Reason == gossip.ReasonCluster:
		return fmt.Errorf("%w (asked at %s)", ErrWrongCluster, r.By)
	case r.Reason == wire.RefusedNameTaken:
		return fmt.Errorf("%w: %s is held by a process that answers at %s", ErrNameTaken, n.cfg.Name, r.Addr)
	case r.Reason == wire.RefusedVersion:
		return fmt.Errorf("%w: asked at %s, this build speaks %d to %d", ErrVersion, r.By, ProtocolMin, ProtocolMax)
	case r.Reason == wire.RefusedUnreachable:
		return &UnreachableError{Addr: r.Addr, Names: slices.Clone(r.Names)}
	}
	return nil
}
