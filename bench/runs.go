package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/grapevine-gossip/grapevine/bench/internal/cluster"
	"github.com/grapevine-gossip/grapevine/bench/internal/play"
	"github.com/grapevine-gossip/grapevine/bench/internal/report"
)

// abreast is how many members for each processor may be there at once in runs that nearly always wait: three clusters of 101.
// With four on slower processors a rival that removed and let in its members again, in a run with loss, held up a partition
// of Grapevine's beside it.
const abreast = 3 * 101

// quiet is the same for runs in which milliseconds count: two clusters of 20 are not felt by each other.
const quiet = 20

// large is from how many members on there may be no time for all runs: they would take hours.
const large = 200

// preparations is how many of a column may come to nothing if none came to anything. Each takes minutes, and what never formed a
// cluster of that size is not asked a third time.
const preparations = 2

// job is one run that is to be made: scenarios that one cluster goes through.
type job struct {
	scenarios []play.Scenario
	column    cluster.Library
	rep       int
}

// runAll makes all runs that are asked for, but for those that exist and those for which there is no time.
func runAll(ctx context.Context, o options) ([]play.Result, error) {
	results, err := load(o)
	if err != nil {
		return nil, err
	}
	b := &batch{ctx: ctx, o: o, once: child, begin: time.Now(), results: results}
	b.runAll()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return b.results, b.err
}

// rounds are the numbers of the runs. In one round each scenario goes through all columns, then again with the next number. If
// there may be no time for all runs, each number is a round of its own: nothing is run again before all was run once.
func (o options) rounds() [][]int {
	var all []int
	for _, s := range o.scenarios {
		for len(all) < o.runs(s) {
			all = append(all, len(all))
		}
	}
	if !o.limited() {
		return [][]int{all}
	}
	return slices.Collect(slices.Chunk(all, 1))
}

// limited says that runs but the first are made only if there is time for them. Who asks for a number gets it.
func (o options) limited() bool { return o.n >= large && o.reps == 0 }

// jobs are the runs of one round that are not among the results, in order: those to be made alone, and those beside each
// other. The scenarios that share a cluster are one run.
func (o options) jobs(results []play.Result, round []int) (alone, beside []job) {
	for _, group := range grouped(o.scenarios) {
		for _, rep := range round {
			if rep >= o.runs(group[0]) {
				break
			}
			for _, l := range o.columns {
				j := job{nil, l, rep}
				for _, s := range group {
					if !has(results, s.Name, l.Name, rep) {
						j.scenarios = append(j.scenarios, s)
					}
				}
				switch {
				case j.scenarios == nil:
				case group[0].Waits:
					beside = append(beside, j)
				default:
					alone = append(alone, j)
				}
			}
		}
	}
	return alone, beside
}

// grouped puts scenarios together that share a cluster, at the place of the first of them.
func grouped(scenarios []play.Scenario) [][]play.Scenario {
	var out [][]play.Scenario
	shared := -1
	for _, s := range scenarios {
		switch {
		case s.Shares && shared >= 0:
			out[shared] = append(out[shared], s)
			continue
		case s.Shares:
			shared = len(out)
		}
		out = append(out, []play.Scenario{s})
	}
	return out
}

// batch makes runs and keeps their results.
type batch struct {
	ctx   context.Context
	o     options
	once  func(context.Context, options, job) []play.Result
	begin time.Time
	total int

	mu      sync.Mutex
	begun   int
	results []play.Result
	err     error
}

// runAll makes the runs interleaved, so that a machine that becomes slower in between does so for all columns. Where
// milliseconds count they are made one by one; in each round those that wait for seconds follow beside each other.
func (b *batch) runAll() {
	for _, round := range b.o.rounds() {
		alone, beside := b.o.jobs(b.results, round)
		b.total += len(alone) + len(beside)
		b.run(alone, max(quiet*runtime.NumCPU()/b.o.n, 1))
		b.run(beside, max(abreast*runtime.NumCPU()/b.o.n, 1))
	}
}

// run makes so many at once, in order.
func (b *batch) run(jobs []job, atOnce int) {
	var wg sync.WaitGroup
	room := make(chan struct{}, atOnce)
	for _, j := range jobs {
		room <- struct{}{}
		if !b.begins(j) {
			<-room
			continue
		}
		wg.Go(func() {
			results := b.hopeless(j)
			if results == nil {
				results = b.once(b.ctx, b.o, j)
			}
			b.keep(j, results, atOnce > 1)
			<-room
		})
	}
	wg.Wait()
}

