package roster

import (
	"net/netip"
	"slices"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/view"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// list is a list of members, in parts that fit into a datagram each.
type list struct {
	view  uint64           // the sum of the lives' hashes: if it is all of a view, that one's
	parts [][]*view.Member // nil where one has not come; none: how many there are isn't known
	have  int
	asked []asked
	used  time.Duration
}

// asked is what somebody waits for.
type asked struct {
	wire.Fetch
	receiver
}

// receiver is somebody who asked; member is nil for one that is not in the view.
type receiver struct {
	addr   netip.AddrPort
	member *view.Member
}

func (l *list) whole() bool { return l.have > 0 && l.have == len(l.parts) }

func (l *list) has(part int) bool { return part >= 0 && part < len(l.parts) && l.parts[part] != nil }

// note remembers what somebody waits for, besides what it asked for before and has not come here yet: it does not name that
// again.
func (l *list) note(from receiver, f wire.Fetch) {
	if i := slices.IndexFunc(l.asked, func(a asked) bool { return a.addr == from.addr }); i >= 0 {
		before := l.asked[i]
		if before.First > f.First { // it was sent later, and overtook this one
			before.Fetch, f = f, before.Fetch
		}
		f.Mask |= before.Mask >> (f.First - before.First)
		l.asked = slices.Delete(l.asked, i, i+1)
	}
	if f.Mask != 0 && len(l.asked) < maxAsked {
		l.asked = append(l.asked, asked{f, from})
	}
}

// members is the whole list, if it is what it claims to be.
func (l *list) members() ([]*view.Member, bool) {
	out := slices.Concat(l.parts...)
	return out, sum(out) == l.view
}

func sum(members []*view.Member) uint64 {
	var hash uint64
	for _, m := range members {
		hash += wire.LifeHash(m.ID, m.Life)
	}
	return hash
}

// overhead is a Roster section without its lives.
const overhead = 8 + 2*5 + wire.MaxListOverhead

// cut makes parts of a list of members. They share its memory.
func cut(all []*view.Member) [][]*view.Member {
	var parts [][]*view.Member
	begin, room := 0, wire.MaxSection-overhead
	for i, m := range all {
		size := wire.RecordSize(m.Record)
		if size > room {
			parts = append(parts, all[begin:i])
			begin, room = i, wire.MaxSection-overhead
		}
		room -= size
	}
	return append(parts, all[begin:])
}
