package wire

import (
	"net/netip"
	"time"
)

// Protocol versions spoken by this build.
const (
	MinVersion = 1
	MaxVersion = 1
)

// Limits. A frame beyond one of them is rejected and counted, whoever sent it.
const (
	MaxDatagram    = 1200    // bytes of a datagram, header and checksum included
	MaxStreamFrame = 1 << 17 // bytes of one frame on a stream: a value of 64 KiB and what goes with it
	MaxSection     = 1100    // bytes of a message that has to fit into a datagram beside the header
	MaxName        = 128
	MaxKey         = 256
	MaxValue       = 1 << 16
	MaxGeneration  = 1 << 40 // exclusive
	MaxIncarnation = 1 << 40 // exclusive
	MaxCounter     = 1 << 56 // exclusive: key versions, address versions, sequence numbers
	MaxAddrs       = 3
	MaxNames       = 8
	MaxDuration    = 366 * 24 * time.Hour
)

// Header opens every frame. The lives say between whom the packet is; the hashes let two members see at a glance
// whether they hold the same.
type Header struct {
	From  Ref    // the sender's life
	To    uint32 // Tag of the life under which the sender holds the receiver; 0: it holds none
	View  uint64 // hash of the sender's view
	State uint64 // hash of the versions that the sender holds of that view's members
}

// Ref names a life without the name: enough for whoever knows the member.
type Ref struct {
	ID          uint64
	Boot        uint32 // low half of the boot id, mixed
	Generation  uint64
	Incarnation uint64
}

// RefOf shortens a life.
func RefOf(id uint64, l Life) Ref {
	return Ref{ID: id, Boot: uint32(mix(l.Boot) >> 32), Generation: l.Generation, Incarnation: l.Incarnation}
}

// Owner names a namespace: a process of a member. Incarnations share it.
type Owner struct {
	ID         uint64
	Generation uint64
	Boot       uint32 // as in Ref
}

// OwnerOf shortens a life to its namespace.
func OwnerOf(id uint64, l Life) Owner {
	r := RefOf(id, l)
	return Owner{ID: id, Generation: r.Generation, Boot: r.Boot}
}

// Message is one section of a frame.
type Message interface{ Kind() Kind }

// Kind is the type of a section on the wire. Unknown kinds are skipped, so that mixed versions can talk.
type Kind uint8

// The kinds. Numbers are never reused.
const (
	KindPing       Kind = 1
	KindAck        Kind = 2
	KindRelayPing  Kind = 3
	KindRelayAck   Kind = 4
	KindCall       Kind = 5
	KindRumour     Kind = 6
	KindNotice     Kind = 10
	KindUnknown    Kind = 11
	KindLarger     Kind = 12
	KindJoin       Kind = 13
	KindWait       Kind = 14
	KindRefuse     Kind = 15
	KindCheck      Kind = 16
	KindChecked    Kind = 17
	KindRoster     Kind = 18
	KindLeaveAck   Kind = 19
	KindLives      Kind = 20
	KindEnds       Kind = 21
	KindLifeDigest Kind = 22
	KindWant       Kind = 23
	KindDelta      Kind = 30
	KindAnnounce   Kind = 31
	KindRequest    Kind = 32
	KindRecent     Kind = 33
	KindDigest     Kind = 34
	KindBulk       Kind = 35
	KindMore       Kind = 36
	KindPart       Kind = 37
	KindFill       Kind = 38
	KindSketch     Kind = 39
	KindUp         Kind = 40
	KindDown       Kind = 41
	KindTreeAck    Kind = 42
	KindHoldOuts   Kind = 43
	KindVersions   Kind = 44
	KindPlaces     Kind = 45
	KindAdmitted   Kind = 46
	KindFetch      Kind = 47
	KindCongestion Kind = 48

	Kinds = 49 // all kinds are below
)

// Probing and suspicion (package detector).

// Ping asks for an Ack with the same Seq.
type Ping struct {
	Seq uint32
}

// Ack answers a Ping. Slot is when the receiver of this Ack should probe the sender next; zero: no advice. Heard and
// Missed report on the reverse direction: of the last probes that the sender of this Ack sent to its receiver, so many
// were and were not answered.
type Ack struct {
	Seq    uint32
	Slot   time.Duration // whole milliseconds
	Heard  uint8
	Missed uint8
}

// RelayPing asks the receiver to probe Subject, a member of its view, and to report an answer by RelayAck.
type RelayPing struct {
	Seq     uint32
	Subject uint64
}

// RelayAck says that Subject answered the probe relayed under Seq.
type RelayAck struct {
	Seq     uint32
	Subject uint64
}

// Call asks the other watchers of Subject to probe it in a burst now.
type Call struct {
	Subject uint64
}

