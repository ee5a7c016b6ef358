package sim

import (
	"maps"
	"slices"

	"github.com/grapevine-gossip/grapevine/internal/gossip"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// prefix keeps what every process ever wrote, and checks that nobody reads anything else (owner_writes_only), that who
// holds a version holds all up to it (gap_free_prefix), and that what was deleted stays so (no_resurrection).
//
// A sender leaves out what a later write of the same key has made old. So a reader half way may hold an older value of a
// key, or none, but only of a key that its owner has written again above the reader's version.
type prefix struct {
	idle
	histories map[process]*history
	processes map[*Node]int
	gone      map[reader]map[string]uint64 // keys that a reader held and no longer has: below which version they stay away
	shown     map[reader]map[string]uint64 // the versions of the keys that a reader holds
}

type reader struct {
	n       *Node
	process int // of the reader
	of      process
}

// history is what one process wrote.
type history struct {
	entries []wire.Entry        // entries[i] has version i+1; one without a key was never seen
	digests []uint64            // of the keys alive at each version, from 0 on
	byKey   map[string][]uint64 // versions
}

func newPrefix() *prefix {
	return &prefix{
		histories: map[process]*history{}, processes: map[*Node]int{}, gone: map[reader]map[string]uint64{}, shown: map[reader]map[string]uint64{},
	}
}

func (p *prefix) started(_ *World, n *Node) { p.processes[n]++ }

func (p *prefix) step(w *World, n *Node, o *observed) {
	self := wire.ID(n.Name)
	for _, c := range o.is.Changed {
		if c.Was != nil && c.Is != nil && !c.Was.Life.SameProcess(c.Is.Life) {
			p.forget(reader{n, p.processes[n], processOf(c.Was.ID, c.Was.Life)}) // should it be back, its namespace begins anew
		}
		switch {
		case c.Is == nil:
		case c.Is.ID == self:
			p.wrote(w, n, c.Is)
		case c.Is.Cause == wire.Forgotten && !c.Is.InView():
			p.forget(reader{n, p.processes[n], processOf(c.Is.ID, c.Is.Life)})
		case c.Was == nil || c.Was.Space != c.Is.Space || c.Was.Max != c.Is.Max:
			p.reads(w, n, c.Is)
		}
	}
}

// forget lets a reader begin anew: it has forgotten the owner.
func (p *prefix) forget(r reader) {
	delete(p.gone, r)
	delete(p.shown, r)
}

// wrote takes what an owner has written.
func (p *prefix) wrote(w *World, n *Node, is *gossip.Inspected) {
	id := processOf(is.ID, is.Life)
	h := p.histories[id]
	if h == nil {
		h = &history{digests: []uint64{0}, byKey: map[string][]uint64{}}
		p.histories[id] = h
	}
	from := uint64(len(h.entries))
	if is.Top < from {
		w.violate("versions_only_grow", n, "wrote up to version %d and stands at %d", from, is.Top)
		return
	}
	for _, e := range is.Space.Written(from) {
		if e.Version != uint64(len(h.entries))+1 {
			w.violate("versions_only_grow", n, "version %d follows %d", e.Version, len(h.entries))
			return
		}
		h.add(wire.Entry{Key: e.Key, Value: e.Value, Version: e.Version, Deleted: e.Deleted})
	}
}

func (h *history) add(e wire.Entry) {
	d := h.digests[len(h.digests)-1]
	if old, ok := h.at(e.Key, e.Version); ok && !old.Deleted {
		d -= digestOf(old.Key, old.Value, old.Version)
	}
	if !e.Deleted {
		d += digestOf(e.Key, e.Value, e.Version)
	}
	h.entries = append(h.entries, e)
	h.digests = append(h.digests, d)
	h.byKey[e.Key] = append(h.byKey[e.Key], e.Version)
}

// at is what the owner had under a key at a version.
func (h *history) at(key string, version uint64) (wire.Entry, bool) {
	versions := h.byKey[key]
	for i := len(versions) - 1; i >= 0; i-- {
		if versions[i] <= version {
			return h.entries[versions[i]-1], true
		}
	}
	return wire.Entry{}, false
}

// later reports whether the owner wrote the key again above a version.
func (h *history) later(key string, version uint64) bool {
	v := h.byKey[key]
	return len(v) > 0 && v[len(v)-1] > version
}

func digestOf(key string, value []byte, version uint64) uint64 {
	var t trace
	t.text(key)
	t.bytes(value)
	t.fold(version)
	return t.hash
}

// reads checks what a reader holds of an owner.
func (p *prefix) reads(w *World, n *Node, is *gossip.Inspected) {
	id := processOf(is.ID, is.Life)
	h := p.histories[id]
	if is.Max == 0 {
		return
	}
	if h == nil || is.Max > uint64(len(h.entries)) {
		w.violate("owner_writes_only", n, "holds version %d of %s, which its process never wrote", is.Max, is.Name)
		return
	}
	var digest uint64
	held := map[string]uint64{}
	for key, e := range is.Space.Freeze().All() {
		digest += digestOf(key, e.Value, e.Version)
		held[key] = e.Version
		if e.Version > uint64(len(h.entries)) || digestOf(key, e.Value, e.Version) != digestOf(h.entries[e.Version-1].Key, h.entries[e.Version-1].Value, e.Version) {
			w.violate("owner_writes_only", n, "reads %s of %s at version %d, which its owner never wrote", key, is.Name, e.Version)
			return
		}
		if h.entries[e.Version-1].Deleted {
			w.violate("no_resurrection", n, "reads %s of %s, which its owner deleted at version %d", key, is.Name, e.Version)
			return
		}
	}
	if digest != h.digests[is.Max] {
		p.half(w, n, is, h, held)
	}
	p.stays(w, n, is, held)
}

// half looks closely at a reader that does not hold exactly what the owner had at its version.
func (p *prefix) half(w *World, n *Node, is *gossip.Inspected, h *history, held map[string]uint64) {
	for _, key := range slices.Sorted(maps.Keys(held)) {
		if held[key] > is.Max {
			w.violate("gap_free_prefix", n, "at version %d of %s it reads %s of version %d", is.Max, is.Name, key, held[key])
			return
		}
	}
	for _, e := range h.entries[:is.Max] {
		newest, _ := h.at(e.Key, is.Max)
		version, ok := held[e.Key]
		right := ok == !newest.Deleted && (!ok || version == newest.Version)
		if !right && !h.later(e.Key, is.Max) {
			w.violate("gap_free_prefix", n, "at version %d of %s it has version %d of %s, not %d", is.Max, is.Name, version, e.Key, newest.Version)
			return
		}
	}
}

// stays checks that no key goes back to an older version, and that none comes back.
func (p *prefix) stays(w *World, n *Node, is *gossip.Inspected, held map[string]uint64) {
	r := reader{n, p.processes[n], processOf(is.ID, is.Life)}
	before, gone := p.shown[r], p.gone[r]
	if gone == nil {
		gone = map[string]uint64{}
		p.gone[r] = gone
	}
	for _, e := range p.histories[r.of].entries[:is.Max] {
		version, ok := held[e.Key]
		old, had := before[e.Key]
		switch {
		case ok && had && version < old:
			w.violate("no_resurrection", n, "%s of %s goes back from version %d to %d", e.Key, is.Name, old, version)
			return
		case ok && version <= gone[e.Key]:
			w.violate("no_resurrection", n, "%s of %s was deleted and is back under version %d", e.Key, is.Name, version)
			return
		case had && !ok:
			gone[e.Key] = old
		}
	}
	p.shown[r] = held
}