// begins tells of the next run, unless it is left out or the batch is over.
func (b *batch) begins(j job) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err != nil || b.ctx.Err() != nil {
		return false
	}
	elapsed := time.Since(b.begin)
	if b.o.limited() && j.rep > 0 && !b.o.repeats(j, b.results, elapsed) {
		b.total--
		return false
	}
	b.begun++
	fmt.Fprintf(os.Stderr, "[%d/%d %s] %s %s, run %d of %d\n", b.begun, b.total, elapsed.Round(time.Second),
		strings.Join(names(j.scenarios, scenarioName), "+"), j.column.Name, j.rep+1, b.o.runs(j.scenarios[0]))
	return true
}

// repeats reports whether a run that would begin now, not the first of its kind, is expected to end in time if it takes as long
// as the longest before it. One that came to nothing before is not made again.
func (o options) repeats(j job, results []play.Result, elapsed time.Duration) bool {
	took, longest := map[string]float64{}, 0.0
	for _, r := range results {
		// Of scenarios that share a cluster the first one's time has the preparation, so the time of a run is that of all.
		s, _ := play.Named(r.Scenario)
		if r.Column != j.column.Name || s.Name != j.scenarios[0].Name && !(s.Shares && j.scenarios[0].Shares) {
			continue
		}
		if r.NoCluster != "" || r.Failed != "" {
			return false
		}
		took[preparation(r)] += r.Seconds
		longest = max(longest, took[preparation(r)])
	}
	return elapsed+time.Duration(longest*float64(time.Second)) <= o.within
}

// hopeless gives the results of a run that is not made, since its column could not be prepared often enough; nil where it is.
// The bootstrap needs no preparation.
func (b *batch) hopeless(j job) []play.Result {
	b.mu.Lock()
	defer b.mu.Unlock()
	tries, why := map[string]bool{}, ""
	for _, r := range b.results {
		s, _ := play.Named(r.Scenario)
		switch {
		case r.Column != j.column.Name || s.Forms:
		case r.NoCluster != "":
			tries[preparation(r)], why = true, r.NoCluster
		case r.Failed == "":
			return nil
		}
	}
	if len(tries) < preparations || j.scenarios[0].Forms {
		return nil
	}
	out := failed(b.o, j, "")
	for i := range out {
		out[i].NoCluster = why
	}
	return out
}

// preparation names the one that a result comes from: scenarios that share a cluster have one.
func preparation(r play.Result) string {
	if s, _ := play.Named(r.Scenario); s.Shares {
		return fmt.Sprint("shared, ", r.Rep)
	}
	return fmt.Sprint(r.Scenario, ", ", r.Rep)
}

func (b *batch) keep(j job, results []play.Result, besideOthers bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ctx.Err() != nil {
		return // it was ended, and has not failed
	}
	for _, r := range results {
		r.Rep = j.rep
		if besideOthers {
			r.Others = -1
		}
		b.results = append(b.results, r)
		if err := b.o.keep(r); err != nil {
			b.err = err
		}
	}
}

// runs is how many of a scenario are made, if there is time.
func (o options) runs(s play.Scenario) int {
	switch {
	case o.reps > 0:
		return o.reps
	case o.quick:
		return 1
	}
	return s.Reps
}

func has(results []play.Result, scenario, column string, rep int) bool {
	for _, r := range results {
		if r.Scenario == scenario && r.Column == column && r.Rep == rep {
			return true
		}
	}
	return false
}

// child makes one run in a process of its own: its memory and processor time are then the library's alone, and what
// panics or gets stuck there ends that run only.
func child(ctx context.Context, o options, j job) []play.Result {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(len(j.scenarios))*play.Limit)
	defer cancel()
	self, err := os.Executable()
	if err != nil {
		return failed(o, j, err.Error())
	}
	which := strings.Join(names(j.scenarios, scenarioName), "+") + "," + j.column.Name
	cmd := exec.CommandContext(ctx, self, "-one", which, "-n", strconv.Itoa(o.n), "-quick="+strconv.FormatBool(o.quick))
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return failed(o, j, fmt.Sprintf("%v: %s", err, firstLine(errs.String())))
	}
	var results []play.Result
	if err := json.Unmarshal(out.Bytes(), &results); err != nil {
		return failed(o, j, fmt.Sprintf("the run's results: %v", err))
	}
	return results
}

func failed(o options, j job, why string) []play.Result {
	var out []play.Result
	for _, s := range j.scenarios {
		out = append(out, play.Result{Scenario: s.Name, Column: j.column.Name, N: o.n, Quick: o.quick, Others: -1, Failed: why})
	}
	return out
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// load reads the results that were kept, of the same size and kind.
func load(o options) ([]play.Result, error) {
	if o.resume == "" {
		return nil, nil
	}
	text, err := os.ReadFile(o.resume)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	results, err := report.Results(text, o.n, o.quick)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", o.resume, err)
	}
	return results, nil
}

// keep appends a result.
func (o options) keep(r play.Result) error {
	if o.resume == "" {
		return nil
	}
	f, err := os.OpenFile(o.resume, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	return errors.Join(json.NewEncoder(f).Encode(r), f.Close())
}
