package stability

import (
	"math"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/view"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

const start = time.Minute

// sent is one message of the tree under test.
type sent struct {
	to uint64
	m  wire.Message
}

type recorder struct {
	out    []sent
	stable []uint64
}

func (r *recorder) Send(to *view.Member, m wire.Message) { r.out = append(r.out, sent{to.ID, m}) }

func (r *recorder) Stabilized(_ time.Duration, v *view.View) { r.stable = append(r.stable, v.Hash()) }

func (r *recorder) expect(t *testing.T, want ...sent) {
	t.Helper()
	if len(r.out) != len(want) || len(want) > 0 && !reflect.DeepEqual(r.out, want) {
		t.Errorf("sent %+v, want %+v", r.out, want)
	}
	r.out = nil
}

// family is a view of three and the tree of its root or of one of its leaves.
type family struct {
	v      *view.View
	h      uint64
	root   *view.Member
	leaves []*view.Member
	tree   *Tree
	recorder
}

func newFamily() *family {
	f := &family{v: viewOf(names(3)...)}
	f.h = f.v.Hash()
	f.root = f.v.At(0)
	if p := f.v.Parent(f.root.ID); p != nil {
		f.root = p
	}
	f.leaves = f.v.Children(f.root.ID)
	return f
}

func rootOfThree() *family {
	f := newFamily()
	f.tree = New(f.root.ID, f)
	return f
}

func leafOfThree() *family {
	f := newFamily()
	f.tree = New(f.leaves[0].ID, f)
	return f
}

func (f *family) get(from *view.Member, m wire.Message) { f.tree.Receive(f.tree.now, from, m) }

func TestAViewOfOneIsStableAtOnce(t *testing.T) {
	f := newFamily()
	f.tree = New(f.root.ID, f)
	v := viewOf(f.root)
	f.tree.SetView(start, v)
	if !f.tree.Stable() || !slices.Equal(f.stable, []uint64{v.Hash()}) || f.tree.Next() != 0 {
		t.Errorf("stable %v, reported %v, next %v", f.tree.Stable(), f.stable, f.tree.Next())
	}
	f.expect(t)
}

func TestAViewWithoutOneselfIsNeverStable(t *testing.T) {
	f := newFamily()
	f.tree = New(f.root.ID, f)
	f.tree.SetView(start, viewOf(f.leaves[0]))
	f.get(f.leaves[0], wire.Up{View: viewOf(f.leaves[0]).Hash(), Phase: wire.Held})
	f.tree.Tick(start + time.Hour)
	if f.tree.Stable() || f.tree.Next() != 0 || len(f.tree.WaitingFor()) > 0 {
		t.Error("takes part in a view of others")
	}
}

func TestTheRootSpeaksWhenAllChildrenHave(t *testing.T) {
	f := rootOfThree()
	a, b := f.leaves[0], f.leaves[1]
	f.tree.SetView(start, f.v)
	f.get(a, wire.Up{View: f.h, Phase: wire.Held})
	f.get(a, wire.Up{View: f.h, Phase: wire.Held})
	ack := wire.TreeAck{View: f.h, Phase: wire.Held}
	f.expect(t, sent{a.ID, ack}, sent{a.ID, ack})
	f.get(b, wire.Up{View: f.h, Phase: wire.Held})
	down := wire.Down{View: f.h, Phase: wire.Held}
	f.expect(t, sent{b.ID, ack}, sent{a.ID, down}, sent{b.ID, down})
	f.get(a, wire.Up{View: f.h, Phase: wire.Stable})
	if f.tree.Stable() {
		t.Error("stable before the second child said up2")
	}
	f.get(b, wire.Up{View: f.h, Phase: wire.Stable})
	if !f.tree.Stable() || len(f.stable) != 1 {
		t.Error("not stable after all said up2")
	}
}

func TestAReportIsRepeatedUntilAcknowledgedAndThenOnceASecond(t *testing.T) {
	f := leafOfThree()
	f.tree.SetRTT(4 * time.Millisecond)
	up := sent{f.root.ID, wire.Up{View: f.h, Phase: wire.Held}}
	f.tree.SetView(start, f.v)
	f.expect(t, up)
	at := start
	want := []time.Duration{8 * time.Millisecond, 12 * time.Millisecond, 18 * time.Millisecond, 27 * time.Millisecond}
	for _, wait := range want {
		if f.tree.Next() != at+wait {
			t.Fatalf("repeats after %v, want %v", f.tree.Next()-at, wait)
		}
		at += wait
		f.tree.Tick(at - 1)
		f.expect(t)
		f.tree.Tick(at)
		f.expect(t, up)
	}
	f.get(f.root, wire.TreeAck{View: f.h, Phase: wire.Held})
	f.tree.Tick(at + maxRepeat - 1)
	f.expect(t)
	f.tree.Tick(at + maxRepeat)
	f.expect(t, up)
	f.get(f.root, wire.Down{View: f.h, Phase: wire.Held})
	f.expect(t, sent{f.root.ID, wire.TreeAck{View: f.h, Phase: wire.Held, Down: true}},
		sent{f.root.ID, wire.Up{View: f.h, Phase: wire.Stable}})
	for range 100 {
		f.tree.Tick(f.tree.Next())
	}
	if f.tree.s.parent.wait != maxRepeat {
		t.Errorf("repeats at last every %v, want %v", f.tree.s.parent.wait, maxRepeat)
	}
}

func TestAReportAboutAViewToComeIsAcknowledgedAndNotLost(t *testing.T) {
	f := rootOfThree()
	a, b := f.leaves[0], f.leaves[1]
	f.tree.SetView(start, viewOf(f.root, a))
	f.out = nil
	f.get(a, wire.Up{View: f.h, Epoch: 3, Phase: wire.Held})
	f.expect(t, sent{a.ID, wire.TreeAck{View: f.h, Epoch: 3, Phase: wire.Held}})
	// A late duplicate of an earlier interval must not displace it, nor must reports about other views.
	f.get(a, wire.Up{View: f.h, Epoch: 2, Phase: wire.Stable})
	for i := range uint64(keptViews - 1) {
		f.get(a, wire.Up{View: i, Phase: wire.Held})
	}
	f.tree.SetView(start, f.v)
	f.out = nil
	if !slices.Equal(f.tree.WaitingFor(), []uint64{b.ID}) || f.tree.s.epoch != 3 {
		t.Errorf("waits for %v in epoch %d, want %v in 3", f.tree.WaitingFor(), f.tree.s.epoch, b.ID)
	}
}

func TestWhatIsNotKeptIsNotAcknowledged(t *testing.T) {
	f := rootOfThree()
	f.tree.SetView(start, f.v)
	for i, m := range names(view.TreeArity + 1) {
		f.out = nil
		f.get(m, wire.Up{View: 1, Phase: wire.Held})
		if acked := len(f.out) == 1; acked != (i < view.TreeArity) {
			t.Errorf("report %d acknowledged: %v", i, acked)
		}
	}
}

func TestWhoReturnsTakesAHigherEpoch(t *testing.T) {
	f := leafOfThree()
	other := viewOf(f.root, f.leaves[0])
	for epoch := range uint32(4) {
		f.tree.SetView(start, f.v)
		f.expect(t, sent{f.root.ID, wire.Up{View: f.h, Epoch: epoch, Phase: wire.Held}})
		if epoch%2 == 0 {
			f.tree.SetView(start, other)
		} else {
			f.tree.Reset(start)
		}
		f.out = nil
	}
}

func TestForgettingNeverBringsAnEpochBack(t *testing.T) {
	f := leafOfThree()
	f.tree.SetView(start, f.v)
	f.get(f.root, wire.HoldOuts{View: f.h, Epoch: 5, Down: true})
	all := names(3 + epochViews + 1)
	for _, m := range all[3:] {
		f.tree.SetView(start, viewOf(f.root, f.leaves[0], m))
	}
	if n := len(f.tree.epochs.byView); n != epochViews || f.tree.epochs.order.Len() != n {
		t.Errorf("remembers %d views, want %d", n, epochViews)
	}
	f.tree.SetView(start, f.v)
	if f.tree.s.epoch <= 5 {
		t.Errorf("back in epoch %d, which was held before", f.tree.s.epoch)
	}
	was := f.tree.s.epoch
	f.tree.Reset(start)
	f.tree.SetView(start+epochFor, f.v)
	if f.tree.s.epoch <= was || len(f.tree.epochs.byView) != 0 {
		t.Errorf("a day later back in epoch %d, and remembers %d views", f.tree.s.epoch, len(f.tree.epochs.byView))
	}
}

func TestAHigherEpochStartsOverInTheMiddleOfPhaseTwo(t *testing.T) {
	f := rootOfThree()
	a, b := f.leaves[0], f.leaves[1]
	f.tree.SetView(start, f.v)
	f.get(a, wire.Up{View: f.h, Phase: wire.Held})
	f.get(b, wire.Up{View: f.h, Phase: wire.Held})
	f.get(a, wire.Up{View: f.h, Phase: wire.Stable})
	f.out = nil
	f.get(b, wire.Up{View: f.h, Epoch: 1, Phase: wire.Held})
	f.expect(t, sent{b.ID, wire.TreeAck{View: f.h, Epoch: 1, Phase: wire.Held}},
		sent{a.ID, wire.HoldOuts{View: f.h, Epoch: 1, IDs: nil, Down: true}})
	// What was said under the old tag is over, and who says it again is told so.
	f.get(a, wire.Up{View: f.h, Phase: wire.Stable})
	f.expect(t, sent{a.ID, wire.HoldOuts{View: f.h, Epoch: 1, IDs: nil, Down: true}})
	f.get(b, wire.TreeAck{View: f.h, Phase: wire.Held, Down: true})
	if !slices.Equal(f.tree.WaitingFor(), []uint64{a.ID}) || f.tree.Stable() {
		t.Errorf("waits for %v, want %v", f.tree.WaitingFor(), a.ID)
	}
}

func TestWhatIsKeptOfALowerEpochDoesNotCount(t *testing.T) {
	f := rootOfThree()
	f.tree.SetView(start, f.v)
	f.tree.Reset(start)
	f.get(f.leaves[0], wire.Up{View: f.h, Phase: wire.Held})
	f.tree.SetView(start, f.v)
	if len(f.tree.WaitingFor()) != 2 || f.tree.s.epoch != 1 {
		t.Errorf("waits for %v in epoch %d, want both children in 1", f.tree.WaitingFor(), f.tree.s.epoch)
	}
}

func TestALowerEpochIsAnsweredByTheHigherOneNotAcknowledged(t *testing.T) {
	f := leafOfThree()
	f.tree.SetView(start, f.v)
	f.get(f.root, wire.HoldOuts{View: f.h, Epoch: 1, Down: true})
	f.out = nil
	f.get(f.root, wire.Down{View: f.h, Phase: wire.Held})
	f.expect(t, sent{f.root.ID, wire.Up{View: f.h, Epoch: 1, Phase: wire.Held}})
}

func TestTheCodeInsistsOnItsOwnWord(t *testing.T) {
	f := leafOfThree()
	f.tree.SetView(start, f.v)
	f.out = nil
	f.get(f.root, wire.Down{View: f.h, Phase: wire.Stable})
	f.get(f.root, wire.Down{View: f.h, Epoch: 1, Phase: wire.Stable})
	if f.tree.Stable() || f.tree.s.down != 0 {
		t.Error("a Down counts that answers no Up")
	}
	f = rootOfThree()
	f.tree.SetView(start, f.v)
	f.get(f.leaves[0], wire.Up{View: f.h, Phase: wire.Stable})
	f.get(f.leaves[1], wire.Up{View: f.h, Phase: wire.Stable})
	if f.tree.Stable() || f.tree.s.down != wire.Held {
		t.Error("an up2 counts of one who was not told down1")
	}
}

func TestStrangersAndImpossibleTagsAreIgnored(t *testing.T) {
	f := rootOfThree()
	f.tree.SetView(start, f.v)
	stranger := names(4)[3]
	for _, from := range []*view.Member{stranger, f.root} {
		f.get(from, wire.Up{View: f.h, Epoch: 1, Phase: wire.Held})
		f.get(from, wire.Down{View: f.h, Epoch: 1, Phase: wire.Held})
		f.get(from, wire.TreeAck{View: f.h, Epoch: 1, Phase: wire.Held})
		f.get(from, wire.HoldOuts{View: f.h, Epoch: 1, IDs: []uint64{1}})
	}
	a := f.leaves[0]
	f.get(a, wire.Up{View: f.h, Epoch: math.MaxUint32, Phase: wire.Held})
	f.get(a, wire.Up{View: f.h, Phase: 0})
	f.get(a, wire.Up{View: f.h, Phase: 3})
	f.get(a, wire.TreeAck{View: f.h, Epoch: math.MaxUint32, Phase: wire.Held, Down: true})
	f.get(a, wire.HoldOuts{View: f.h, Epoch: math.MaxUint32, IDs: []uint64{1}})
	f.get(a, wire.Ping{Seq: 1})
	f.expect(t)
	if len(f.tree.WaitingFor()) != 2 || f.tree.s.epoch != 0 {
		t.Errorf("waits for %v in epoch %d", f.tree.WaitingFor(), f.tree.s.epoch)
	}
}

func TestWhoRunsOutOfEpochsTakesNoPart(t *testing.T) {
	f := leafOfThree()
	f.tree.SetView(start, f.v)
	f.get(f.root, wire.HoldOuts{View: f.h, Epoch: maxEpoch, Down: true})
	for range 3 {
		f.tree.Reset(start)
		f.out = nil
		f.tree.SetView(start, f.v)
		f.expect(t)
		if f.tree.Stable() || f.tree.Next() != 0 {
			t.Error("takes part under an epoch used before")
		}
	}
}

func TestANewAddressIsNoNewView(t *testing.T) {
	f := leafOfThree()
	f.tree.SetView(start, f.v)
	f.get(f.root, wire.Down{View: f.h, Phase: wire.Held})
	f.get(f.root, wire.Down{View: f.h, Phase: wire.Stable})
	moved := make([]*view.Member, 3)
	for i, m := range f.v.All() {
		r := m.Record
		r.AddrVersion++
		moved[i] = view.NewMember(r)
	}
	v := view.New(moved)
	f.tree.SetView(start, v)
	if !f.tree.Stable() || len(f.stable) != 1 || f.tree.s.parent.m != v.Parent(f.tree.self) {
		t.Error("starts over, or keeps to the old addresses")
	}
}

func TestMemoryIsBounded(t *testing.T) {
	f := rootOfThree()
	f.tree.SetView(start, f.v)
	for i := range uint64(10_000) {
		f.get(f.leaves[i%2], wire.Up{View: i, Epoch: uint32(i), Phase: wire.Held})
		f.get(f.leaves[i%2], wire.HoldOuts{View: i % 100, Epoch: uint32(i)})
	}
	if k := f.tree.kept; len(k.order) > keptViews || len(k.byView) != len(k.order) {
		t.Errorf("keeps %d views in order and %d in all, want at most %d", len(k.order), len(k.byView), keptViews)
	}
	f.get(f.leaves[0], wire.HoldOuts{View: f.h, IDs: make([]uint64, 1000)})
	if n := len(f.tree.s.child(f.leaves[0].ID).named); n > wire.MaxNames {
		t.Errorf("keeps %d names of a child", n)
	}
}

// A child may be in the view and not know, for the word to it was lost: then nothing but this message tells it.
func TestAChildThatIsSilentHearsOfTheView(t *testing.T) {
	f := rootOfThree()
	a, b := f.leaves[0], f.leaves[1]
	f.tree.SetView(start, f.v)
	f.get(a, wire.Up{View: f.h, Phase: wire.Held})
	f.expect(t, sent{a.ID, wire.TreeAck{View: f.h, Phase: wire.Held}})
	if f.tree.Next() != start+childEnters {
		t.Errorf("next %v", f.tree.Next()-start)
	}
	f.tree.Tick(start + childEnters)
	f.expect(t, sent{b.ID, wire.HoldOuts{View: f.h, Down: true}})
	f.tree.Tick(f.tree.Next())
	f.expect(t, sent{b.ID, wire.HoldOuts{View: f.h, Down: true}})

	leaf := leafOfThree()
	leaf.tree.SetView(start, leaf.v)
	leaf.expect(t, sent{leaf.root.ID, wire.Up{View: leaf.h, Phase: wire.Held}})
	leaf.get(leaf.root, wire.TreeAck{View: leaf.h, Phase: wire.Held})
	leaf.tree.Tick(start + childEnters)
	leaf.expect(t)
}
