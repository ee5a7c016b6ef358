package detector

import (
	"testing"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// told is a detector of n0, one of 20, that these rumours came to, and whom it does not watch.
func told(rumours ...wire.Rumour) (d *Detector, far []int) {
	d, _ = alone(20)
	for i, r := range rumours {
		r.Seq, r.Every = uint64(i)+1, time.Second
		d.Receive(time.Second, d.v.Find(r.Author.ID), r)
	}
	for i := 1; i < 20; i++ {
		if !among(d.near, testMember(i).ID) {
			far = append(far, i)
		}
	}
	return d, far
}

func endBy(i int, accusers ...int) wire.End {
	m := testMember(i)
	e := wire.End{Name: m.Name, Life: m.Life, Cause: wire.Failed}
	for _, a := range accusers {
		e.Accusers = append(e.Accusers, testMember(a).ID)
	}
	return e
}

func TestAnEndIsDisputedWhileWhatIsKnownSpeaksAgainstIt(t *testing.T) {
	_, far := told()
	s, a, b := far[0], far[1], far[2]
	var watchers []int // of s, who are not its accusers
	for i := 1; i < 20; i++ {
		if among(testView(20).Neighbors(testMember(s).ID), testMember(i).ID) && i != a && i != b {
			watchers = append(watchers, i)
		}
	}
	accusers := []wire.Rumour{says(a, []int{s}, nil), says(b, []int{s}, nil)}
	for _, x := range [...]struct {
		what     string
		rumours  []wire.Rumour
		end      wire.End
		disputed bool
	}{
		{"nothing is known here", nil, endBy(s, a, b), false},
		{"one accuser", nil, endBy(s, a), true},
		{"accusers that are not in the view", nil, endBy(s, 50, 51), true},
		{"accused here as well", accusers, endBy(s, a, b), false},
		{"a watcher vouches", append(accusers[:2:2], says(watchers[0], nil, []int{s})), endBy(s, a, b), true},
		{"most watchers accuse it, and one vouches", []wire.Rumour{says(watchers[0], nil, []int{s})}, endBy(s, watchers[1:]...), false},
		{"its accusers are accused, by too few", []wire.Rumour{says(watchers[0], []int{a, b}, nil)}, endBy(s, a, b), false},
		{"its accusers are convicted", []wire.Rumour{
			says(far[3], []int{a, b}, nil), says(far[4], []int{a, b}, nil), says(far[5], []int{a, b}, nil), says(far[6], []int{a, b}, nil),
			says(far[7], []int{a, b}, nil), says(far[8], []int{a, b}, nil), says(far[9], []int{a, b}, nil),
		}, endBy(s, a, b), true},
	} {
		d, _ := told(x.rumours...)
		if got := d.Disputes(time.Second, x.end); got != x.disputed {
			t.Errorf("%s: disputed %v", x.what, got)
		}
		left := x.end
		left.Cause = wire.Left
		if d.Disputes(time.Second, left) {
			t.Errorf("%s: a farewell is disputed", x.what)
		}
		x.end.Age = disputeFor
		if d.Disputes(time.Second, x.end) {
			t.Errorf("%s: an old end is disputed", x.what)
		}
	}
}

func TestWhoHearsAMemberDisputesItsEnd(t *testing.T) {
	d, s := alone(5) // two accuse it, and a fourth says nothing
	pass(d, s, time.Second, 10*time.Second, all)
	e := d.edges[0]
	end := wire.End{Name: e.m.Name, Life: e.m.Life, Cause: wire.Failed, Accusers: []uint64{d.edges[1].m.ID, d.edges[2].m.ID}}
	if !d.Disputes(e.answered+forgiven/2, end) {
		t.Error("not disputed though it has just answered")
	}
	if d.Disputes(e.answered+forgiven, end) {
		t.Error("disputed though it has been silent since")
	}
}
