package sim

import (
	"time"

	"github.com/grapevine-gossip/grapevine/internal/gossip"
	"github.com/grapevine-gossip/grapevine/internal/publish"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// Host is the computer that a member runs on. The zero Host is infinitely fast.
type Host struct {
	PerPacket time.Duration // processor time to handle one packet, or a frame of a stream
	PerKB     time.Duration // and for each 1000 bytes of it
	PerSend   time.Duration // to send one packet
	Bandwidth int           // bytes a second in each direction; 0: no limit
	Buffer    int           // packets that wait to be handled; 0: 4096. While the process stands still they are 256.
	Slow      int           // per cent: 200 takes twice as long for everything; 0: 100
}

const (
	usualBuffer = 4096
	stillBuffer = 256                    // about what a socket of the usual size holds
	sendQueue   = 500 * time.Millisecond // what waits longer for bandwidth is lost
	turnMost    = 512                    // packets handled before the machine's timers and packets get their turn
	header      = 28                     // bytes of IP and UDP, for bandwidth
)

// Node is one member: a name, and the process that has it, or that last had it.
type Node struct {
	Name  string
	Index int // in the order of first starts

	w    *World
	addr uint32
	host Host

	m       *gossip.Machine
	up      bool
	lives   uint32 // processes so far
	config  gossip.Config
	seeds   []uint32
	offset  time.Duration // the machine's clock is the world's plus this
	last    time.Duration // of the machine's clock, so that it never goes back
	still   time.Duration // until when the process stands still
	slept   time.Duration // how long its clock stood still as well, not yet told
	busy    time.Duration // until when it handles what it took
	due     time.Duration // when its machine next has something to do
	spins   int           // turns in a row that left something to do at once
	waits   bool          // for one of the shared processors
	armed   time.Duration // the earliest atTurn that is queued; 0: none
	sending time.Duration // until when what it sent fills its line
	arrived time.Duration // until when what was sent to it does

	inbox   inbox
	streams []*stream
	nextIn  uint64
	snap    *publish.Snapshot

	Sent, Received Traffic
	Lost           uint64 // packets that found the buffer full
	Turns          uint64
	Events         []publish.Event // if Config.KeepEvents
	Counts         [publish.EventRefused + 1]uint64
}

// Traffic counts what went over the network, without headers of IP and UDP.
type Traffic struct {
	Packets, Bytes, StreamBytes uint64
}

// Up reports whether a process runs, be it one that has left or lost its name.
func (n *Node) Up() bool { return n.up }

// Active reports whether the process takes part: it runs, has not left, and has its name.
func (n *Node) Active() bool {
	return n.up && n.snap.Standing != publish.StandingLeft && n.snap.Standing != publish.StandingLeaving &&
		n.snap.Standing != publish.StandingSuperseded
}

// Still reports whether the process stands still.
func (n *Node) Still() bool { return n.still > n.w.now }

// Snapshot is what the process has published; of one that ended, what it published last.
func (n *Node) Snapshot() *publish.Snapshot { return n.snap }

// Machine is the member's protocol.
func (n *Node) Machine() *gossip.Machine { return n.m }

// Life is the life that the member has in its own view.
func (n *Node) Life() wire.Life { return n.snap.Self.Life }

// Address is the number of the address it has now; AddrPort tells which that is.
func (n *Node) Address() uint32 { return n.addr }

// Value reads a key of an owner at this member.
func (n *Node) Value(owner, key string) (string, bool) {
	m, ok := n.snap.Members.Get(owner)
	if !ok {
		return "", false
	}
	e, ok := m.Keys.Get(key)
	if !ok {
		return "", false
	}
	return string(e.Value), true
}

// clock is what the machine takes for the time.
func (n *Node) clock(at time.Duration) time.Duration {
	n.last = max(n.last, at+n.offset)
	return n.last
}

// cost is the processor time for one packet.
func (n *Node) cost(bytes int) time.Duration {
	return n.slow(n.host.PerPacket + n.host.PerKB*time.Duration(bytes)/1000)
}

func (n *Node) slow(d time.Duration) time.Duration {
	if n.host.Slow > 0 {
		return d * time.Duration(n.host.Slow) / 100
	}
	return d
}

// arrives takes a packet from the network.
func (n *Node) arrives(src uint32, data []byte) {
	w := n.w
	room := n.host.Buffer
	if room == 0 {
		room = usualBuffer
	}
	if n.still > w.now {
		room = min(room, stillBuffer)
	}
	if !n.up || n.inbox.packets >= room {
		n.Lost++
		w.net.recycle(data)
		return
	}
	n.inbox.push(item{what: itemPacket, at: w.now, src: src, data: data})
	n.poke()
}

// poke gives the process its turn as soon as it can take one.
func (n *Node) poke() {
	w := n.w
	switch {
	case !n.up:
	case n.still > w.now:
		n.arm(n.still)
	case n.busy > w.now:
		n.arm(n.busy)
	default:
		w.schedule(n)
	}
}

// arm sees to it that the process is looked at by then. At most one event of a node matters: the earliest.
func (n *Node) arm(at time.Duration) {
	if n.armed > 0 && n.armed <= at {
		return
	}
	n.armed = at
	e := n.w.queue.add(at, atTurn)
	e.to, e.lives = n, n.lives
}

// line lets bytes pass over a line of limited bandwidth and returns when the last of them has.
func line(now time.Duration, until *time.Duration, bytes, bandwidth int) time.Duration {
	if bandwidth <= 0 {
		return now
	}
	*until = max(*until, now) + time.Duration(int64(bytes)*int64(time.Second)/int64(bandwidth))
	return *until
}

// arrivesOverLine lets a packet wait for the bandwidth of the line to this member.
func (n *Node) arrivesOverLine(src uint32, data []byte) {
	if n.host.Bandwidth <= 0 {
		n.arrives(src, data)
		return
	}
	if n.arrived > n.w.now+sendQueue {
		n.Lost++
		n.w.net.recycle(data)
		return
	}
	done := line(n.w.now, &n.arrived, len(data)+header, n.host.Bandwidth)
	n.w.queue.add(done, atCall).call = func() { n.arrives(src, data) }
}

// StateHash is the hash of all that the member's process knows of its view: equal hashes, equal keys.
func (n *Node) StateHash() uint64 {
	var i gossip.Inspection
	n.m.InspectHead(&i)
	return i.StateHash
}
