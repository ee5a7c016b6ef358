package main

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"github.com/grapevine-gossip/grapevine/internal/measure"
)

type benchFlags struct {
	members, runs int
	idle          time.Duration
}

// host is the machine that was measured.
type host struct {
	Go       string  `json:"go"`
	Platform string  `json:"platform"`
	CPUs     int     `json:"cpus"`
	WallS    float64 `json:"wall_s"`
}

func newHost(begin time.Time) host {
	return host{runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH, runtime.GOMAXPROCS(0), time.Since(begin).Round(time.Millisecond).Seconds()}
}

func (c *cli) benchCommand() *cobra.Command {
	var f benchFlags
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Measure a cluster of members in this process, on this machine",
		Long: `Run members in one process over real sockets on loopback and print how long they take to list each other, to be
stable, to pass on an update and to notice a crash, and what an idle member sends (payload, without IP and UDP headers).
The figures are medians over the runs.

With --idle the members are left alone for so long; it prints how many live members were ever suspected or failed, and
exits 5 if any failed.`,
		Example: "  grapevine bench\n  grapevine bench -n 20 --runs 5 -o json\n  grapevine bench --idle 10m",
		Args:    args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.members < 3 || f.members > 1000 || f.runs < 1 || f.idle < 0 {
				return usagef("grapevine bench -n 101 --runs 3", "-n is between 3 and 1000, --runs above 0")
			}
			ctx, stop := untilSignal(cmd.Context())
			defer stop()
			err := c.bench(ctx, f)
			if ctx.Err() != nil {
				return errInterrupted
			}
			return err
		},
	}
	cmd.Flags().IntVarP(&f.members, "nodes", "n", 101, "`NUMBER` of members")
	cmd.Flags().IntVar(&f.runs, "runs", 3, "`NUMBER` of runs")
	cmd.Flags().DurationVar(&f.idle, "idle", 0, "instead, leave the members alone for this `TIME`")
	return cmd
}

func (c *cli) bench(ctx context.Context, f benchFlags) error {
	if f.idle > 0 {
		return c.benchIdle(ctx, f)
	}
	begin := time.Now()
	var runs []measure.Run
	for i := range f.runs {
		c.talk("run %d of %d with %d members", i+1, f.runs, f.members)
		r, err := measure.Once(ctx, f.members)
		if err != nil {
			return &failure{exitError, err, "run it on a quieter machine, or with fewer members: -n 20"}
		}
		runs = append(runs, r)
	}
	m := measure.Median(runs)
	body, err := json.Marshal(struct {
		Members int `json:"members"`
		measure.Run
		Runs []measure.Run `json:"runs"`
		Host host          `json:"host"`
	}{f.members, m, runs, newHost(begin)})
	if err != nil {
		return err
	}
	return c.show(body, nil, table{head: []string{"FIGURE", "VALUE"}, rows: [][]string{
		{"members", fmt.Sprint(f.members)},
		{"all list all", fmt.Sprintf("%.0f ms", m.ListMS)},
		{"stable", fmt.Sprintf("%.0f ms", m.StableMS)},
		{"one update, half / all others", fmt.Sprintf("%.1f / %.1f ms", m.UpdateMS.P50, m.UpdateMS.Max)},
		{"one crash, half / all survivors", fmt.Sprintf("%.0f / %.0f ms", m.CrashMS.P50, m.CrashMS.Max)},
		{"idle, bytes per member and second", fmt.Sprintf("%.0f", m.Idle.Bytes)},
		{"idle, packets per member and second", fmt.Sprintf("%.2f", m.Idle.Packets)},
	}})
}

func (c *cli) benchIdle(ctx context.Context, f benchFlags) error {
	begin := time.Now()
	c.talk("%d members are left alone for %v", f.members, f.idle)
	l, err := measure.IdleFor(ctx, f.members, f.idle)
	if err != nil {
		return &failure{exitError, err, "run it on a quieter machine, or with fewer members: -n 20"}
	}
	body, err := json.Marshal(struct {
		Members int `json:"members"`
		measure.Long
		Host host `json:"host"`
	}{f.members, l, newHost(begin)})
	if err != nil {
		return err
	}
	err = c.show(body, nil, table{head: []string{"FIGURE", "VALUE"}, rows: [][]string{
		{"members", fmt.Sprint(f.members)},
		{"idle for", fmt.Sprintf("%.1f s", l.Seconds)},
		{"told as suspected, by all together", fmt.Sprint(l.Suspected)},
		{"told as failed, by all together", fmt.Sprint(l.Failed)},
		{"bytes per member and second", fmt.Sprintf("%.0f", l.Idle.Bytes)},
		{"packets per member and second", fmt.Sprintf("%.2f", l.Idle.Packets)},
	}})
	if err == nil && l.Failed > 0 {
		err = &failure{exitFalse, fmt.Errorf("live members were failed %d times", l.Failed), "look whether the machine was busy or slept; -n 20 needs less of it"}
	}
	return err
}
