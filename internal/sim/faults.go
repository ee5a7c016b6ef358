package sim

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/gossip"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// Deed is a kind of thing that happens to a world, or that a member does.
type Deed uint8

// The deeds.
const (
	Write     Deed = iota + 1 // a key of Who, Count bytes of value
	Erase                     // a key of Who
	Expiring                  // a key of Who with For to live
	Flood                     // Count keys of Who at once
	Kill                      // the processes of Who
	Reboot                    // the same, and start others after For; Kept with their generation, Moved at another address
	Stand                     // Who stand still for For; Kept: their clocks too
	Part                      // cut Who off from all others for For; OneWay: only what they send
	Gray                      // Who lose Share of what is sent to them for For; OneWay: of what they send
	Far                       // packets between Who and the others take Delay more for For
	Tire                      // Who take Count times as long for everything for For
	Storm                     // Count newcomers at once
	Goodbye                   // Who leave; with For they start a new generation after that
	Oblivion                  // Who[0] forgets Who[1]
	Relocate                  // Who change their address while they run
	Impostor                  // a second process takes the name of Who[0]
	Snap                      // all streams of Who break
	Weather                   // every link loses Share for For
	Introduce                 // Who[0] is told to join Who[1]
	Sever                     // what the first Count of Who send to the rest of them loses Share for For; both ways unless OneWay
	Shatter                   // all fall into Count parts that hear nothing of each other for For
	Flap                      // cut Who off from all others Count times within For; OneWay: only what they send
	Falter                    // Who stand still Count times within For, for Delay each; Kept: their clocks too
	Freeze                    // Who stand still for For, and neither clock of theirs shows it, as of a virtual machine
	Leap                      // the wall clocks of Who jump ahead by For, which looks like a sleep
	Narrow                    // the lines of Who carry Count kB a second each way, and 32 packets wait at most, for For
	Churn                     // Count newcomers one by one within For, who leave or crash after a while
	Hoard                     // Count keys of 30 kB of Who at once: whoever lacks them all takes them by stream
	Torrent                   // Who each set or delete a key of a few Count times a second for For
	firstAlso = Sever
	lastAlso  = Churn
	lastDeed  = Torrent
)

var deedNames = [...]string{
	"", "write", "erase", "expiring", "flood", "kill", "reboot", "stand", "part", "gray", "far", "tire", "storm", "goodbye",
	"oblivion", "relocate", "impostor", "snap", "weather", "introduce", "sever", "shatter", "flap", "falter", "freeze",
	"leap", "narrow", "churn", "hoard", "torrent",
}

func (d Deed) String() string { return deedNames[d] }

// Fault is one deed at a time. All chance was drawn before, so that it is the same whatever else happens.
type Fault struct {
	Number int           // its place in the plan that it was drawn for
	At     time.Duration // after the first member was started
	Deed   Deed
	Who    []string // of a name that does not exist then nothing comes
	For    time.Duration
	Delay  time.Duration
	Share  float64
	Count  int
	Kept   bool
	Moved  bool
	OneWay bool
	Seed   uint64
}

func (f Fault) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d: after %v %v", f.Number, brief(f.At), f.Deed)
	if len(f.Who) > 0 {
		fmt.Fprintf(&b, " %s", strings.Join(f.Who, " "))
	}
	if f.For > 0 {
		fmt.Fprintf(&b, ", for %v", brief(f.For))
	}
	if f.Delay > 0 {
		fmt.Fprintf(&b, ", delay %v", brief(f.Delay))
	}
	if f.Share > 0 {
		fmt.Fprintf(&b, ", share %.2f", f.Share)
	}
	if f.Count > 0 {
		fmt.Fprintf(&b, ", count %d", f.Count)
	}
	for _, flag := range []struct {
		on   bool
		name string
	}{{f.Kept, "kept"}, {f.Moved, "moved"}, {f.OneWay, "one way"}} {
		if flag.on {
			b.WriteString(", " + flag.name)
		}
	}
	return b.String()
}

// find gives the latest node of a name.
func (w *World) find(name string) *Node {
	for i := len(w.nodes) - 1; i >= 0; i-- {
		if w.nodes[i].Name == name {
			return w.nodes[i]
		}
	}
	return nil
}

