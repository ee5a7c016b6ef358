package sim

import (
	"cmp"
	"slices"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/publish"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// acquaintance is that one member will contact another one's present address.
type acquaintance struct {
	from, to *Node
	within   time.Duration // 0: at once
}

// meet sees to it that nobody is out of everyone's reach: if none that a member ever knew has its old address any more,
// only an operator can bring it together with the others. It returns how long it may take until all who have to have
// contacted each other.
func (w *World) meet() time.Duration {
	live := w.ActiveNodes()
	group := make(map[*Node]int, len(live))
	for i, n := range live {
		group[n] = i
	}
	var most time.Duration
	for _, a := range w.acquaintances(live) {
		one, other := group[a.from], group[a.to]
		if one == other {
			continue
		}
		most = a.within // they come in rising order
		for _, n := range live {
			if group[n] == other {
				group[n] = one
			}
		}
	}
	for _, n := range live {
		if group[n] != group[live[0]] {
			_ = w.Join(n, live[0].addr) // all of these are active
		}
	}
	return most
}

// acquaintances lists whom each member will contact, the soonest first: those of its view and, if it is alone, its seeds
// at once, and the failed in turn. Who has company contacts absent seeds of its own too, but that is not counted on. Nor
// is a life that left or was forgotten: who does not know that yet will soon, and contacts it no more.
func (w *World) acquaintances(live []*Node) []acquaintance {
	var out []acquaintance
	over := overLives(live)
	for _, n := range live {
		if n.snap.Size == 1 {
			for _, a := range n.seeds {
				if to := w.net.holder(a); to != nil && to.Active() {
					out = append(out, acquaintance{n, to, 0})
				}
			}
		}
		failed := 0
		for _, m := range n.snap.Members.All() {
			if m.State == publish.Failed {
				failed++
			}
		}
		for name, m := range n.snap.Members.All() {
			a, ok := number(m.Addr)
			to := w.net.holder(a)
			if !ok || to == nil || to.Name != name || !to.Active() || m.Record.Life.Compare(over[name]) <= 0 {
				continue
			}
			within := time.Duration(0)
			if m.State == publish.Failed {
				within = round(failed, len(live))
			}
			out = append(out, acquaintance{n, to, within})
		}
	}
	slices.SortStableFunc(out, func(a, b acquaintance) int { return cmp.Compare(a.within, b.within) })
	return out
}

// overLives are the highest lives of which anybody knows that they left or were forgotten.
func overLives(live []*Node) map[string]wire.Life {
	over := map[string]wire.Life{}
	for _, n := range live {
		for name, m := range n.snap.Members.All() {
			if (m.State == publish.Left || m.State == publish.Forgotten) && m.Record.Life.Compare(over[name]) > 0 {
				over[name] = m.Record.Life
			}
		}
	}
	return over
}

// round is how long a member of a view takes to contact everybody who failed: the view makes five contacts a second, and
// no member more than one, give or take a tenth; half of them go to the 64 who failed last, a quarter to all in turn.
func round(failed, members int) time.Duration {
	contacts := 2 * failed
	if failed > 64 {
		contacts = 4 * failed
	}
	return time.Duration(contacts) * time.Duration(max(members, 5)) * 1100 * time.Millisecond / 5
}