// Suspicion is one entry of a rumour: a life, by id and tag, and whether it is grey (loses much) rather than silent.
type Suspicion struct {
	ID   uint64
	Tag  uint32
	Grey bool
}

// Rumour is all that Author says about others at present. A higher Seq of the same life replaces it whole.
type Rumour struct {
	Author  Ref
	Seq     uint64
	Every   time.Duration // the author repeats it within this interval, in whole milliseconds
	Rolling bool          // the author is calling the roll
	Accused []Suspicion
	Vouched []Suspicion // Grey unused
}

// Membership (package admission).

// Notice tells somebody outside of the sender's view, or of whom the sender holds another life, how things stand.
type Notice struct {
	Name   string // the receiver's name; empty: not known, only its address
	Known  Life   // the newest life of the receiver that the sender knows; zero: none
	Ended  bool   // Known has ended here
	Size   uint32 // members in the sender's view; 1 from a mute sender
	Addrs  []netip.AddrPort
	Record Record // the sender itself
	Mute   bool   // the sender is out or woke late: its view says nothing
}

// Unknown tells that the receiver's life is newer than what the sender knows: the news may be on its way.
type Unknown struct{}

// Larger is flooded in the smaller of two views that exclude each other: join that one.
type Larger struct {
	Size     uint32
	View     uint64
	Admitter netip.AddrPort
	Name     string // the admitter's name
	Addrs    []netip.AddrPort
}

// Join asks to be let in with the life in Record.
type Join struct {
	Record Record
	Size   uint32 // members of the view that the joiner holds now
	View   uint64 // and its hash
	Probe  bool   // only answer, admit nobody: the joiner is still choosing
	Raised bool   // Record's incarnation was raised: the joiner was ended somewhere
}

// Wait answers a Join: you are noted (or would be), it takes about In. With Elsewhere set the sender is itself joining
// there.
type Wait struct {
	In         time.Duration // whole milliseconds
	Size       uint32
	Boot       uint64 // of the sender, so that a seed that is oneself is recognised
	Mutual     bool   // the joiner is one of the sender's own seeds
	Elsewhere  netip.AddrPort
	MinVersion uint8
	MaxVersion uint8
}

// Reason says why somebody is not let in.
type Reason uint8

// The reasons.
const (
	RefusedKnown       Reason = iota + 1 // the life wanted is not newer than Known
	RefusedNameTaken                     // the holder of the name answers
	RefusedUnreachable                   // Names could not reach Addr
	RefusedOften                         // failed too often lately; come back after Wait
	RefusedVersion                       // no protocol version in common
	RefusedBusy                          // leaving, or out itself; ask somebody else
)

// Refuse answers a Join that is not granted.
type Refuse struct {
	Reason Reason
	Known  Life
	Wait   time.Duration  // whole milliseconds
	Names  []string       // who could not reach Addr, at most MaxNames
	Addr   netip.AddrPort // the address tried
}

// Check asks a would-be watcher of the joiner in Record to probe it, and, when Holder is set, the present holder of
// its name too.
type Check struct {
	Nonce  uint32
	Record Record
	Holder netip.AddrPort
	Lossy  bool // the joiner failed lately: be strict
}

// Checked reports the outcome of a Check.
type Checked struct {
	Nonce   uint32
	Joiner  uint64
	Reached bool
	Held    bool          // the present holder of the name answered
	Wait    time.Duration // the joiner failed often, and is to stay out for so long; whole milliseconds
}

// Roster is one part of the list of a view's members, for those who were let into it.
type Roster struct {
	View  uint64 // hash of the whole
	Part  uint32
	Parts uint32
	Lives []Record
}

// Admitted tells a joiner that it was let in: its view has come to be View, whose roster, in so many parts, it may fetch
// from the first of Addrs that has it.
type Admitted struct {
	View  uint64
	Parts uint32
	Addrs []netip.AddrPort
}

// Fetch asks for parts of the roster of a view: those from First on whose bit, counted from the lowest, is set in Mask.
type Fetch struct {
	View  uint64
	First uint32
	Mask  uint64
}

// LeaveAck says that the sender holds the end of the receiver's life.
type LeaveAck struct {
	Tag uint32
}

// Lives pushes life records.
type Lives struct{ Records []Record }

// Ends pushes ends.
type Ends struct{ Ends []End }

// LifeDigest lists the members of the sender's view whose id lies in [Lo, Hi] (both inclusive), sorted by id.
type LifeDigest struct {
	Lo, Hi  uint64
	Members []LifeTag
	Reply   bool // an answer to a LifeDigest: don't answer with another
}

// LifeTag is one line of a LifeDigest.
type LifeTag struct {
	ID  uint64
	Tag uint32
}

