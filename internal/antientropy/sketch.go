package antientropy

import (
	"time"

	"github.com/grapevine-gossip/grapevine/internal/reconcile"
	"github.com/grapevine-gossip/grapevine/internal/store"
	"github.com/grapevine-gossip/grapevine/internal/view"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// runs are how many cells there are after each answer. The first is enough for about 14 differences, the second fills a
// datagram. All of them together cost no more than half of what the list costs that follows if they are in vain.
var runs = [...]int{firstRun, 128, lastRun}

const (
	firstRun    = 24
	lastRun     = 512
	cellSize    = 8
	cellsAtOnce = (wire.MaxSection - wire.SketchOverhead) / cellSize
)

// sketches reports whether so many cells are worth a try before a list of all versions.
func (x *Exchange) sketches(members []*store.Member, cells int) bool {
	return x.method == BySketch || x.method == Cheapest && listSize(members) >= 2*cellSize*cells
}

// runAfter is where the run ends that begins after so many cells; 0: there is none.
func runAfter(cells int) int {
	for _, end := range runs {
		if end > cells {
			return end
		}
	}
	return 0
}

// given is the sketch that was sent last: the cells that may be asked for are kept, since the versions change.
type given struct {
	to          uint64
	view, state uint64
	cells       []uint64
}

// taken is what came of a sketch.
type taken struct {
	from        uint64
	view, state uint64
	cells       []uint64
}

func (x *Exchange) sendSketch(now time.Duration, to *view.Member) {
	x.paged = max(now, 1)
	members := x.held()
	most := firstRun // and one run more: the other side may hold more, and ask for it
	for end := firstRun; end > 0; end = runAfter(end) {
		most = end
		if !x.sketches(members, end) {
			break
		}
	}
	ids, versions := numbers(members)
	state := x.st.StateHash()
	x.given = given{to.ID, x.st.ViewHash(), state, reconcile.Cells(state, ids, versions, most)}
	x.giveCells(to, 0)
}

// numbers are the keys and the numbers of a sketch.
func numbers(members []*store.Member) (ids, versions []uint64) {
	ids, versions = make([]uint64, len(members)), make([]uint64, len(members))
	for i, m := range members {
		ids[i], versions[i] = m.ID, m.Space.Max()
	}
	return ids, versions
}

// giveCells sends the run that begins at cell first.
func (x *Exchange) giveCells(to *view.Member, first int) {
	g := &x.given
	for end := runAfter(first); first < end; first += cellsAtOnce {
		cells := g.cells[first:min(first+cellsAtOnce, end)]
		x.host.Send(to, wire.Sketch{View: g.view, State: g.state, First: uint32(first), Cells: cells})
	}
}

func (x *Exchange) receiveSketch(now time.Duration, from *view.Member, s wire.Sketch) {
	first, t := int(s.First), &x.taken
	switch {
	case len(s.Cells) == 0:
		if g := &x.given; g.to == from.ID && g.state == s.State && runAfter(first) <= len(g.cells) {
			x.giveCells(from, first)
		}
		return
	case s.View != x.st.ViewHash():
		return
	case first == 0:
		*t = taken{from: from.ID, view: s.View, state: s.State}
	case t.from != from.ID || t.view != s.View || t.state != s.State || first != len(t.cells):
		return // what was before got lost
	}
	end := runAfter(first)
	if first+len(s.Cells) > end {
		*t = taken{}
		return
	}
	if t.cells = append(t.cells, s.Cells...); len(t.cells) < end {
		return
	}
	if x.solve(now, from) {
		*t = taken{}
		return
	}
	next := runAfter(end)
	switch {
	case next > 0 && x.sketches(x.held(), next):
		x.host.Send(from, wire.Sketch{View: s.View, State: s.State, First: uint32(end)})
	case now-x.paged >= pageEvery || x.paged == 0:
		*t = taken{}
		x.sendVersions(now, from)
	}
}

// solve finds out from the cells that came what the two differ by, pulls what is missing here, and tells the other what
// it lacks. It reports false if there are not enough of them.
func (x *Exchange) solve(now time.Duration, from *view.Member) bool {
	members := x.held()
	ids, versions := numbers(members)
	found, ok := reconcile.Decode(x.taken.state, ids, versions, x.taken.cells)
	if !ok {
		return false
	}
	state := x.st.StateHash()
	var newer, lacks []wire.Versioned
	for _, d := range found {
		m, mine := members[d.Place], versions[d.Place]
		theirs := mine + uint64(d.By)
		if theirs >= wire.MaxCounter {
			return false
		}
		state += wire.VersionHash(m.ID, m.Record.Life, theirs) - wire.VersionHash(m.ID, m.Record.Life, mine)
		if d.By > 0 {
			newer = append(newer, wire.Versioned{Owner: m.Owner(), Version: theirs})
		} else {
			lacks = append(lacks, wire.Versioned{Owner: m.Owner(), Version: mine})
		}
	}
	if state != x.taken.state {
		return false // the cells look like other differences than there are
	}
	x.offer(now, from, newer)
	x.announce(from, lacks)
	return true
}
