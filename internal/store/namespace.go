package store

import (
	"cmp"
	"slices"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/cow"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// Entry is one key of a namespace at one version. Immutable: readers, packets and snapshots share it.
type Entry struct {
	Key     string
	Value   []byte
	Version uint64
	Deleted bool
	At      time.Duration // when this member learned of it, on its own clock
}

// MapKey is the key, for the maps of package cow.
func (e *Entry) MapKey() string { return e.Key }

// Said is what a namespace says at one moment. Immutable.
type Said struct {
	Version uint64
	Keys    cow.Frozen[*Entry] // tombstones apart
}

var silence = &Said{}

// Namespace is what one process of a member says: a gap-free prefix of its versions. For each key the newest version up
// to Max is here, or a tombstone, or nothing if the tombstone was collected (versions up to Floor).
type Namespace struct {
	live  cow.Map[*Entry]
	dead  map[string]*Entry // tombstones; nil before the first
	log   []*Entry          // in order of versions; entries no longer current are skipped and squeezed out now and then
	stale int
	max   uint64
	top   uint64 // of an owner that holds back what it wrote above max: what it wrote last
	floor uint64
	base  uint64 // the floor under which this copy was started from 0; it may be continued below floor if equal
	bytes int    // keys and values of live entries

	said *Said // as last asked for; nil: never

	rebuild *Namespace // being filled anew from 0, because the owner collected tombstones that this copy never saw
}

// nothing is what those who said nothing have in common. It is never written to.
var nothing = &Namespace{}

// space is m's namespace, to be written to.
func (m *Member) space() *Namespace {
	if m.Space == nothing {
		m.Space = &Namespace{}
	}
	return m.Space
}

// Max is the version up to which everything is here, and may be passed on.
func (n *Namespace) Max() uint64 { return n.max }

// Top is the newest version that is here. Above Max only its owner has any, and only its own readers see them.
func (n *Namespace) Top() uint64 { return max(n.max, n.top) }

// Held is the first entry above Max that counts, or nil.
func (n *Namespace) Held() *Entry { return n.first(n.after(n.max)) }

// Written lists the entries after from, those above Max as well.
func (n *Namespace) Written(from uint64) []*Entry {
	return slices.DeleteFunc(slices.Clone(n.after(from)), func(e *Entry) bool { return n.current(e.Key) != e })
}

// Next is the first entry after a version, or nil.
func (n *Namespace) Next(version uint64) *Entry { return n.first(n.between(version)) }

func (n *Namespace) first(entries []*Entry) *Entry {
	for _, e := range entries {
		if n.current(e.Key) == e {
			return e
		}
	}
	return nil
}

// Floor is the version up to which tombstones may be missing here: collected, or never received.
func (n *Namespace) Floor() uint64 { return max(n.floor, n.base) }

// Bytes is the size of all live keys and values.
func (n *Namespace) Bytes() int { return n.bytes }

// Len is the number of live keys.
func (n *Namespace) Len() int { return n.live.Len() }

// Get returns the live entry of key.
func (n *Namespace) Get(key string) (*Entry, bool) { return n.live.Get(key) }

// Freeze returns the live entries as they are now, for readers.
func (n *Namespace) Freeze() cow.Frozen[*Entry] {
	if n.live.Len() == 0 {
		return cow.Frozen[*Entry]{}
	}
	return n.live.Freeze()
}

// Said is what n says now. The same pointer is returned until something is said.
func (n *Namespace) Said() *Said {
	switch {
	case n.Top() == 0:
		return silence
	case n.said == nil || n.said.Version != n.Top():
		n.said = &Said{n.Top(), n.Freeze()}
	}
	return n.said
}

// Position is where to continue from: a version, and the floor under which the copy being filled was started.
func (n *Namespace) Position() (version, base uint64) {
	if n.rebuild != nil {
		return n.rebuild.max, n.rebuild.base
	}
	return n.max, n.base
}

// Since lists, in order of versions, the entries after from until their wire size passes room; at least one. It
// returns where the list really starts (0 when from lies below the floor) and up to which version it is complete.
func (n *Namespace) Since(from, base uint64, room int) (start, to uint64, entries []wire.Entry) {
	from = n.start(from, base)
	for _, e := range n.between(from) {
		if n.current(e.Key) != e {
			continue
		}
		we := wire.Entry{Key: e.Key, Value: e.Value, Version: e.Version, Deleted: e.Deleted}
		size := e.size()
		if len(entries) > 0 && size > room {
			return from, entries[len(entries)-1].Version, entries
		}
		entries = append(entries, we)
		room -= size
	}
	return from, n.max, entries
}

// entryOverhead bounds what an entry takes on the wire beside its key and value.
const entryOverhead = 16

func (e *Entry) size() int { return len(e.Key) + len(e.Value) + entryOverhead }

// SizeSince estimates the wire size of all that follows from, counting no further than limit.
func (n *Namespace) SizeSince(from, base uint64, limit int) int {
	size := 0
	for _, e := range n.between(n.start(from, base)) {
		if n.current(e.Key) == e {
			if size += e.size(); size > limit {
				break
			}
		}
	}
	return size
}

// start is where to continue for a receiver that stands at from in a copy that was started under base: where it stands,
// if it has passed both floors or the floors are one; else it must start anew, since what was deleted below the higher
// floor may be here and not there, or there and not here.
func (n *Namespace) start(from, base uint64) uint64 {
	if floor := n.Floor(); base == floor || from >= max(floor, base) {
		return from
	}
	return 0
}

func (n *Namespace) after(version uint64) []*Entry {
	i, _ := slices.BinarySearchFunc(n.log, version+1, func(e *Entry, v uint64) int { return cmp.Compare(e.Version, v) })
	return n.log[i:]
}

// between lists what follows a version, up to Max.
func (n *Namespace) between(version uint64) []*Entry {
	out := n.after(version)
	if n.top > n.max {
		out = out[:len(out)-min(len(n.after(n.max)), len(out))]
	}
	return out
}

func (n *Namespace) current(key string) *Entry {
	if e, ok := n.live.Get(key); ok {
		return e
	}
	return n.dead[key]
}

// put makes e the current entry of its key. Its version must be the highest. Who calls it raises max.
func (n *Namespace) put(e *Entry) {
	if old := n.current(e.Key); old != nil {
		n.stale++
		if !old.Deleted {
			n.bytes -= len(old.Key) + len(old.Value)
		}
	}
	if e.Deleted {
		if n.dead == nil {
			n.dead = map[string]*Entry{}
		}
		n.live.Delete(e.Key)
		n.dead[e.Key] = e
	} else {
		delete(n.dead, e.Key)
		n.live.Set(e)
		n.bytes += len(e.Key) + len(e.Value)
	}
	n.log = append(n.log, e)
	n.top = e.Version
	n.squeeze()
}

// squeeze drops superseded entries from the log once they are the larger part of it.
func (n *Namespace) squeeze() {
	if n.stale < 64 || n.stale*2 < len(n.log) {
		return
	}
	n.log = slices.DeleteFunc(n.log, func(e *Entry) bool { return n.current(e.Key) != e })
	n.stale = 0
}

// collect forgets the tombstones up to floor.
func (n *Namespace) collect(floor uint64) {
	if floor <= n.floor {
		return
	}
	n.floor = floor
	for key, e := range n.dead {
		if e.Version <= floor {
			delete(n.dead, key)
			n.stale++
		}
	}
	n.squeeze()
}

// Outcome says what became of a delta.
type Outcome uint8

// The outcomes.
const (
	Applied Outcome = iota + 1 // something new
	Known                      // nothing new
	Gap                        // does not connect: ask for what follows Position
	Ignored                    // of another process, or of nobody known
)

// apply merges a delta into n and returns the entries that became visible, deletions included. The namespace that
// holds the result is n, or its replacement when a rebuild is finished.
func (n *Namespace) apply(now time.Duration, d *wire.Delta) (*Namespace, []*Entry, Outcome) {
	if !n.continues(d) {
		return n.applyRebuild(now, d)
	}
	if d.From > n.max {
		return n, nil, Gap
	}
	fresh := n.extend(now, d)
	if n.overtakes(n.rebuild) || d.From == 0 && fresh == nil {
		n.rebuild = nil // the second case: whoever was asked can't continue the rebuild, but can continue this copy
	}
	if fresh == nil {
		return n, nil, Known
	}
	return n, fresh, Applied
}

// overtakes reports whether n passed the floor of its rebuild without it, by what somebody sent who had not collected
// yet.
func (n *Namespace) overtakes(r *Namespace) bool {
	return r != nil && n.whole() && n.max >= max(r.base, r.max)
}

// whole reports whether n has passed the floor under which it was started. Before, it must be filled by copies with the
// same floor: others may hold keys whose deletion it would never learn of.
func (n *Namespace) whole() bool { return n.max >= n.base }

// continues reports whether d may be merged into n rather than into a copy started anew.
func (n *Namespace) continues(d *wire.Delta) bool {
	switch {
	case n.max == 0 || d.Floor == n.base:
		return true
	case n.max < d.Floor:
		return false
	}
	return n.whole() || d.To >= n.base
}

// extend takes over what lies above max. A nil result means that nothing did; an empty one that only max rose.
func (n *Namespace) extend(now time.Duration, d *wire.Delta) []*Entry {
	if d.To <= n.max {
		return nil
	}
	if n.max == 0 {
		n.base = d.Floor
	}
	fresh := []*Entry{}
	for i := range d.Entries {
		if we := &d.Entries[i]; we.Version > n.max {
			e := &Entry{Key: we.Key, Value: we.Value, Version: we.Version, Deleted: we.Deleted, At: now}
			n.put(e)
			n.max = e.Version
			fresh = append(fresh, e)
		}
	}
	n.max = d.To
	if n.max >= d.Floor {
		n.collect(d.Floor)
	}
	return fresh
}

// applyRebuild fills a second copy from 0 and puts it in n's place when it has passed its floor, and n.
func (n *Namespace) applyRebuild(now time.Duration, d *wire.Delta) (*Namespace, []*Entry, Outcome) {
	r := n.rebuild
	if d.From == 0 && (r == nil || !r.continues(d)) {
		r = &Namespace{}
		n.rebuild = r
	}
	if r == nil || d.From > r.max || !r.continues(d) {
		return n, nil, Gap
	}
	if r.extend(now, d) == nil {
		return n, nil, Known
	}
	if !r.whole() || r.max <= n.max {
		return n, nil, Applied
	}
	return r, n.difference(r), Applied
}

// difference lists what a reader sees change when r takes n's place.
func (n *Namespace) difference(r *Namespace) []*Entry {
	var out []*Entry
	for key, e := range n.live.All() {
		if _, ok := r.live.Get(key); !ok {
			out = append(out, &Entry{Key: key, Version: r.max, Deleted: true, At: e.At})
		}
	}
	for _, e := range r.log {
		if old := n.current(e.Key); r.current(e.Key) == e && (old == nil || old.Version != e.Version) {
			out = append(out, e)
		}
	}
	return out
}
