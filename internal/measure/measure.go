// Package measure takes the figures of a cluster on this machine: real members in one process over real sockets.
package measure

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/grapevine-gossip/grapevine"
	"github.com/grapevine-gossip/grapevine/internal/local"
)

// Spread is the median and the largest of several times, in milliseconds.
type Spread struct {
	P50 float64 `json:"p50"`
	Max float64 `json:"max"`
}

// Idle is what a member sends while nothing happens.
type Idle struct {
	Bytes   float64 `json:"bytes_per_member_s"`   // payload of datagrams and streams
	Packets float64 `json:"packets_per_member_s"` // datagrams
}

// Run is one run: a cluster is started, used and ended.
type Run struct {
	ListMS   float64 `json:"list_ms"`   // from the start of the first until all list all
	StableMS float64 `json:"stable_ms"` // and until all report one stable view
	UpdateMS Spread  `json:"update_ms"` // from Set until the others have it
	CrashMS  Spread  `json:"crash_ms"`  // from a crash until the survivors tell of it
	Idle     Idle    `json:"idle"`
}

// limit is the longest that one figure may take.
const limit = time.Minute

// Settings of the idle figure: it starts when what the start stirred up has settled.
const (
	settleFor = 5 * time.Second // as the simulator's scenarios do: until then members still agree on who is probed when
	idleFor   = 10 * time.Second
)

// Once makes one run with n members.
func Once(ctx context.Context, n int) (Run, error) {
	var r Run
	c := local.New(local.Options{Cluster: "bench"})
	defer c.Close()
	begin := time.Now()
	if err := c.Grow(ctx, n); err != nil {
		return r, err
	}
	live := c.Live()
	if err := local.Until(ctx, limit, func() string { return local.NotListing(live, n) }); err != nil {
		return r, fmt.Errorf("all list all: %w", err)
	}
	r.ListMS = ms(time.Since(begin))
	if err := local.Until(ctx, limit, func() string { return local.NotStable(live, n) }); err != nil {
		return r, fmt.Errorf("stable: %w", err)
	}
	r.StableMS = ms(time.Since(begin))
	var err error
	if r.Idle, err = idle(ctx, live); err != nil {
		return r, err
	}
	if r.UpdateMS, err = update(ctx, live, "bench"); err != nil {
		return r, fmt.Errorf("update: %w", err)
	}
	if r.CrashMS, err = crash(ctx, c); err != nil {
		return r, fmt.Errorf("crash: %w", err)
	}
	return r, nil
}

func idle(ctx context.Context, live []*local.Member) (Idle, error) {
	if err := pause(ctx, settleFor); err != nil {
		return Idle{}, err
	}
	bytes, packets := sent(live)
	begin := time.Now()
	if err := pause(ctx, idleFor); err != nil {
		return Idle{}, err
	}
	bytes2, packets2 := sent(live)
	per := time.Since(begin).Seconds() * float64(len(live))
	return Idle{Bytes: float64(bytes2-bytes) / per, Packets: float64(packets2-packets) / per}, nil
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func sent(live []*local.Member) (bytes, packets uint64) {
	for _, m := range live {
		s := m.Node.Stats()
		bytes += s.BytesOut + s.StreamBytesOut
		packets += s.PacketsOut
	}
	return bytes, packets
}

// update measures one Set by its event at each other member.
func update(ctx context.Context, live []*local.Member, value string) (Spread, error) {
	owner, others := live[len(live)/2], slices.Concat(live[:len(live)/2], live[len(live)/2+1:])
	begin := time.Now()
	if _, err := owner.Node.Set("bench", []byte(value)); err != nil {
		return Spread{}, err
	}
	return arrivals(ctx, others, begin, func(e grapevine.Event) bool {
		set, ok := e.(grapevine.KeySet)
		return ok && set.Name == owner.Name && set.Key == "bench"
	})
}

func crash(ctx context.Context, c *local.Cluster) (Spread, error) {
	live := c.Live()
	victim := live[len(live)/3]
	begin := time.Now()
	if err := c.Kill(victim); err != nil {
		return Spread{}, err
	}
	return arrivals(ctx, c.Live(), begin, func(e grapevine.Event) bool {
		f, ok := e.(grapevine.MemberFailed)
		return ok && f.Name == victim.Name
	})
}

// arrivals waits until each member has told of an event and returns how long it took them.
func arrivals(ctx context.Context, members []*local.Member, since time.Time, is func(grapevine.Event) bool) (Spread, error) {
	took := make([]float64, len(members))
	err := local.Until(ctx, limit, func() string {
		for i, m := range members {
			if took[i] > 0 {
				continue
			}
			at, ok := m.Events.First(since, is)
			if !ok {
				return m.Name + " has not told of it"
			}
			took[i] = ms(at.Sub(since))
		}
		return ""
	})
	slices.Sort(took)
	return Spread{P50: took[len(took)/2], Max: took[len(took)-1]}, err
}

func ms(d time.Duration) float64 {
	v, _ := strconv.ParseFloat(strconv.FormatFloat(d.Seconds()*1000, 'f', 2, 64), 64)
	return v
}

// Median takes the median of every figure.
func Median(runs []Run) Run {
	of := func(figure func(Run) float64) float64 {
		var all []float64
		for _, r := range runs {
			all = append(all, figure(r))
		}
		slices.Sort(all)
		return all[len(all)/2]
	}
	return Run{
		ListMS:   of(func(r Run) float64 { return r.ListMS }),
		StableMS: of(func(r Run) float64 { return r.StableMS }),
		UpdateMS: Spread{of(func(r Run) float64 { return r.UpdateMS.P50 }), of(func(r Run) float64 { return r.UpdateMS.Max })},
		CrashMS:  Spread{of(func(r Run) float64 { return r.CrashMS.P50 }), of(func(r Run) float64 { return r.CrashMS.Max })},
		Idle:     Idle{of(func(r Run) float64 { return r.Idle.Bytes }), of(func(r Run) float64 { return r.Idle.Packets })},
	}
}
