package admission

import (
	"net/netip"
	"testing"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/wire"
)

var (
	seedAddr  = netip.MustParseAddrPort("10.0.0.9:7787")
	otherAddr = netip.MustParseAddrPort("10.0.0.8:7787")
)

// seeking is a member that has just asked its seeds.
func seeking(seeds ...netip.AddrPort) (*Door, *busyHost) {
	d, host := busyDoor()
	d.hasSeeds, d.settled = true, false
	d.SetSeeds(time.Second, seeds)
	d.Tick(time.Second)
	return d, host
}

// Who has but one seed asks it at once to be let in, who has more asks first who they are.
func TestOneSeedIsNothingToChooseFrom(t *testing.T) {
	_, host := seeking(seedAddr)
	if j := taken[wire.Join](host); len(j) != 1 || j[0].Probe {
		t.Errorf("it asked its seed %+v", j)
	}
	_, host = seeking(seedAddr, otherAddr)
	if j := taken[wire.Join](host); len(j) != 2 || !j[0].Probe || !j[1].Probe {
		t.Errorf("it asked its seeds %+v", j)
	}
}

// Whatever the only seed says first, be it that the joiner is in, answers the question.
func TestTheFirstAnswerOfTheOnlySeedCounts(t *testing.T) {
	self := wire.Record{Name: "seed", Life: wire.Life{Generation: 1, Boot: 1}}
	list := []wire.Record{self, {Name: "s", Life: wire.Life{Generation: 1, Boot: 2}, Addr: seedAddr}}
	var hash uint64
	for _, r := range list {
		hash += wire.LifeHash(wire.ID(r.Name), r.Life)
	}
	for _, m := range []wire.Message{
		wire.Wait{Size: 1},
		wire.Refuse{Reason: wire.RefusedBusy},
		wire.Admitted{View: hash, Parts: 2},
		wire.Roster{View: hash, Part: 0, Parts: 2, Lives: list[:1]},
	} {
		d, _ := seeking(seedAddr)
		if d.Receive(2*time.Second, otherAddr, wire.Header{}, nil, m); d.attempt != nil {
			t.Errorf("%T of a stranger is taken for an answer", m)
		}
		d.Receive(2*time.Second, seedAddr, wire.Header{}, nil, m)
		if d.attempt == nil || d.attempt.targets[0] != seedAddr || d.attempt.asked != time.Second || !d.settled {
			t.Fatalf("%T is not taken for an answer", m)
		}
		switch m.(type) {
		case wire.Admitted, wire.Roster:
			if d.attempt.intake == nil {
				t.Errorf("%T does not begin the list", m)
			}
		}
	}
}

// A seed that is gone is asked more and more seldom, and does not keep a member from letting in others.
func TestASeedThatIsGoneKeepsNobodyOut(t *testing.T) {
	d, host := seeking(seedAddr)
	asked := len(taken[wire.Join](host))
	for now := time.Second; now < 11*time.Second; now += 5 * time.Millisecond {
		d.tickSeek(now)
		asked += len(taken[wire.Join](host))
	}
	if !d.settled || d.Joining() || asked < 12 || asked > 20 {
		t.Errorf("settled %v, joining %v; the seed was asked %d times in ten seconds", d.settled, d.Joining(), asked)
	}
}

// Whom a member counts on was let in: if no word has come it is lost, and asked for at once, but not with each packet.
func TestWhoIsCountedOnAsksForTheWord(t *testing.T) {
	d, host := seeking(seedAddr)
	now := 2 * time.Second
	d.Receive(now, seedAddr, wire.Header{}, nil, wire.Wait{Size: 1, In: time.Second})
	taken[wire.Join](host)
	tag := wire.Tag(d.self, d.st.Self.Record.Life)
	d.Expected(now, otherAddr, tag+1)
	if d.tickAttempt(now + wordTakes); len(taken[wire.Join](host)) != 0 {
		t.Error("another life is counted on")
	}
	asked := 0
	for range 5 {
		d.Expected(now, otherAddr, tag)
		now += wordTakes
		d.tickAttempt(now)
		asked += len(taken[wire.Join](host))
	}
	if asked != 1 {
		t.Errorf("it asked %d times", asked)
	}
}

// A list that comes is collected, whatever other one the admitter tells of: that may be of those alone who came since.
func TestAListThatComesIsCollected(t *testing.T) {
	d, _ := seeking(seedAddr)
	now := 2 * time.Second
	for _, step := range []struct {
		after time.Duration
		view  uint64
		want  uint64
	}{{0, 1, 1}, {rosterStalls / 2, 2, 1}, {rosterStalls, 2, 2}} {
		now += step.after
		d.Receive(now, seedAddr, wire.Header{}, nil, wire.Admitted{View: step.view, Parts: 5})
		if got := d.attempt.intake.View(); got != step.want {
			t.Errorf("told of the list %d after %v it collects %d", step.view, step.after, got)
		}
	}
}
