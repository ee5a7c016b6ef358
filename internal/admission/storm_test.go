package admission

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/store"
	"github.com/grapevine-gossip/grapevine/internal/view"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// busyHost is a member where packets wait for so long; it keeps what is sent.
type busyHost struct {
	Host
	lag  time.Duration
	sent []wire.Message
}

func (h *busyHost) Lag() time.Duration                         { return h.lag }
func (h *busyHost) Late(time.Duration) bool                    { return false }
func (h *busyHost) RecentlyHeard(int) []*view.Member           { return nil }
func (h *busyHost) Refused(time.Duration, Refusal)             {}
func (h *busyHost) WokeLate(time.Duration, time.Duration) bool { return false }
func (h *busyHost) Send(_ *view.Member, m wire.Message)        { h.sent = append(h.sent, m) }
func (h *busyHost) SendTo(_ netip.AddrPort, m wire.Message)    { h.sent = append(h.sent, m) }

// taken gives the messages of one kind that were sent, and forgets all.
func taken[T wire.Message](h *busyHost) (out []T) {
	for _, m := range h.sent {
		if t, ok := m.(T); ok {
			out = append(out, t)
		}
	}
	h.sent = nil
	return out
}

func busyDoor() (*Door, *busyHost) {
	host := &busyHost{}
	st := store.New(wire.Record{Name: "seed", Life: wire.Life{Generation: 1, Boot: 1}}, store.Limits{})
	return New(0, st, host, rand.New(rand.NewPCG(1, 1)), false, false), host
}

func (d *Door) askedBy(now time.Duration, i int) {
	r := wire.Record{
		Name: fmt.Sprint("n", i), Life: wire.Life{Generation: 1, Boot: uint64(i) + 2},
		Addr: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), 7787), MaxVersion: wire.MaxVersion,
	}
	d.onJoin(now, r.Addr, wire.Header{From: wire.RefOf(wire.ID(r.Name), r.Life)}, wire.Join{Record: r, Size: 1})
}

// A joiner is not tried again while its answer may wait here: of 5000 who started at once thousands were.
func TestNobodyIsTriedAgainWhileAnswersWait(t *testing.T) {
	for _, lag := range []time.Duration{0, 200 * time.Millisecond} {
		d, host := busyDoor()
		now := time.Second
		for i := range 50 {
			d.askedBy(now, i)
		}
		host.lag = lag
		taken[wire.Ping](host)
		for until := now + probePauses[0] + lag; now < until; now += 5 * time.Millisecond {
			if d.tickChecks(now); len(taken[wire.Ping](host)) > 0 {
				t.Fatalf("lag %v: tried again %v later", lag, now-time.Second)
			}
		}
		if d.tickChecks(now + 5*time.Millisecond); len(taken[wire.Ping](host)) != 50 {
			t.Errorf("lag %v: not tried again", lag)
		}
	}
}

// The window is kept open while more of a storm may wait here, and who is noted is told to wait for those.
func TestTheWindowWaitsForWhatWaitsHere(t *testing.T) {
	d, host := busyDoor()
	for i := range stormFrom {
		d.askedBy(time.Second, i)
	}
	now := time.Second + 2*stormPause
	if d.stormy(now) {
		t.Error("nobody comes any more")
	}
	in := d.waitMessage(now, netip.AddrPort{}).In
	host.lag = 3 * stormPause
	if !d.stormy(now) {
		t.Error("it does not wait for those who may be waiting here")
	}
	if more := d.waitMessage(now, netip.AddrPort{}).In - in; more != host.lag {
		t.Errorf("the joiner is told to wait %v longer, want %v", more, host.lag)
	}
}

// A storm lasts at least as long as it has, but not for ever: joiners are told so, for each question makes it longer.
func TestAStormLastsAsLongAgain(t *testing.T) {
	d, _ := busyDoor()
	for i := range stormFrom {
		d.askedBy(time.Second, i)
	}
	for _, c := range []struct{ past, more time.Duration }{
		{0, 0}, {400 * time.Millisecond, 400 * time.Millisecond}, {stormFor - 200*time.Millisecond, 200 * time.Millisecond}, {2 * stormFor, 0},
	} {
		if in := d.waitIn(time.Second + c.past); in < c.more || in > c.more+windowFor+stormFrom*perJoiner {
			t.Errorf("%v after it began: %v", c.past, in)
		}
	}
}

// A question that was sent before the answer to the last one came, and waited here meanwhile, is not answered again.
func TestAnAnswerUnderWayIsNotRepeated(t *testing.T) {
	d, host := busyDoor()
	d.askedBy(time.Second, 0)
	host.lag = 100 * time.Millisecond
	host.sent = nil
	if d.askedBy(time.Second+host.lag-1, 0); len(host.sent) > 0 {
		t.Errorf("answered with %+v", host.sent)
	}
	if d.askedBy(time.Second+host.lag, 0); len(host.sent) != 1 {
		t.Errorf("answered %d times", len(host.sent))
	}
}

// Who answers the second probe, for one packet was lost, is let in with the others: stragglers are a view more, which some of
// the others miss.
func TestOneLostProbeKeepsNobodyOut(t *testing.T) {
	d, host := busyDoor()
	const lossy = 7
	for i := range 10 {
		d.askedBy(time.Second, i)
	}
	answered := 0
	for now := time.Second; d.windowEnd > 0 && now < 2*time.Second; now += time.Millisecond {
		for _, m := range host.sent {
			p, ok := m.(wire.Ping)
			if c := d.bySeq[p.Seq&^(strictTries-1)]; ok && (c.ask.Record.Name != fmt.Sprint("n", lossy) || p.Seq != c.seq) {
				answered++
				d.Acked(now, c.ask.Record.Addr, wire.Header{From: wire.RefOf(c.id, c.ask.Record.Life)}, wire.Ack{Seq: p.Seq})
			}
		}
		host.sent = nil
		d.Tick(now)
	}
	if v := d.st.View(); answered != 10 || v.Len() != 11 || d.lastDoor >= time.Second+windowFor+10*time.Millisecond {
		t.Errorf("%d answers, a view of %d %v later", answered, v.Len(), d.lastDoor-time.Second)
	}
}

// fourTimes is a source of chance that says everything so often.
type fourTimes uint64

func (s *fourTimes) Uint64() uint64 {
	*s++
	return uint64(*s) / 4 * 0x9e3779b97f4a7c15
}

// No two checks are told apart by chance alone: of 10,000 joiners one was tried eight times in vain, and let in a second late,
// for its answers counted for another one.
func TestEachCheckHasNumbersOfItsOwn(t *testing.T) {
	d, _ := busyDoor()
	chance := fourTimes(1)
	d.rng = rand.New(&chance)
	for i := range 10 {
		d.askedBy(time.Second, i)
	}
	if len(d.checks) != 10 || len(d.bySeq) != 10 {
		t.Errorf("%d checks have %d numbers", len(d.checks), len(d.bySeq))
	}
}
