package sim

import (
	"math/rand/v2"
	"net/netip"
	"time"
)

// network carries packets between addresses.
type network struct {
	link    Link
	rng     *rand.Rand
	rules   []imposed
	nextID  int
	weather map[pair]*weather
	at      []*Node // who has an address
	free    [][]byte
	lost    uint64 // packets that a link lost
	nobody  uint64 // packets to addresses that nobody has
}

type imposed struct {
	id int
	Rule
}

const port = 7787

// AddrPort gives the address with a number.
func AddrPort(addr uint32) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(addr >> 16), byte(addr >> 8), byte(addr)}), port)
}

// number is the inverse of AddrPort.
func number(a netip.AddrPort) (uint32, bool) {
	if !a.Addr().Is4() || a.Port() != port {
		return 0, false
	}
	b := a.Addr().As4()
	return uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3]), b[0] == 10
}

// Impose puts a rule in force and returns what Lift ends it by.
func (w *World) Impose(r Rule) int {
	w.net.nextID++
	w.net.rules = append(w.net.rules, imposed{w.net.nextID, r})
	return w.net.nextID
}

// Lift ends a rule.
func (w *World) Lift(id int) {
	for i := range w.net.rules {
		if w.net.rules[i].id == id {
			w.net.rules = append(w.net.rules[:i], w.net.rules[i+1:]...)
			return
		}
	}
}

// Cut separates these nodes from all others, in both directions.
func (w *World) Cut(nodes ...*Node) int {
	return w.Impose(Rule{From: SetOf(nodes...), Except: true, Both: true, Loss: 1})
}

// Heal lifts all rules.
func (w *World) Heal() { w.net.rules = nil }

// SetLink replaces what happens on all links from now on.
func (w *World) SetLink(l Link) {
	w.net.link = l
	clear(w.net.weather)
}

// path decides what becomes of a packet: whether it is lost, and else how long it is on its way.
func (n *network) path(now time.Duration, from, to uint32) (time.Duration, bool) {
	loss := n.link.Loss
	if n.link.Burst.Bad > 0 && n.bad(n.rng, now, pair{from, to}) {
		loss = n.link.Burst.Loss
	}
	if loss > 0 && n.rng.Float64() < loss {
		return 0, false
	}
	d := n.link.Latency.draw(n.rng, from, to)
	if n.link.Reorder > 0 && n.rng.Float64() < n.link.Reorder {
		d += upTo(n.rng, n.link.HeldUp)
	}
	for i := range n.rules {
		r := &n.rules[i].Rule
		if !r.applies(from, to) {
			continue
		}
		if r.Loss > 0 && (r.Loss >= 1 || n.rng.Float64() < r.Loss) {
			return 0, false
		}
		d += r.Delay
	}
	return d, true
}

// whole reports whether anything passes between two addresses.
func (n *network) whole(from, to uint32) bool {
	for i := range n.rules {
		if r := &n.rules[i].Rule; r.Loss >= 1 && r.applies(from, to) {
			return false
		}
	}
	return true
}

// send puts a packet on its way; it leaves at the given time.
func (w *World) send(from *Node, leaves time.Duration, to netip.AddrPort, data []byte) {
	addr, ok := number(to)
	if !ok {
		w.net.nobody++
		return
	}
	copies := 1
	if w.net.link.Duplicate > 0 && w.net.rng.Float64() < w.net.link.Duplicate {
		copies = 2
	}
	for range copies {
		d, ok := w.net.path(leaves, from.addr, addr)
		if !ok {
			w.net.lost++
			continue
		}
		e := w.queue.add(leaves+max(d, 1), atPacket) // nothing arrives at the instant in which it was sent
		e.src, e.addr, e.data = from.addr, addr, append(w.net.buffer(), data...)
	}
}

func (n *network) buffer() []byte {
	if k := len(n.free); k > 0 {
		b := n.free[k-1]
		n.free = n.free[:k-1]
		return b[:0]
	}
	return make([]byte, 0, 512)
}

func (n *network) recycle(b []byte) {
	if len(n.free) < keepFree {
		n.free = append(n.free, b)
	}
}

// keepFree bounds what is kept of a time in which much was under way.
const keepFree = 4096

// holder is the node that has an address, or nil.
func (n *network) holder(addr uint32) *Node {
	if int(addr) < len(n.at) {
		return n.at[addr]
	}
	return nil
}

func (n *network) place(addr uint32, node *Node) {
	for int(addr) >= len(n.at) {
		n.at = append(n.at, nil)
	}
	n.at[addr] = node
}
