package publish

import (
	"fmt"
	"testing"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/store"
	"github.com/grapevine-gossip/grapevine/internal/view"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// application knows of b what it was told by events.
type application struct {
	st   *store.Store
	pub  *Publication
	keys map[string]uint64
	told int // keys set
}

func newApplication() *application {
	a := &application{st: store.New(life("a", 1, 1, 0), store.Limits{}), keys: map[string]uint64{}}
	a.pub = New(0, a.st, &plainHost{}, Config{})
	return a
}

// life is the record of some life of a name.
func life(name string, generation, boot, incarnation uint64) wire.Record {
	return wire.Record{Name: name, Life: wire.Life{Generation: generation, Boot: boot, Incarnation: incarnation}}
}

// turn tells the application what changed.
func (a *application) turn(now time.Duration) {
	a.pub.Changed(now, a.st.Changes())
	a.pub.Tick(now + time.Second)
	for _, e := range a.pub.Events(nil) {
		switch e.Kind {
		case EventJoined:
			a.keys = map[string]uint64{}
		case EventReturned:
			if e.Restarted {
				a.keys = map[string]uint64{}
			}
		case EventKeySet:
			a.told++
			a.keys[e.Key] = e.Version
		case EventKeyDeleted:
			delete(a.keys, e.Key)
		}
	}
}

func (a *application) writes(now time.Duration, r wire.Record, key string) {
	a.st.Apply(now, &wire.Delta{
		Owner: wire.OwnerOf(wire.ID(r.Name), r.Life), To: 1, Entries: []wire.Entry{{Key: key, Value: []byte("v"), Version: 1}},
	}, 0, false)
}

// The last words of a process are told, then another one is there with a key of its own: that key is told once.
func TestKeysOfAProcessThatCameWithItAreToldOnce(t *testing.T) {
	first, second := life("b", 1, 5, 0), life("b", 2, 9, 0)
	a := newApplication()
	a.st.MergeRecord(1, first, 0, false)
	a.turn(1)
	a.st.MergeEnd(2, wire.End{Name: "b", Life: first.Life, Cause: wire.Failed}, 0)
	a.turn(2 * time.Second)
	a.writes(3*time.Second, first, "last words")
	a.turn(3 * time.Second)
	before := a.told
	a.st.MergeRecord(4*time.Second, second, 0, false)
	a.writes(4*time.Second, second, "first word")
	a.turn(4 * time.Second)
	if a.told != before+1 || before != 1 || len(a.keys) != 1 {
		t.Errorf("%d keys were told before and %d then; the application has %v", before, a.told-before, a.keys)
	}
}

// A process is ended, another one takes its name and is ended unseen, and then a view is entered that holds one of the
// two. Whatever was told of either, the application knows in the end what the snapshot has.
func TestReturnAfterAnotherProcessHadTheName(t *testing.T) {
	first, second := life("b", 1, 5, 0), life("b", 2, 9, 0)
	for told := range 16 {
		t.Run(fmt.Sprintf("%04b", told), func(t *testing.T) {
			back := life("b", 1, 5, 1)
			if told&8 > 0 {
				back = life("b", 2, 9, 1)
			}
			a := newApplication()
			a.st.MergeRecord(1, first, 0, false)
			if told&1 > 0 {
				a.writes(1, first, "first")
			}
			a.turn(1)
			if told&4 > 0 {
				a.st.MergeEnd(2, wire.End{Name: "b", Life: first.Life, Cause: wire.Failed}, 0)
				a.turn(2)
			}
			a.st.MergeEnd(3, wire.End{Name: "b", Life: second.Life, Cause: wire.Failed}, 0)
			a.st.MergeRecord(3, second, 0, false)
			a.turn(3)
			if told&2 > 0 {
				a.writes(4, second, "second")
				a.turn(4)
			}
			a.st.TakeOver(5, []*view.Member{a.st.Self.View(), view.NewMember(back)}, time.Hour)
			a.turn(5)
			m, _ := a.pub.Snapshot(5).Members.Get("b")
			if m.State != Alive || len(a.keys) != m.Keys.Len() {
				t.Errorf("the snapshot has %v with %d keys, the events told %v", m.State, m.Keys.Len(), a.keys)
			}
		})
	}
}

// What is forgotten may be alive under another life that comes with the same packet.
func TestReturnOfAForgottenMember(t *testing.T) {
	a := newApplication()
	b := life("b", 1, 5, 0)
	a.st.MergeRecord(1, b, 0, false)
	a.writes(1, b, "k")
	a.turn(1)
	a.st.MergeEnd(2, wire.End{Name: "b", Life: b.Life, Cause: wire.Forgotten}, 0)
	b.Life.Incarnation++
	a.st.MergeRecord(2, b, 0, false)
	a.turn(2)
	if m, _ := a.pub.Snapshot(2).Members.Get("b"); m.State != Alive || len(a.keys) != m.Keys.Len() {
		t.Errorf("the snapshot has %v with %d keys, the events told %v", m.State, m.Keys.Len(), a.keys)
	}
}

// A process, what it said and its successor may become known in one turn.
func TestSuccessorInTheSameTurn(t *testing.T) {
	a := newApplication()
	first, second := life("b", 1, 5, 0), life("b", 2, 9, 0)
	a.st.MergeRecord(1, first, 0, false)
	a.writes(1, first, "first")
	a.st.MergeRecord(1, second, 0, false)
	a.turn(1)
	if len(a.keys) > 0 {
		t.Errorf("it was told %v", a.keys)
	}
	a.st.MergeRecord(2, life("b", 3, 4, 0), 0, false)
	a.writes(2, life("b", 3, 4, 0), "third")
	a.turn(2)
	if len(a.keys) != 1 || a.keys["third"] == 0 {
		t.Errorf("it was told %v", a.keys)
	}
}
