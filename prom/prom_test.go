package prom_test

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/grapevine-gossip/grapevine"
	"github.com/grapevine-gossip/grapevine/grapevinetest"
	"github.com/grapevine-gossip/grapevine/prom"
)

// Every metric that dashboards and alerts are built on is there from the start, with its labels, and passes the linter of
// its format.
func TestCollector(t *testing.T) {
	node, err := grapevine.Start(t.Context(), grapevine.Config{Name: "n1", Transport: grapevinetest.NewNetwork(1).Transport("")})
	if err != nil {
		t.Fatal(err)
	}
	defer node.Close()
	registry := prometheus.NewPedanticRegistry()
	collector := prom.NewCollector(node)
	if err := registry.Register(collector); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"grapevine_members", "grapevine_view_stable", "grapevine_backlog_seconds", "grapevine_dropped_total"} {
		if n, err := testutil.GatherAndCount(registry, name); err != nil || n == 0 {
			t.Errorf("%s: %d series, %v", name, n, err)
		}
	}
	problems, err := testutil.CollectAndLint(collector)
	if err != nil || len(problems) > 0 {
		t.Errorf("%v %v", problems, err)
	}
	if err := node.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := registry.Gather(); err != nil {
		t.Errorf("after Close: %v", err)
	}
}
