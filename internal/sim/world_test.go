package sim

import (
	"testing"
	"time"
)

// lan is a usual network.
func lan() Link {
	return Link{Latency: Latency{Shape: Uniform, Least: 200 * time.Microsecond, Most: time.Millisecond}}
}

func TestClusterFormsLosesOneAndTakesItBack(t *testing.T) {
	w := New(Config{Seed: 1, Link: lan(), Check: AllChecks})
	nodes := w.StartMany(20)
	took, ok := w.Until(5*time.Second, func() bool { return Stable(nodes) })
	if !ok {
		t.Fatalf("not stable; %v", w.Violations())
	}
	t.Logf("stable after %v", took)
	if err := w.Set(nodes[3], "k", "v"); err != nil {
		t.Fatal(err)
	}
	seen := w.Watch(func(n *Node) bool { v, _ := n.Value("n3", "k"); return v == "v" })
	w.Run(time.Second)
	if len(seen.At) != 20 {
		t.Errorf("%d of 20 read it", len(seen.At))
	}
	t.Logf("read everywhere after %v", seen.Delays()[len(seen.At)-1])
	w.Crash(nodes[7])
	rest := w.ActiveNodes()
	took, ok = w.Until(6*time.Second, func() bool { return Stable(rest) })
	if !ok || len(rest) != 19 {
		t.Errorf("the crashed one is still there; %v", w.Violations())
	}
	t.Logf("gone after %v", took)
	w.Restart(nodes[7], false, nil)
	if _, ok = w.Until(6*time.Second, func() bool { return Stable(nodes) }); !ok {
		t.Errorf("it is not back; %v", w.Violations())
	}
	if v := w.Violations(); len(v) > 0 {
		t.Error(v)
	}
}
