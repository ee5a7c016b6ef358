package publish

import (
	"net/netip"
	"testing"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/store"
	"github.com/grapevine-gossip/grapevine/internal/view"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// plainHost is a machine in which nothing goes on.
type plainHost struct{ suspected bool }

func (*plainHost) Published(time.Duration, *view.View) {}
func (*plainHost) EnteredAt() time.Duration            { return 0 }
func (*plainHost) Status(time.Duration) Status         { return Status{Standing: StandingMember} }
func (*plainHost) Edges(time.Duration) []Edge          { return nil }
func (*plainHost) Backlog(time.Duration) time.Duration { return 0 }
func (*plainHost) WaitingFor() []uint64                { return nil }
func (h *plainHost) Suspected(uint64) bool             { return h.suspected }
func record(name string, incarnation uint64) wire.Record {
	return wire.Record{
		Name: name, Life: wire.Life{Generation: 1, Boot: 7, Incarnation: incarnation},
		Addr: netip.MustParseAddrPort("10.0.0.1:7787"), AddrVersion: 1, MinVersion: 1, MaxVersion: 1,
	}
}

// Somebody is suspected and ends, and before that is published this member enters a view in which it lives.
func TestWhoIsBackBeforeItsEndWasPublishedIsNotSuspected(t *testing.T) {
	const now = time.Second
	st := store.New(record("a", 0), store.Limits{})
	host := &plainHost{}
	p := New(now, st, host, Config{})
	st.MergeRecord(now, record("b", 0), 0, false)
	p.Changed(now, st.Changes())
	b := st.FindName("b")

	host.suspected = true
	p.Suspected(now, b.View(), nil)
	if m, _ := p.Snapshot(now).Members.Get("b"); m.State != Suspect {
		t.Fatalf("b is %v, and was just accused", m.State)
	}
	st.MergeEnd(now, wire.End{Name: "b", Life: b.Record.Life, Cause: wire.Failed}, 0)
	host.suspected = false
	p.Changed(now, st.Changes())

	p.Entering(st.Self.Record.Life, 2, "ended elsewhere")
	st.TakeOver(now, []*view.Member{view.NewMember(record("a", 1)), view.NewMember(record("b", 1))}, time.Hour)
	p.Changed(now, st.Changes())
	if m, _ := p.Snapshot(now).Members.Get("b"); m.State != Alive {
		t.Errorf("b is %v, though nobody accuses it", m.State)
	}
	var last EventKind
	for _, e := range p.Events(nil) {
		if e.Kind == EventSuspected || e.Kind == EventCleared {
			last = e.Kind
		}
	}
	if last != EventCleared {
		t.Error("that b is not suspected any more was not told")
	}
}
