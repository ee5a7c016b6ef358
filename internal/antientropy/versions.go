package antientropy

import (
	"cmp"
	"slices"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/store"
	"github.com/grapevine-gossip/grapevine/internal/view"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// Method is how members of one view find out what they hold differently where the changes of late don't tell.
type Method string

// The methods.
const (
	Cheapest Method = ""       // a sketch of a large view; of a small one, or where much differs, a list by place
	ByID     Method = "id"     // a digest with the ids of all owners, as members of different views need it
	ByPlace  Method = "place"  // the versions alone, in the order of ids
	BySketch Method = "sketch" // a sketch, of a small view too
)

// compareAll begins to tell a member of the same view all that is held here.
func (x *Exchange) compareAll(now time.Duration, with *view.Member) {
	members := x.held()
	switch {
	case x.method == ByID || x.method == Cheapest && digestSize(members) < min(listSize(members), firstRun*cellSize):
		x.sendDigest(now, with)
	case x.sketches(members, firstRun):
		x.sendSketch(now, with)
	default:
		x.sendVersions(now, with)
	}
}

// held lists the members of the view in the order of their ids.
func (x *Exchange) held() []*store.Member {
	all := make([]*store.Member, 0, x.st.View().Len())
	for _, m := range x.st.All() {
		if m.InView() {
			all = append(all, m)
		}
	}
	return all
}

// listSize is what the versions of members take in a list by place.
func listSize(members []*store.Member) (bytes int) {
	for _, m := range members {
		bytes += wire.VersionSize(m.Space.Max())
	}
	return bytes
}

// digestSize is what they take in a digest by id, where who has no versions is not listed.
func digestSize(members []*store.Member) (bytes int) {
	for _, m := range members {
		if speaks(m) {
			bytes += lineSize
		}
	}
	return bytes
}

// sendVersions lists all versions by place.
func (x *Exchange) sendVersions(now time.Duration, to *view.Member) {
	x.paged = max(now, 1)
	x.listVersions(to, x.held(), 0, false)
}

// listVersions sends the versions of members, the first of whom has that place in the view.
func (x *Exchange) listVersions(to *view.Member, members []*store.Member, first int, reply bool) {
	for len(members) > 0 {
		m := wire.Versions{View: x.st.ViewHash(), First: uint32(first), Reply: reply}
		size := wire.VersionsOverhead
		for _, one := range members {
			v := one.Space.Max()
			if size += wire.VersionSize(v); size > wire.MaxSection {
				break
			}
			m.Versions = append(m.Versions, v)
		}
		x.host.Send(to, m)
		first += len(m.Versions)
		members = members[len(m.Versions):]
	}
}

// receiveVersions pulls what the sender has more of, and tells it what it has less of.
func (x *Exchange) receiveVersions(now time.Duration, from *view.Member, list wire.Versions) {
	members, first := x.held(), int(list.First)
	if list.View != x.st.ViewHash() || first > len(members) || len(list.Versions) > len(members)-first {
		return // it is of another view: the next exchange will tell what they differ by
	}
	members = members[first : first+len(list.Versions)]
	var newer, lacks []wire.Versioned
	for i, m := range members {
		switch mine, theirs := m.Space.Max(), list.Versions[i]; {
		case mine < theirs:
			newer = append(newer, wire.Versioned{Owner: m.Owner(), Version: theirs})
		case mine > theirs:
			lacks = append(lacks, wire.Versioned{Owner: m.Owner(), Version: mine})
		}
	}
	x.offer(now, from, newer)
	switch {
	case list.Reply || len(lacks) == 0:
	case listSize(members) < len(lacks)*lineSize:
		x.listVersions(from, members, first, true)
	default:
		x.announce(from, lacks)
	}
}

// replyByPlace answers a digest of a member of the same view with a list by place, if that is shorter than a digest with
// all that the other lacks. It returns what is left for the digest.
func (x *Exchange) replyByPlace(to *view.Member, d wire.Digest, lacks []wire.Versioned) []wire.Versioned {
	if p := x.peers[to.ID]; x.method == ByID || p == nil || p.view != x.st.ViewHash() {
		return lacks
	}
	members := x.held()
	byID := func(m *store.Member, id uint64) int { return cmp.Compare(m.ID, id) }
	first, _ := slices.BinarySearchFunc(members, d.Lo, byID)
	end, found := slices.BinarySearchFunc(members, d.Hi, byID)
	if found {
		end++
	}
	ended := slices.DeleteFunc(slices.Clone(lacks), func(v wire.Versioned) bool { return x.st.Find(v.Owner.ID).InView() })
	if listSize(members[first:end]) >= (len(lacks)-len(ended))*lineSize {
		return lacks
	}
	x.listVersions(to, members[first:end], first, true)
	return ended
}

// lineSize is what a line with an owner takes, mostly.
const lineSize = 8 + 4 + 1 + 1
