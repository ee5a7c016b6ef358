package scenario

import (
	"time"

	"github.com/grapevine-gossip/grapevine/internal/chart"
	"github.com/grapevine-gossip/grapevine/internal/sim"
)

// sent is what members sent up to a moment.
type sent struct {
	at             time.Duration
	bytes, packets uint64
}

func (y *play) sent() sent {
	s := sent{at: y.Now()}
	for _, n := range y.World.Nodes() {
		s.bytes += n.Sent.Bytes + n.Sent.StreamBytes
		s.packets += n.Sent.Packets
	}
	return s
}

// received is what members received of changes.
type received struct {
	copies, known, echoes uint64 // in all; already held; of its own
}

func (y *play) received() received {
	var r received
	for _, n := range y.World.Nodes() {
		c := n.Machine().Stats()
		r.copies += c.Copies
		r.known += c.Known
		r.echoes += c.Echoes
	}
	return r
}

// per gives bytes and packets for each member and second since an earlier moment.
func (s sent) per(before sent, members int) (bytes, packets float64) {
	over := (s.at - before.at).Seconds() * float64(members)
	return float64(s.bytes-before.bytes) / over, float64(s.packets-before.packets) / over
}

// tellTraffic puts what was sent since an earlier moment among the figures.
func (y *play) tellTraffic(before sent) {
	bytes, packets := y.sent().per(before, len(y.ActiveNodes()))
	y.level("bytes_per_member_s", "bytes sent, per member and second", bytes)
	y.level("packets_per_member_s", "packets sent, per member and second", packets)
}

// recorder notes things over time while a scenario goes on.
type recorder struct {
	y      *play
	begin  time.Duration
	every  time.Duration
	until  time.Duration
	last   sent
	bytes  []chart.Point
	agreed []chart.Point
}

// record samples what is sent and how many agree, from now on until stop.
func (y *play) record(every time.Duration) *recorder {
	r := &recorder{y: y, begin: y.Now(), every: every, last: y.sent()}
	y.At(every, r.sample)
	return r
}

func (r *recorder) sample() {
	if r.until > 0 {
		return
	}
	y := r.y
	now := y.sent()
	live := y.ActiveNodes()
	x := (y.Now() - r.begin).Seconds()
	bytes, _ := now.per(r.last, max(len(live), 1))
	r.bytes = append(r.bytes, chart.Point{X: x, Y: bytes})
	r.agreed = append(r.agreed, chart.Point{X: x, Y: 100 * largestParty(live)})
	r.last = now
	y.At(r.every, r.sample)
}

// stop ends the record and puts it among the series.
func (r *recorder) stop() {
	r.until = r.y.Now()
	r.y.series(Series{
		Name: "bytes_over_time", X: "time, s", Y: "bytes sent per member and second",
		Line: chart.Line{Points: r.bytes},
	})
	r.y.series(Series{
		Name: "agreement_over_time", X: "time, s", Y: "members that hold the commonest view, %",
		Line: chart.Line{Points: r.agreed},
	})
}

// largestParty is the share of the members that hold the view that most hold.
func largestParty(nodes []*sim.Node) float64 {
	if len(nodes) == 0 {
		return 0
	}
	held := map[uint64]int{}
	most := 0
	for _, n := range nodes {
		v := n.Snapshot().View
		held[v]++
		most = max(most, held[v])
	}
	return float64(most) / float64(len(nodes))
}
