package wire

import (
	"cmp"
	"net/netip"
	"time"
)

// Life is one life of a named member: the generation rises with every start of the process, the random boot id
// tells two processes apart, the incarnation rises when the same process is let in again after it was ended.
// The zero Life is older than every real one.
type Life struct {
	Generation  uint64 // 1 at the first start; below MaxGeneration
	Boot        uint64 // random, never zero in a real life
	Incarnation uint64 // 0 at the start of the process; below MaxIncarnation
}

// Compare orders lives by generation, boot id and incarnation, in that order.
func (l Life) Compare(o Life) int {
	if c := cmp.Compare(l.Generation, o.Generation); c != 0 {
		return c
	}
	if c := cmp.Compare(l.Boot, o.Boot); c != 0 {
		return c
	}
	return cmp.Compare(l.Incarnation, o.Incarnation)
}

// IsZero reports whether l is no life at all.
func (l Life) IsZero() bool { return l == Life{} }

// SameProcess reports whether both lives belong to one process.
func (l Life) SameProcess(o Life) bool { return l.Generation == o.Generation && l.Boot == o.Boot }

// Record is what is published of a life: asked for by the member, entered by its admitter, later changed by the
// member alone (a higher AddrVersion).
type Record struct {
	Name        string
	Life        Life
	Addr        netip.AddrPort
	AddrVersion uint64 // rises with each change of Addr within one life
	MinVersion  uint8  // protocol versions spoken
	MaxVersion  uint8
}

// Cause says how a life ended. A higher cause wins over a lower one for the same life.
type Cause uint8

// The causes, in rising rank.
const (
	Failed Cause = iota + 1
	Left
	Forgotten
)

func (c Cause) String() string {
	switch c {
	case Failed:
		return "failed"
	case Left:
		return "left"
	case Forgotten:
		return "forgotten"
	}
	return "unknown"
}

// MaxAccusers is how many accusers an End names at most.
const MaxAccusers = 8

// End says that a life of a name, and every older one, is over.
type End struct {
	Name     string
	Life     Life
	Cause    Cause
	Count    uint8         // how often this process failed within the last ten minutes
	Age      time.Duration // since it was written, in whole milliseconds on the wire; durations travel, never times
	Accusers []uint64      // ids of members whose accusation was held by the writer, at most MaxAccusers
}
