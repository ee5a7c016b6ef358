package spread_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/grapevine-gossip/grapevine/internal/spread"
	"github.com/grapevine-gossip/grapevine/internal/store"
	"github.com/grapevine-gossip/grapevine/internal/view"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// sink takes what is sent and checks that it may be.
type sink struct {
	t    *rapid.T
	self uint64
	open []uint64 // streams
}

func (s *sink) Send(to *view.Member, m wire.Message) int {
	if to == nil || to.ID == s.self {
		s.t.Fatalf("%s to %v", m.Kind(), to)
	}
	n := wire.SectionSize(m)
	if n > wire.MaxSection {
		s.t.Fatalf("%s of %d bytes", m.Kind(), n)
	}
	return n
}

func (s *sink) Pull(_ time.Duration, from *view.Member, req wire.Request) {
	if from == nil || len(req.Wants) == 0 {
		s.t.Fatalf("pulls %v from %v", req, from)
	}
	s.open = append(s.open, from.ID)
}

func (s *sink) Malformed(err error) {
	if wire.DropReason(err) == "" {
		s.t.Fatalf("no reason for %v", err)
	}
}

// Whatever members say, in whatever order: nothing breaks, nothing too large is sent, and Tick has always done what
// Next called it for.
func TestAnyConversationIsSurvived(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const n = 9
		self := record("m0", 0)
		st := store.New(self, store.Limits{})
		host := &sink{t: t, self: st.Self.ID}
		s := spread.New(spread.Config{Rand: rand.New(rand.NewPCG(1, 2)), Budget: 50_000}, st.Self.ID, st, host)
		now := time.Second
		for i := range n - 2 { // the last two are not known yet
			st.MergeRecord(now, record(fmt.Sprint("m", i), i), 0, false)
		}
		raw := st.View()
		st.Changes()
		s.SetView(now, raw, raw)
		var transfers []*spread.Transfer
		draw := conversation{t: t, n: n}
		member := func() *view.Member {
			return raw.At(rapid.IntRange(0, raw.Len()-1).Filter(func(i int) bool { return raw.At(i).ID != st.Self.ID }).Draw(t, "from"))
		}
		settle := func() {
			for range 4 {
				before := raw
				raw = st.View()
				if raw != before {
					s.SetView(now, before, raw)
				}
				s.Changed(now, st.Changes())
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"message": func(t *rapid.T) {
				if raw.Len() > 1 {
					s.Receive(now, member(), draw.message())
				}
			},
			"offer": func(t *rapid.T) {
				if raw.Len() > 1 {
					s.Offer(now, member(), draw.versions())
				}
			},
			"settle": func(t *rapid.T) { settle() },
			"own":    func(t *rapid.T) { st.Set(now, draw.key(), make([]byte, draw.size()), 0, nil) },
			"serve":  func(t *rapid.T) { transfers = append(transfers, s.Serve(now, wire.Request{Wants: draw.wants()})) },
			"transfer": func(t *rapid.T) {
				for _, x := range transfers {
					bytes := 0
					msgs, _ := x.Next(60 << 10)
					for _, m := range msgs {
						bytes += wire.SectionSize(m)
					}
					if bytes > wire.MaxStreamFrame-wire.FrameOverhead {
						t.Fatalf("frame of %d bytes", bytes)
					}
				}
			},
			"stream": func(t *rapid.T) {
				if len(host.open) > 0 {
					s.PullDone(now, host.open[0], []error{nil, errReset}[rapid.IntRange(0, 1).Draw(t, "error")])
					host.open = host.open[1:]
				}
			},
			"synced": func(t *rapid.T) { s.Synced(st.Self.Space.Max(), 2) },
			"news": func(t *rapid.T) {
				if m := st.FindName(draw.record().Name); m != nil {
					s.News(now, m)
				}
			},
			"reset": func(t *rapid.T) { s.Reset(now) },
			"time": func(t *rapid.T) {
				settle()
				next := s.Next()
				now += time.Duration(rapid.IntRange(1, 30).Draw(t, "ms")) * time.Millisecond
				if next > 0 {
					now = max(now, next)
				}
				s.Tick(now)
				if next := s.Next(); next > 0 && next <= now {
					t.Fatalf("still due at %v, now %v", next, now)
				}
			},
		})
	})
}