// Inflict does a deed now.
func (w *World) Inflict(f Fault) {
	var who []*Node
	for _, name := range f.Who {
		if n := w.find(name); n != nil {
			who = append(who, n)
		}
	}
	if len(who) == 0 && len(f.Who) > 0 {
		return
	}
	rng := rand.New(rand.NewPCG(f.Seed, 3))
	switch f.Deed {
	case Write, Erase, Expiring, Flood, Hoard:
		w.say(f, who[0], rng)
	case Kill, Reboot, Stand, Goodbye, Relocate, Snap, Tire, Falter, Freeze, Leap, Narrow:
		for _, n := range who {
			w.befall(f, n, rng)
		}
	case Part, Gray, Far, Sever, Flap:
		w.obstruct(f, who)
	case Torrent:
		for _, n := range who {
			w.torrent(f, n, rand.New(rand.NewPCG(f.Seed, wire.ID(n.Name))))
		}
	case Shatter:
		w.shatter(f, rng)
	case Churn:
		w.churn(f, rng)
	case Weather:
		w.during(f.For, Rule{Loss: f.Share})
	case Storm:
		for i := range f.Count {
			w.Start(Member{Name: f.newcomer(i), Seeds: w.someSeeds(rng)})
		}
	case Oblivion, Introduce:
		if len(who) < 2 {
			return
		}
		if f.Deed == Oblivion {
			_, _ = w.Do(who[0], gossip.Forget{Name: who[1].Name}) // refused unless it has ended there
		} else {
			_ = w.Join(who[0], who[1].addr) // refused after leaving
		}
	case Impostor:
		w.Start(Member{Name: who[0].Name, Seeds: w.someSeeds(rng), Generation: rng.Uint64N(4)})
	}
}

// someSeeds draws one to three addresses that members have, or had.
func (w *World) someSeeds(rng *rand.Rand) []uint32 {
	if len(w.nodes) == 0 {
		return nil
	}
	out := make([]uint32, 1+rng.IntN(3))
	for i := range out {
		out[i] = w.nodes[rng.IntN(len(w.nodes))].addr
	}
	return out
}

// say is what an application does. Errors are its own affair: the member may have ended or left.
func (w *World) say(f Fault, n *Node, rng *rand.Rand) {
	key := fmt.Sprintf("k%d", rng.IntN(6))
	value := strings.Repeat(fmt.Sprint(rng.IntN(10)), f.Count) + fmt.Sprint(rng.IntN(1000))
	switch f.Deed {
	case Write:
		_ = w.Set(n, key, value)
	case Erase:
		_ = w.Delete(n, key)
	case Expiring:
		_, _ = w.Do(n, gossip.Set{Key: key, Value: []byte("short"), TTL: f.For})
	case Flood:
		for i := range f.Count {
			_ = w.Set(n, fmt.Sprintf("flood%d", i), value[:min(len(value), 40)])
		}
	case Hoard:
		for i := range f.Count {
			_ = w.Set(n, fmt.Sprintf("hoard%d", i), strings.Repeat(value[:1], 30_000))
		}
	}
}

// torrent is what an application does that has lost its measure.
func (w *World) torrent(f Fault, n *Node, rng *rand.Rand) {
	every := time.Second / time.Duration(f.Count)
	for at := time.Duration(0); at < f.For; at += every {
		w.At(at, func() {
			key := fmt.Sprintf("torrent%d", rng.IntN(30))
			if rng.IntN(10) == 0 {
				_ = w.Delete(n, key)
			} else {
				_ = w.Set(n, key, strings.Repeat("x", rng.IntN(60)))
			}
		})
	}
}