// Want asks for the life record or the end of each id.
type Want struct{ IDs []uint64 }

// State (packages spread and antientropy).

// Delta continues a namespace from version From (exclusive) to version To (inclusive). Every key whose newest version
// lies between has its entry here, in rising order of versions; superseded ones are left out.
type Delta struct {
	Owner   Owner
	From    uint64
	To      uint64
	Floor   uint64 // tombstones up to here are collected; who holds less than Floor starts anew from 0
	Entries []Entry
}

// Entry is one key of a namespace.
type Entry struct {
	Key     string
	Value   []byte
	Version uint64
	Deleted bool
}

// Versioned is an owner and the highest version held or offered.
type Versioned struct {
	Owner   Owner
	Version uint64
}

// Announce tells which versions the sender can give.
type Announce struct{ Versions []Versioned }

// Places is an Announce among members of one view: owners are told by their place in it.
type Places struct {
	View uint64
	Held []Place
}

// Place is one line of a Places.
type Place struct {
	Skip    uint32 // members of the view, in the order of their ids, between the line before and this one
	Version uint64
}

// Congestion tells how long, some time ago, the oldest change had waited to be sent, at the sender or where it heard of it.
type Congestion struct{ Age, Ago time.Duration }

// Request asks for what follows From in each namespace.
type Request struct{ Wants []From }

// From is where a receiver stands. Base is the floor under which it started anew and is not yet past; zero otherwise.
type From struct {
	Owner   Owner
	Version uint64
	Base    uint64
}

// Recent lists the sender's most recent changes, newest first: the cheapest explanation of two hashes that differ.
type Recent struct{ Versions []Versioned }

// Digest lists the versions held of all owners whose id lies in [Lo, Hi] (both inclusive), sorted by id.
type Digest struct {
	Lo, Hi   uint64
	Versions []Versioned
	Reply    bool // an answer to a Digest: don't answer with another
}

// Sketch holds cells of a sketch of the versions that the sender holds of the view's members, in the order of their ids
// (package reconcile). State is the hash of those versions and the salt of the sketch. No cells at all ask for those that
// follow, up to the end of the next run.
type Sketch struct {
	View  uint64
	State uint64
	First uint32 // the number of the first of Cells
	Cells []uint64
}

// Versions lists the versions that the sender holds of the view's members, in the order of their ids, from place First
// on; 0 is none.
type Versions struct {
	View     uint64
	First    uint32
	Versions []uint64
	Reply    bool // an answer to other Versions, or to a Digest: don't answer with more
}

// Bulk answers a Request for more than fits into a few datagrams: open a stream to me and ask there.
type Bulk struct{ Owners []Owner }

// More tells how much of an answer has come: send on, as far beyond that as a window allows. Got counts from the Request
// on, in bytes as DeltaSize tells them; of a Part, its own bytes count. With a Got of 0 it is itself a Request, but one to be answered by
// datagrams whatever the size, because streams fail.
type More struct{ Wants []Progress }

// Progress is one line of a More.
type Progress struct {
	From
	Got uint64
}

// Part is a piece of a Delta of one entry that is too large for a datagram: of the entry as it stands in a Delta, the
// bytes from Index*PartSize on, PartSize of them except in the last one.
type Part struct {
	Owner Owner
	From  uint64 // of the delta
	To    uint64 // of the delta
	Floor uint64 // of the delta
	Size  uint32 // bytes of the whole entry
	Index uint8  // below MaxParts
	Bytes []byte
}

// Fill asks for what was lost on its way, exactly: each of its holes and nothing else.
type Fill struct{ Holes []Hole }

// Hole is what lies between two versions of a namespace.
type Hole struct {
	Owner Owner
	From  uint64 // exclusive
	To    uint64 // inclusive
	Mask  uint64 // of the one entry between, the parts with these indices, as bits; 0: all there is
}

// Stability (package stability).

// Phase is how far a member, or the whole view, has come.
type Phase uint8

// The phases of the tree.
const (
	Held   Phase = 1 // each below (up) or everybody (down) has held the view
	Stable Phase = 2 // and still held it when everybody had
)

// Up goes from a member to its parent: I and all below me.
type Up struct {
	View  uint64
	Epoch uint32
	Phase Phase
}

// Down goes from a member to its children: everybody.
type Down struct {
	View  uint64
	Epoch uint32
	Phase Phase
}

// TreeAck acknowledges an Up or a Down.
type TreeAck struct {
	View  uint64
	Epoch uint32
	Phase Phase
	Down  bool
}

// HoldOuts names members that the sender waits for: upwards the merged names of its children's, downwards the root's.
type HoldOuts struct {
	View  uint64
	Epoch uint32
	IDs   []uint64 // at most MaxNames
	Down  bool
}