// conversation draws what members may say.
type conversation struct {
	t *rapid.T
	n int
}

func (c conversation) record() wire.Record {
	i := rapid.IntRange(0, c.n-1).Draw(c.t, "member")
	r := record(fmt.Sprint("m", i), i)
	r.Life.Generation = rapid.Uint64Range(1, 2).Draw(c.t, "generation")
	r.Life.Incarnation = rapid.Uint64Range(0, 1).Draw(c.t, "incarnation")
	return r
}

func (c conversation) owner() wire.Owner {
	r := c.record()
	return wire.OwnerOf(wire.ID(r.Name), r.Life)
}

func (c conversation) version() uint64 { return rapid.Uint64Range(0, 12).Draw(c.t, "version") }

func (c conversation) key() string { return fmt.Sprint("k", rapid.IntRange(0, 5).Draw(c.t, "key")) }

func (c conversation) size() int {
	return rapid.SampledFrom([]int{0, 10, 300, 900, 1100, 5000, 65536}).Draw(c.t, "size")
}

func (c conversation) versions() (out []wire.Versioned) {
	for range rapid.IntRange(0, 4).Draw(c.t, "n") {
		out = append(out, wire.Versioned{Owner: c.owner(), Version: c.version()})
	}
	return out
}

func (c conversation) wants() (out []wire.From) {
	for range rapid.IntRange(0, 4).Draw(c.t, "n") {
		out = append(out, wire.From{Owner: c.owner(), Version: c.version(), Base: c.version()})
	}
	return out
}

func (c conversation) message() wire.Message {
	switch rapid.IntRange(0, 11).Draw(c.t, "kind") {
	case 0, 1:
		from := c.version()
		to := from + rapid.Uint64Range(1, 3).Draw(c.t, "more")
		return wire.Delta{Owner: c.owner(), From: from, To: to, Floor: rapid.SampledFrom([]uint64{0, 0, 5}).Draw(c.t, "floor"),
			Entries: []wire.Entry{{Key: c.key(), Value: make([]byte, c.size()), Version: to}}}
	case 2:
		return wire.Announce{Versions: c.versions()}
	case 3:
		return wire.Request{Wants: c.wants()}
	case 4:
		return wire.Lives{Records: []wire.Record{c.record()}}
	case 5:
		r := c.record()
		return wire.Ends{Ends: []wire.End{{Name: r.Name, Life: r.Life, Cause: wire.Cause(rapid.IntRange(1, 3).Draw(c.t, "cause"))}}}
	}
	return c.answer()
}

// answer draws what belongs to answers that take long.
func (c conversation) answer() wire.Message {
	from := c.version()
	to := from + rapid.Uint64Range(1, 3).Draw(c.t, "more")
	switch rapid.IntRange(0, 3).Draw(c.t, "kind") {
	case 0:
		e := wire.Entry{Key: c.key(), Value: make([]byte, 3000+c.size()%60000), Version: to}
		parts := wire.Cut(wire.Delta{Owner: c.owner(), From: from, To: to, Entries: []wire.Entry{e}})
		p := parts[rapid.IntRange(0, len(parts)-1).Draw(c.t, "part")]
		if rapid.IntRange(0, 9).Draw(c.t, "broken") == 0 {
			p.Bytes = make([]byte, len(p.Bytes))
		}
		return p
	case 1:
		w := wire.Progress{Got: rapid.SampledFrom([]uint64{0, 0, 5000, 1 << 50}).Draw(c.t, "got")}
		w.Owner, w.Version, w.Base = c.owner(), c.version(), c.version()
		return wire.More{Wants: []wire.Progress{w}}
	case 2:
		h := wire.Hole{Owner: c.owner(), From: from, To: to, Mask: rapid.SampledFrom([]uint64{0, 1, 1<<64 - 1}).Draw(c.t, "mask")}
		return wire.Fill{Holes: []wire.Hole{h}}
	}
	return wire.Bulk{Owners: []wire.Owner{c.owner(), c.owner()}}
}
