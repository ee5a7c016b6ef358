package detector

import (
	"testing"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// asked passes time while the first so many probes of one member get lost, and counts what others were asked meanwhile.
func asked(lost int) (relays, calls int, accused bool) {
	d, s := alone(20)
	pass(d, s, time.Second, 10*time.Second, all)
	subject := d.near[0].ID
	for now := 10 * time.Second; now < 20*time.Second; now += time.Millisecond {
		pass(d, s, now, now+time.Millisecond, func(id uint64) bool {
			if id != subject || lost == 0 {
				return true
			}
			lost--
			return false
		})
		for _, m := range s.sent {
			switch m.(type) {
			case wire.RelayPing:
				relays++
			case wire.Call:
				calls++
			}
		}
		accused = accused || len(d.Accuses()) > 0
	}
	return relays, calls, accused
}

// One lost probe costs two more; others are asked when the burst begins with another miss.
func TestOthersAreAskedWhenABurstIsNotAnsweredSoon(t *testing.T) {
	if relays, calls, accused := asked(1); relays+calls > 0 || accused {
		t.Errorf("after one lost probe %d relays, %d calls, accused: %v", relays, calls, accused)
	}
	if relays, calls, accused := asked(2); relays == 0 || calls == 0 || accused {
		t.Errorf("after two %d relays, %d calls, accused: %v", relays, calls, accused)
	}
	if relays, calls, accused := asked(1000); relays == 0 || calls == 0 || !accused {
		t.Errorf("of one that is silent %d relays, %d calls, accused: %v", relays, calls, accused)
	}
}

// Where two are missed at once, others are asked at once.
func TestABurstBesideAnotherIsWide(t *testing.T) {
	d, s := alone(20)
	pass(d, s, time.Second, 10*time.Second, all)
	first, second := d.edges[0], d.edges[1]
	now := 10 * time.Second
	d.startBurst(now, first)
	d.startBurst(now, second)
	if first.burst.wide || !second.burst.wide || d.companyAt == 0 {
		t.Errorf("the first is wide: %v, the second: %v, company at %v", first.burst.wide, second.burst.wide, d.companyAt)
	}
}
