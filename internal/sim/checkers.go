package sim

import (
	"fmt"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/gossip"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// Violation is something that must never be.
type Violation struct {
	Check string // the name of the invariant
	At    time.Duration
	Node  string // at which member
	What  string
}

func (v Violation) String() string {
	return fmt.Sprintf("%s at %v, %s: %s", v.Check, v.At, v.Node, v.What)
}

// Violations lists what was found so far. A world with a violation stands still: what follows would be its consequence.
func (w *World) Violations() []Violation { return w.violations }

func (w *World) broken() bool { return len(w.violations) > 0 || w.stopped }

// violate reports a violation; n may be nil.
func (w *World) violate(check string, n *Node, format string, args ...any) {
	v := Violation{Check: check, At: w.now, What: fmt.Sprintf(format, args...)}
	if n != nil {
		v.Node = n.Name
	}
	w.violations = append(w.violations, v)
}

// checker watches one invariant. It sees what a member publishes and what Inspect shows, and touches nothing.
type checker interface {
	started(w *World, n *Node)                  // a process begins, be it within a machine that has left
	ended(w *World, n *Node)                    // a process ends
	step(w *World, n *Node, o *observed)        // a door of its machine was passed
	turn(w *World, n *Node, out *gossip.Output) // it has published
}

// idle is a checker that checks nothing, to be embedded.
type idle struct{}

func (idle) started(*World, *Node)              {}
func (idle) ended(*World, *Node)                {}
func (idle) step(*World, *Node, *observed)      {}
func (idle) turn(*World, *Node, *gossip.Output) {}

// checkers holds all of them, and what the machines looked like after their last step.
type checkers struct {
	all   []checker
	of    map[*Node]*observed
	heads bool // only what needs no look at the members is checked
}

func newCheckers(which Checks) *checkers {
	of := map[*Node]*observed{}
	if which == OraclesOnly {
		return &checkers{of: of, all: []checker{newStabilized(), &bounds{}}, heads: true}
	}
	return &checkers{
		of: of,
		all: []checker{
			newPrefix(), &growth{}, newDead(), newSameView(), newStabilized(), newReplay(), &bounds{},
			newEnds(), newDoor(), newRecords(),
		},
	}
}

// observed is a machine before and after one step.
type observed struct {
	was, is  gossip.Inspection // was is without members
	tookOver bool              // the one step in which lives and ends may fall
	anew     bool              // the first step of a process that knows nothing
	frame    []byte            // what the step took from another member: a packet, or a frame of a stream
}

// process tells the processes of all members apart.
type process struct {
	id   uint64
	gen  uint64
	boot uint64
}

func processOf(id uint64, l wire.Life) process { return process{id, l.Generation, l.Boot} }

func (w *World) checkStart(n *Node) {
	if w.checkers == nil {
		return
	}
	w.checkers.of[n] = &observed{}
	w.checkStep(n)
}

func (w *World) checkCrash(n *Node) {
	if w.checkers == nil {
		return
	}
	for _, c := range w.checkers.all {
		c.ended(w, n)
	}
}

func (w *World) checkStep(n *Node) { w.checkFrame(n, nil) }

// checkFrame checks a step that took a frame from another member.
func (w *World) checkFrame(n *Node, frame []byte) {
	w.steps++
	if w.checkers == nil || w.broken() {
		return
	}
	o := w.checkers.of[n]
	o.frame = frame
	o.was = o.is
	o.was.Members, o.was.Changed = nil, nil
	n.m.InspectHead(&o.is)
	o.tookOver = o.is.Entered != o.was.Entered
	o.anew = o.is.Entered == 0 && !o.is.Self.SameProcess(o.was.Self)
	if o.anew {
		for _, c := range w.checkers.all {
			c.started(w, n)
		}
		o.was, o.is.Members = gossip.Inspection{}, nil
	}
	if !w.checkers.heads {
		n.m.InspectMembers(&o.is)
	}
	for _, c := range w.checkers.all {
		c.step(w, n, o)
	}
}

func (w *World) checkTurn(n *Node, out *gossip.Output) {
	if w.checkers == nil || w.broken() {
		return
	}
	w.checkStep(n)
	for _, c := range w.checkers.all {
		c.turn(w, n, out)
	}
}
