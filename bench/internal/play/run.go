// Package play lets a cluster of one library go through a scenario and measures it.
package play

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/grapevine-gossip/grapevine/bench/internal/board"
	"github.com/grapevine-gossip/grapevine/bench/internal/cluster"
	"github.com/grapevine-gossip/grapevine/bench/internal/fabric"
)

// prepare bounds the time until a cluster is complete, where that is not what is measured.
const prepare = 3 * time.Minute

// stage is how many members are started at once while a cluster of n is prepared. With 25, every third cluster of 101
// members of memberlist had a pair that missed each other's news until a push/pull; with 10, every sixth.
func stage(n int) int { return max(10, n/20) }

// run is one run. Its methods are for one goroutine, except start.
type run struct {
	ctx    context.Context
	lib    cluster.Library
	n      int
	times  times
	board  *board.Board
	faults *fabric.Faults
	result *Result

	mu       sync.Mutex
	members  map[int]cluster.Member // that run
	counted  map[int]bool           // that others are to list: those that run, and those that were told to start
	counters []*fabric.Counter      // also of members that have ended
	next     int                    // index of the next new member
	ready    bool                   // there is a cluster: another scenario had it
	broken   func() bool            // says why another scenario could not have one
	told     int                    // updates so far
}

// spare is how many members may be added to a cluster during a scenario.
const spare = 200

// Once lets one cluster go through scenarios, one after the other, and gives the result of each. What it starts ends with
// the process: a member of a library that is stuck can't be waited for.
func Once(ctx context.Context, scenarios []Scenario, lib cluster.Library, n int, isQuick bool) []Result {
	r := &run{
		ctx: ctx, lib: lib, n: n, times: full,
		board: board.New(n + spare), faults: &fabric.Faults{}, members: map[int]cluster.Member{}, counted: map[int]bool{},
	}
	if isQuick {
		r.times = quick
	}
	var out []Result
	for _, s := range scenarios {
		result := Result{
			Scenario: s.Name, Column: lib.Name, N: n, Quick: isQuick, Begun: time.Now().UTC().Format(time.RFC3339),
			Values: map[string]float64{}, Reached: map[string]string{},
		}
		r.result = &result
		load := watchLoad()
		s.play(r)
		result.Seconds, result.Others = load.read()
		out = append(out, result)
	}
	return out
}

// start starts a member.
func (r *run) start(ctx context.Context, index int, seeds []string) error {
	counter := &fabric.Counter{}
	r.mu.Lock()
	r.counters = append(r.counters, counter)
	r.mu.Unlock()
	m, err := r.lib.Start(ctx, cluster.Spec{
		Index: index, Seeds: seeds, Faults: r.faults, Counter: counter, Board: r.board,
	})
	if err != nil {
		return fmt.Errorf("member %d: %w", index, err)
	}
	r.mu.Lock()
	r.members[index] = m
	r.mu.Unlock()
	return nil
}

// expect counts on new members, and on them to list all.
func (r *run) expect(fresh ...int) {
	r.mu.Lock()
	for _, i := range fresh {
		r.counted[i] = true
	}
	r.mu.Unlock()
	all := r.all()
	r.board.Expect(true, all, fresh)
	r.board.Expect(true, fresh, all)
	r.board.Place(0, fresh...)
	r.board.Watch(true, fresh...)
}

// live returns the members that run, in order.
func (r *run) live() []int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Sorted(maps.Keys(r.members))
}

// all returns the members that are counted on, in order.
func (r *run) all() []int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Sorted(maps.Keys(r.counted))
}

func (r *run) member(i int) cluster.Member {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.members[i]
}

// take removes members from those that run.
func (r *run) take(indices ...int) []cluster.Member {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := make([]cluster.Member, len(indices))
	for k, i := range indices {
		out[k] = r.members[i]
		delete(r.members, i)
		delete(r.counted, i)
	}
	return out
}

func (r *run) addrs(indices []int) []netip.AddrPort {
	out := make([]netip.AddrPort, len(indices))
	for k, i := range indices {
		out[k] = r.member(i).Addr()
	}
	return out
}

// sent is what all members have sent so far.
func (r *run) sent() fabric.Sent {
	r.mu.Lock()
	defer r.mu.Unlock()
	var sum fabric.Sent
	for _, c := range r.counters {
		sum = sum.Plus(c.Read())
	}
	return sum
}

// seeds is the first of the members that run.
func (r *run) seeds() []string { return []string{r.member(r.live()[0]).Addr().String()} }

// grown prepares a cluster, some members at a time, and reports whether it is complete and settled.
func (r *run) grown() bool {
	switch {
	case r.ready:
		return r.sleep(r.times.rest)
	case r.broken != nil:
		return r.broken()
	}
	ctx, cancel := context.WithTimeout(r.ctx, prepare)
	defer cancel()
	r.next = r.n
	r.expect(0)
	if err := r.start(ctx, 0, nil); err != nil {
		return r.breakDown(func() bool { return r.fail(err) })
	}
	seeds := r.seeds()
	for first := 1; first < r.n; first += stage(r.n) {
		group := span(first, min(first+stage(r.n), r.n))
		r.expect(group...)
		err := r.startAll(ctx, group, seeds)
		if err == nil {
			select {
			case <-r.board.Exact():
				continue
			case <-ctx.Done():
			}
		}
		return r.breakDown(func() bool {
			if ctx.Err() == nil || r.ctx.Err() != nil {
				return r.fail(errors.Join(err, r.ctx.Err()))
			}
			r.result.NoCluster = fmt.Sprintf("no cluster: %d of %d members after %v", first, r.n, prepare)
			return false
		})
	}
	r.ready = true
	return r.sleep(r.times.settle)
}

// breakDown notes that there is no cluster, nor will be for the scenarios that were to share it.
func (r *run) breakDown(why func() bool) bool {
	r.broken = why
	return why()
}

func (r *run) startAll(ctx context.Context, indices []int, seeds []string) error {
	errs := make([]error, len(indices))
	var wg sync.WaitGroup
	for k, i := range indices {
		wg.Go(func() { errs[k] = r.start(ctx, i, seeds) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

func (r *run) fail(err error) bool {
	r.result.Failed = err.Error()
	return false
}

// sleep lets the cluster be; false if the run is ended from outside.
func (r *run) sleep(d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-r.ctx.Done():
		return r.fail(r.ctx.Err())
	}
}

// wait waits for a gate, until the cut-off.
func (r *run) wait(gate <-chan struct{}) bool {
	select {
	case <-gate:
		return true
	case <-time.After(r.times.cutOff):
		return false
	case <-r.ctx.Done():
		return false
	}
}

func (r *run) value(metric string, v float64) { r.result.Values[metric] = v }

// cut notes what was reached of a figure that was cut off.
func (r *run) cut(metric, format string, args ...any) {
	r.result.Reached[metric] = fmt.Sprintf(format, args...)
}

func span(from, to int) []int {
	var out []int
	for i := from; i < to; i++ {
		out = append(out, i)
	}
	return out
}
