package gossip

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/publish"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

var update = flag.Bool("update", false, "rewrite the conversations in testdata")

// TestConversations replays testdata/*.txt. A file is a list of blocks: a line of command behind "> ", then what came
// of it. With -update the answers are rewritten, and the diff is the review.
//
//	start NAME [seed=NAME…] [at=NAME]   a member; at: at the address of another, former one
//	set NAME KEY VALUE · del NAME KEY · leave NAME · forget NAME WHOM · join NAME WHOM
//	crash NAME · stop NAME DURATION · cut NAME… (from all others) · heal
//	run DURATION                        lets time pass, and tells events
//	packets DURATION                    the same, and tells what is sent, probes and anti-entropy apart
//	show NAME…                          the view, the standing and the keys that a member holds
func TestConversations(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no conversations", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := converse(t, string(text))
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != string(text) {
				t.Errorf("the conversation went another way; run with -update and read the diff. Got:\n%s", got)
			}
		})
	}
}

type conversation struct {
	t      *testing.T
	w      *world
	out    strings.Builder
	byName map[string]*node
	told   map[*node]int // events already told
	next   int
}

func converse(t *testing.T, text string) string {
	c := &conversation{t: t, w: newWorld(t, 1), byName: map[string]*node{}, told: map[*node]int{}}
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		switch {
		case strings.HasPrefix(line, "> "):
			fmt.Fprintln(&c.out, line)
			c.command(strings.Fields(line[2:]))
		case strings.HasPrefix(line, "#") || line == "":
			fmt.Fprintln(&c.out, line)
		}
	}
	return c.out.String()
}

func (c *conversation) command(f []string) {
	c.t.Helper()
	arg := func(i int) string {
		if i >= len(f) {
			c.t.Fatalf("%q lacks an argument", strings.Join(f, " "))
		}
		return f[i]
	}
	who := func(i int) *node {
		n := c.byName[arg(i)]
		if n == nil {
			c.t.Fatalf("nobody is called %s", arg(i))
		}
		return n
	}
	switch f[0] {
	case "start":
		c.start(f[1:])
	case "set":
		c.do(who(1), Set{Key: arg(2), Value: []byte(arg(3))})
	case "del":
		c.do(who(1), Delete{Key: arg(2)})
	case "leave":
		c.do(who(1), Leave{})
	case "forget":
		c.do(who(1), Forget{Name: arg(2)})
	case "join":
		c.do(who(1), Join{Addrs: who(2).addrs()})
	case "crash":
		c.w.crash(who(1))
	case "stop":
		c.w.stop(who(1), c.duration(arg(2)))
	case "cut":
		apart := map[*node]bool{}
		for i := range f[1:] {
			apart[who(i+1)] = true
		}
		c.w.cut = func(from, to *node) bool { return apart[from] != apart[to] }
	case "heal":
		c.w.cut = nil
	case "run":
		c.w.run(c.duration(arg(1)))
	case "packets":
		trace = c.packet
		c.w.run(c.duration(arg(1)))
		trace = nil
	case "show":
		for i := range f[1:] {
			c.show(who(i + 1))
		}
	default:
		c.t.Fatalf("unknown command %q", f[0])
	}
	c.events()
}

func (c *conversation) duration(s string) time.Duration {
	d, err := time.ParseDuration(s)
	if err != nil {
		c.t.Fatal(err)
	}
	return d
}

func (c *conversation) start(f []string) {
	c.next++
	addr := addrOf(c.next)
	var seeds []string
	for _, a := range f[1:] {
		switch k, v, _ := strings.Cut(a, "="); k {
		case "seed":
			seeds = append(seeds, v)
		case "at":
			addr = c.byName[v].addr
		}
	}
	var cfg Config
	n := c.w.start(f[0], addr, cfg)
	for _, s := range seeds {
		c.w.do(n, SetSeeds{Addrs: c.byName[s].addrs()})
	}
	c.byName[f[0]] = n
}

func (c *conversation) do(n *node, cmd Command) {
	if _, err := n.m.Do(c.w.now, cmd); err != nil {
		fmt.Fprintf(&c.out, "  error: %v\n", err)
	}
	c.w.turn(n)
}

