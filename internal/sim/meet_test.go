package sim

import (
	"testing"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/gossip"
)

// Nobody seeks who has left. Who has not heard of it yet does not count either: it soon will.
func TestWhoLeftIsNobodysAcquaintance(t *testing.T) {
	w := New(Config{Seed: 1, Link: lan()})
	nodes := w.StartMany(4)
	if _, ok := w.Until(5*time.Second, func() bool { return Stable(nodes) }); !ok {
		t.Fatal("not stable")
	}
	leaver, unaware := nodes[2], nodes[3]
	w.Cut(unaware)
	if err := w.Leave(leaver); err != nil {
		t.Fatal(err)
	}
	w.Run(500 * time.Millisecond)
	if _, err := w.Do(leaver, gossip.Restart{Boot: 99}); err != nil {
		t.Fatal(err)
	}
	if m, ok := unaware.snap.Members.Get(leaver.Name); !ok || !there(m) {
		t.Fatal("the cut off member knows already")
	}
	for _, a := range w.acquaintances(w.ActiveNodes()) {
		if a.to == leaver && a.from != leaver {
			t.Errorf("%s is to contact the one that left", a.from.Name)
		}
	}
}
