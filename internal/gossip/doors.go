// Package gossip is the protocol as a machine. It does no IO, starts no goroutine, reads no clock and draws its chance
// from a generator it is given. Frames, the time and local calls go in; packets, events and stream requests come out.
//
// The doors are Step, Do, Tick, Next and Ready, and StreamUp, StreamFrame, StreamDown and Fill for streams. The owner
// calls Step for every packet that is ready, then Ready, then waits until Next. One goroutine at a time.
//
// All times are durations on one monotonic clock of the process; its zero means nothing.
package gossip

import (
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/antientropy"
	"github.com/grapevine-gossip/grapevine/internal/publish"
	"github.com/grapevine-gossip/grapevine/internal/spread"
)

// Comparison is how members find out what they hold differently; empty: whichever is the cheapest.
type Comparison = antientropy.Method

// Comparisons are the others.
var Comparisons = [...]Comparison{antientropy.ByID, antientropy.ByPlace, antientropy.BySketch}

// Config is what a machine needs to know of itself.
type Config struct {
	Name       string
	Cluster    string
	Addr       netip.AddrPort // what others reach this member at
	Generation uint64         // of this start, as far as known: 1, or the last one kept + 1
	Boot       uint64         // random, not zero
	Rand       *rand.Rand
	HasSeeds   bool    // seeds are configured: admit nobody until each address of the first SetSeeds answered or was silent
	Shared     *Shared // with other machines of this goroutine; nil: nothing is shared
	Unread     bool    // nobody reads what snapshots tell of edges, backlog and hold-outs: it may be of any age

	Phi      float64       // conviction threshold; 0: 8
	Interval time.Duration // between two probes of one member; 0: 1 s
	Quick    int           // lists of accusations that are passed on at once in a second; 0: 64
	Compare  Comparison    // how members find out what they hold differently
	MaxKey   int           // bytes; 0: 256
	MaxValue int           // bytes; 0: 65536
	MaxSpace int           // bytes of keys and values in this member's namespace; 0: 16 MiB
	Budget   int           // bytes a second this member may send for dissemination and repair; 0: 8 MiB; negative: no limit
	Variant  Variant       // of dissemination; only the simulator sets it
	Tree     bool          // even the shortest roster goes down the tree; only the simulator sets it
}

// Variant is another way to disseminate, to be compared with the usual one.
type Variant = spread.Variant

// Command is a local call; one of the structs below.
type Command interface{ command() }

// The local calls.
type (
	// Set writes one of this member's own keys. IfVersion, when not nil, must be the key's present version (0: absent).
	Set struct {
		Key       string
		Value     []byte
		TTL       time.Duration // 0: for ever
		IfVersion *uint64
	}
	// Delete removes one of this member's own keys; deleting an absent key is no error and no change.
	Delete struct {
		Key       string
		IfVersion *uint64
	}
	// SetSeeds replaces the addresses that are contacted while this member is alone and, now and then, afterwards.
	SetSeeds struct{ Addrs []netip.AddrPort }
	// Join contacts the addresses at once; whoever answers is joined, or joins, as the sizes of the views say.
	Join struct{ Addrs []netip.AddrPort }
	// Leave ends this member's own life. Done when the snapshot's Standing is publish.StandingLeft.
	Leave struct{}
	// Restart starts a new generation after Leave and publishes the same keys anew.
	Restart struct{ Boot uint64 }
	// Forget removes an ended member for good.
	Forget struct{ Name string }
	// SetAddr changes this member's advertised address.
	SetAddr struct{ Addr netip.AddrPort }
	// Paused tells that the process or its machine stood still for so long without the monotonic clock showing it.
	Paused struct{ For time.Duration }
)

func (Set) command()      {}
func (Delete) command()   {}
func (SetSeeds) command() {}
func (Join) command()     {}
func (Leave) command()    {}
func (Restart) command()  {}
func (Forget) command()   {}
func (SetAddr) command()  {}
func (Paused) command()   {}

// Result is the outcome of a Command.
type Result struct {
	Version uint64 // of the key written
}

// Output is what has to go out. It is valid until the next call of any door.
type Output struct {
	Packets  []Packet
	Events   []publish.Event
	Streams  []StreamCall
	Snapshot *publish.Snapshot // the newest published state; the same pointer while nothing changed
}

// Packet is one datagram.
type Packet struct {
	To   netip.AddrPort
	Data []byte
}

// StreamCall asks the owner to open a stream, or to close one.
type StreamCall struct {
	ID       uint64 // chosen by the machine for streams it opens: even. The owner numbers incoming ones: odd.
	Close    bool
	To       netip.AddrPort
	Deadline time.Duration // give up dialling or transferring then
}
