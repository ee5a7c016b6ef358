package sim

import (
	"net/netip"

	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// records checks that a member's address is what its own process said under that number (owner_writes_only), and that
// the number only grows (versions_only_grow).
type records struct {
	idle
	said map[saying]netip.AddrPort
}

// saying is one address of one process. The generation is left out: the admitter gives it.
type saying struct {
	id, boot, number uint64
}

func newRecords() *records { return &records{said: map[saying]netip.AddrPort{}} }

func (r *records) step(w *World, n *Node, o *observed) {
	self := wire.ID(n.Name)
	for _, c := range o.is.Changed {
		if c.Is == nil {
			continue
		}
		addr, number := c.Is.Address()
		if c.Was != nil && c.Is.Life == c.Was.Life {
			if _, before := c.Was.Address(); number < before {
				w.violate("versions_only_grow", n, "the address of %s goes back from number %d to %d", c.Is.Name, before, number)
				return
			}
		}
		this := saying{c.Is.ID, c.Is.Life.Boot, number}
		said, ok := r.said[this]
		switch {
		case c.Is.ID == self && !ok:
			r.said[this] = addr
		case !ok || said != addr:
			w.violate("owner_writes_only", n, "the address of %s is %v under number %d, its owner said %v", c.Is.Name, addr, number, said)
			return
		}
	}
}
