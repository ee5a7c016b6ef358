package measure

import (
	"context"
	"fmt"
	"time"

	"github.com/grapevine-gossip/grapevine"
	"github.com/grapevine-gossip/grapevine/internal/local"
)

// Long is a long time in which nothing is meant to happen.
type Long struct {
	Seconds   float64 `json:"seconds"`
	Suspected int     `json:"suspected"` // events at all members together
	Failed    int     `json:"failed"`    // live members ever failed, as told by all members together
	Idle      Idle    `json:"idle"`
}

// IdleFor lets n members be for so long and counts who was suspected and failed although all live.
func IdleFor(ctx context.Context, n int, d time.Duration) (Long, error) {
	var l Long
	c := local.New(local.Options{Cluster: "bench"})
	defer c.Close()
	if err := c.Grow(ctx, n); err != nil {
		return l, err
	}
	live := c.Live()
	if err := local.Until(ctx, limit, func() string { return local.NotStable(live, n) }); err != nil {
		return l, fmt.Errorf("stable: %w", err)
	}
	if err := pause(ctx, settleFor); err != nil {
		return l, err
	}
	begin := time.Now()
	bytes, packets := sent(live)
	if err := pause(ctx, d); err != nil {
		return l, err
	}
	bytes2, packets2 := sent(live)
	l.Seconds = time.Since(begin).Seconds()
	per := l.Seconds * float64(n)
	l.Idle = Idle{float64(bytes2-bytes) / per, float64(packets2-packets) / per}
	for _, m := range live {
		for _, s := range m.Events.Since(time.Time{}) {
			switch s.Event.(type) {
			case grapevine.MemberSuspected:
				l.Suspected++
			case grapevine.MemberFailed:
				l.Failed++
			}
		}
	}
	return l, nil
}
