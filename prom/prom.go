// Package prom exports a Grapevine node's counters to Prometheus.
package prom

import (
	"maps"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/grapevine-gossip/grapevine"
)

// reasons are those for which something can be dropped. All are exported from the start, so that a rate over them is
// there before the first one happens.
var reasons = []string{
	"cluster", "version", "key", "checksum", "truncated", "malformed", "limit", "replay", "duplicate_name", "queue", "outside",
}

// states are those that members are counted by.
var states = []grapevine.State{grapevine.Alive, grapevine.Suspect, grapevine.Failed, grapevine.Leaving, grapevine.Left}

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("grapevine_"+name, help, labels, nil)
}

var (
	dropped          = desc("dropped_total", "Frames dropped, by reason.", "reason")
	members          = desc("members", "Known members, by state.", "state")
	stable           = desc("view_stable", "1 if all members have held this view, else 0.")
	viewSize         = desc("view_members", "Members in the view.")
	backlog          = desc("backlog_seconds", "Age of the oldest change that some neighbour lacks.")
	sentPackets      = desc("sent_packets_total", "Datagrams sent.")
	gotPackets       = desc("received_packets_total", "Datagrams received.")
	sentBytes        = desc("sent_bytes_total", "Bytes sent, by the way they went.", "via")
	gotBytes         = desc("received_bytes_total", "Bytes received, by the way they came.", "via")
	sentMessages     = desc("sent_messages_total", "Messages sent, by kind; a datagram can hold several.", "kind")
	sentMessageBytes = desc("sent_message_bytes_total", "Bytes of the messages sent, by kind, without the frames around them.", "kind")
	gotMessages      = desc("received_messages_total", "Messages received, by kind.", "kind")
	probes           = desc("probes_total", "Probes sent.")
	accusations      = desc("accusations_total", "Times this member said that it gets no answer from another.")
	phi              = desc("phi", "Suspicion of each member that this one watches.", "member")
	all              = []*prometheus.Desc{
		dropped, members, stable, viewSize, backlog, sentPackets, gotPackets, sentBytes, gotBytes, sentMessages, sentMessageBytes,
		gotMessages, probes, accusations, phi,
	}
)

type collector struct{ node *grapevine.Node }

// NewCollector returns a collector of the node's counters and state. They are read when it is asked.
func NewCollector(node *grapevine.Node) prometheus.Collector { return collector{node} }

// Describe sends the descriptions of all metrics.
func (collector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range all {
		out <- d
	}
}

// Collect sends the metrics as they are now.
func (c collector) Collect(out chan<- prometheus.Metric) {
	counter := func(d *prometheus.Desc, v uint64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
	}
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	s := c.node.Stats()
	drops := maps.Clone(s.Dropped)
	for _, r := range reasons {
		counter(dropped, drops[r], r)
		delete(drops, r)
	}
	for r, n := range drops {
		counter(dropped, n, r)
	}
	counter(sentPackets, s.PacketsOut)
	counter(gotPackets, s.PacketsIn)
	counter(sentBytes, s.BytesOut, "udp")
	counter(sentBytes, s.StreamBytesOut, "tcp")
	counter(gotBytes, s.BytesIn, "udp")
	counter(gotBytes, s.StreamBytesIn, "tcp")
	for kind, n := range s.SentByKind {
		counter(sentMessages, n, kind)
	}
	for kind, n := range s.SentBytesByKind {
		counter(sentMessageBytes, n, kind)
	}
	for kind, n := range s.ReceivedByKind {
		counter(gotMessages, n, kind)
	}
	counter(probes, s.Probes)
	counter(accusations, s.Accusations)
	c.collectState(gauge)
}

func (c collector) collectState(gauge func(*prometheus.Desc, float64, ...string)) {
	count := map[grapevine.State]int{}
	for m := range c.node.Members() {
		count[m.State]++
	}
	for m := range c.node.Ended() {
		count[m.State]++
	}
	for _, s := range states {
		gauge(members, float64(count[s]), s.String())
	}
	v := c.node.View()
	gauge(viewSize, float64(v.Size))
	isStable := 0.0
	if v.Stable {
		isStable = 1
	}
	gauge(stable, isStable)
	gauge(backlog, c.node.Backlog().Seconds())
	for _, p := range c.node.Peers() {
		gauge(phi, p.Phi, p.Name)
	}
}