// befall is what happens to one process.
func (w *World) befall(f Fault, n *Node, rng *rand.Rand) {
	switch f.Deed {
	case Kill:
		w.Crash(n)
	case Reboot:
		w.Crash(n)
		seeds := w.someSeeds(rng)
		w.At(f.For, func() {
			if f.Moved && !n.up {
				w.Move(n)
			}
			w.Restart(n, f.Kept, seeds)
		})
	case Stand:
		w.Pause(n, f.For, f.Kept)
	case Goodbye:
		_ = w.Leave(n) // refused if it has left
		if f.For > 0 {
			boot, addr := rng.Uint64()|1, w.someSeeds(rng)
			w.At(f.For, func() {
				if _, err := w.Do(n, gossip.Restart{Boot: boot}); err == nil {
					_, _ = w.Do(n, gossip.SetAddr{Addr: AddrPort(n.addr)}) // it may have moved since it left
					_ = w.Join(n, addr...)
				}
			})
		}
	case Relocate:
		w.Relocate(n)
	case Snap:
		w.BreakStreams(n)
	case Freeze:
		w.Freeze(n, f.For)
	case Falter:
		for i := range f.Count {
			w.At(f.share(i), func() { w.Pause(n, f.Delay, f.Kept) })
		}
	case Leap:
		_, _ = w.Do(n, gossip.Paused{For: f.For}) // it has left: nothing to tell
	case Tire:
		h := n.host
		h.Slow = 100 * f.Count
		w.equip(n, h, f.For)
	case Narrow:
		h := n.host
		h.Bandwidth, h.Buffer = 1000*f.Count, 32
		w.equip(n, h, f.For)
	}
}

// share is when the i-th of the fault's Count parts begins, after the fault.
func (f Fault) share(i int) time.Duration { return f.For * time.Duration(i) / time.Duration(f.Count) }

// equip gives a member another computer for a while.
func (w *World) equip(n *Node, h Host, d time.Duration) {
	usual := n.host
	n.host = h
	w.At(d, func() { n.host = usual })
}

// obstruct puts rules in force for a while.
func (w *World) obstruct(f Fault, who []*Node) {
	set := SetOf(who...)
	switch f.Deed {
	case Part:
		w.during(f.For, Rule{From: set, Except: true, Both: !f.OneWay, Loss: 1})
	case Gray:
		r := Rule{To: set, Loss: f.Share}
		if f.OneWay {
			r = Rule{From: set, Loss: f.Share}
		}
		w.during(f.For, r)
	case Far:
		w.during(f.For, Rule{From: set, Except: true, Both: true, Delay: f.Delay})
	case Sever:
		k := min(f.Count, len(who))
		w.during(f.For, Rule{From: SetOf(who[:k]...), To: SetOf(who[k:]...), Both: !f.OneWay, Loss: f.Share})
	case Flap:
		for i := range f.Count {
			w.At(f.share(i), func() {
				w.during(f.share(1)/2, Rule{From: set, Except: true, Both: !f.OneWay, Loss: 1})
			})
		}
	}
}

// shatter puts each address into one of the parts.
func (w *World) shatter(f Fault, rng *rand.Rand) {
	parts := make([][]*Node, f.Count)
	for _, n := range w.nodes {
		k := rng.IntN(f.Count)
		parts[k] = append(parts[k], n)
	}
	for _, nodes := range parts {
		w.during(f.For, Rule{From: SetOf(nodes...), Except: true, Both: true, Loss: 1})
	}
}

// churn lets newcomers come and go.
func (w *World) churn(f Fault, rng *rand.Rand) {
	for i := range f.Count {
		begin := f.share(i)
		stays, leaves := upTo(rng, f.For-begin), rng.IntN(2) == 0
		w.At(begin, func() {
			n := w.Start(Member{Name: f.newcomer(i), Seeds: w.someSeeds(rng)})
			w.At(stays, func() {
				if leaves {
					_ = w.Leave(n) // refused if its process has ended
				} else {
					w.Crash(n)
				}
			})
		})
	}
}

// newcomer names those who are started by the fault.
func (f Fault) newcomer(i int) string { return fmt.Sprintf("f%d-%d", f.Number, i) }

func (w *World) during(d time.Duration, r Rule) {
	id := w.Impose(r)
	w.At(d, func() { w.Lift(id) })
}

// Relocate gives a running member another address, which it tells the others.
func (w *World) Relocate(n *Node) {
	if !n.up {
		return
	}
	if w.net.holder(n.addr) == n {
		w.net.place(n.addr, nil)
	}
	n.addr = w.freeAddr()
	w.net.place(n.addr, n)
	n.config.Addr = AddrPort(n.addr)
	_, _ = w.Do(n, gossip.SetAddr{Addr: AddrPort(n.addr)}) // one that has left tells nobody
}