// events tells what each member's application was told since the last time.
func (c *conversation) events() {
	for _, n := range c.sorted() {
		for _, e := range n.events[c.told[n]:] {
			fmt.Fprintf(&c.out, "  %s hears: %s\n", n.name, describeEvent(e))
		}
		c.told[n] = len(n.events)
	}
}

func (c *conversation) sorted() []*node {
	nodes := slices.Clone(c.w.nodes)
	slices.SortFunc(nodes, func(a, b *node) int { return strings.Compare(a.name, b.name) })
	return nodes
}

func describeEvent(e publish.Event) string {
	names := map[publish.EventKind]string{
		publish.EventJoined: "joined", publish.EventDiscoveredFailed: "discovered failed", publish.EventSuspected: "suspected", publish.EventCleared: "cleared",
		publish.EventFailed: "failed", publish.EventReturned: "returned", publish.EventLeft: "left", publish.EventUpdated: "updated", publish.EventForgotten: "forgotten",
		publish.EventKeySet: "set", publish.EventKeyDeleted: "deleted", publish.EventRejoined: "rejoined", publish.EventStabilized: "stabilized",
		publish.EventDestabilized: "destabilized", publish.EventNameConflict: "name conflict", publish.EventRefused: "refused",
	}
	out := names[e.Kind]
	if e.Member != nil {
		out += " " + describeMember(e.Member)
	}
	switch e.Kind {
	case publish.EventKeySet:
		out += fmt.Sprintf(" %s=%s version %d", e.Key, e.Value, e.Version)
	case publish.EventKeyDeleted:
		out += fmt.Sprintf(" %s version %d", e.Key, e.Version)
	case publish.EventStabilized:
		out += " " + strings.Join(e.Names(), " ")
	case publish.EventReturned:
		if e.Restarted {
			out += ", restarted"
		}
	case publish.EventRejoined:
		out += fmt.Sprintf(" (%s), %d members before, %d after", e.Reason, e.Before, e.After)
	case publish.EventRefused:
		out += fmt.Sprintf(": %v", e.Refusal.Reason)
	}
	return out
}

func describeMember(m *publish.Member) string {
	return fmt.Sprintf("%s/%d.%d", m.Name, m.Life.Generation, m.Life.Incarnation)
}

func (c *conversation) show(n *node) {
	states := map[publish.State]string{
		publish.Alive: "", publish.Suspect: " suspect", publish.Failed: " failed", publish.Leaving: " leaving", publish.Left: " left",
	}
	fmt.Fprintf(&c.out, "  %s: view of %d, stable %v\n", n.name, n.snap.Size, n.snap.Stable)
	for _, m := range n.snap.Members.All() {
		var keys []string
		for k, e := range m.Keys.All() {
			keys = append(keys, k+"="+string(e.Value))
		}
		fmt.Fprintf(&c.out, "    %s%s %s\n", describeMember(m), states[m.State], strings.Join(keys, " "))
	}
}

// packet tells of a packet what is in it, but for the regular traffic of an idle cluster.
func (c *conversation) packet(from *node, p Packet) {
	_, msgs, err := from.m.codec.Open(p.Data, nil)
	if err != nil {
		c.t.Errorf("%s sent what can't be read: %v", from.name, err)
	}
	var kinds []string
	for _, m := range msgs {
		switch m := m.(type) {
		case wire.Recent, wire.Want, wire.Digest, wire.Versions, wire.Sketch:
		case wire.Ping:
			if m.Seq >= 1<<31 {
				kinds = append(kinds, "door ping")
			}
		case wire.Ack:
			if m.Seq >= 1<<31 {
				kinds = append(kinds, "door ack")
			}
		default:
			kinds = append(kinds, m.Kind().String())
		}
	}
	if to := c.w.byAddr[p.To]; len(kinds) > 0 {
		name := p.To.String()
		if to != nil {
			name = to.name
		}
		fmt.Fprintf(&c.out, "  %s -> %s: %s\n", from.name, name, strings.Join(kinds, ", "))
	}
}
