package spread

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// Variant is another way to disseminate, for the simulator to compare with the usual one, which is the zero value.
type Variant struct {
	Order        Order
	Uncontrolled bool // what a member writes is made known at once, however long changes wait
	Fanout       int  // each change goes to so many members drawn for it, by its owner and by who hears of it, not along edges
}

// Order says whose changes come first when not everything fits: the orders of van Renesse et al. 2008, section 3.2. Depth
// is the right one, for it lets most superseded versions be skipped; the others are there to be compared with it.
type Order uint8

// The orders.
const (
	Depth   Order = iota // the owner with most versions pending
	Breadth              // of all owners in turn, so those with least versions pending
	Oldest               // the owner whose change has waited longest
	Newest               // the one whose change has waited least
)

var orders = []string{Depth: "depth", Breadth: "breadth", Oldest: "oldest", Newest: "newest"}

func (o Order) String() string { return orders[o] }

// Set makes o the order of a name; none is Depth.
func (o *Order) Set(name string) error {
	i := slices.Index(orders, cmp.Or(name, orders[Depth]))
	if i < 0 {
		return fmt.Errorf("%q: there are %s", name, strings.Join(orders, ", "))
	}
	*o = Order(i)
	return nil
}

// pending is what of a namespace waits for a receiver.
type pending struct {
	owner    wire.Owner
	versions uint64
	since    time.Duration
}

func (o Order) compare(a, b pending) int {
	first := 0
	switch o {
	case Depth:
		first = cmp.Compare(b.versions, a.versions)
	case Breadth:
		first = cmp.Compare(a.versions, b.versions)
	case Oldest:
		first = cmp.Compare(a.since, b.since)
	case Newest:
		first = cmp.Compare(b.since, a.since)
	}
	return cmp.Or(first, compareOwners(a.owner, b.owner))
}
