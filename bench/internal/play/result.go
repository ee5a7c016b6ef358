package play

import "time"

// Result is what one run gave: one library, one scenario, one time.
type Result struct {
	Scenario string  `json:"scenario"`
	Column   string  `json:"column"`
	N        int     `json:"n"`
	Rep      int     `json:"rep"`
	Quick    bool    `json:"quick"`
	Begun    string  `json:"begun"`
	Seconds  float64 `json:"seconds"` // the whole run, its preparation included
	// Others is the share of this machine's processors that other processes used meanwhile; negative where it is not
	// known, or where other runs were made at the same time.
	Others float64 `json:"others"`

	Values map[string]float64 `json:"values,omitempty"`
	// Reached tells of figures that were cut off, or can't be had because the run ended before.
	Reached map[string]string `json:"reached,omitempty"`
	// NoCluster tells how far the preparation got when its time was over: what was to be measured never began.
	NoCluster string `json:"no_cluster,omitempty"`
	// Failed tells why there are no figures at all.
	Failed string `json:"failed,omitempty"`
}

// Metric is one figure of a scenario.
type Metric struct {
	Name  string `json:"name"`
	Label string `json:"label"`
	Unit  Unit   `json:"unit"`
	// Only says that a column can't have it.
	Only func(column string) bool `json:"-"`
}

// Unit says how a figure is printed.
type Unit string

// The units of figures.
const (
	Seconds Unit = "s"
	Bytes   Unit = "B"
	Rate    Unit = "/s"
	Milli   Unit = "ms/s"
	Count   Unit = ""
	Share   Unit = "%"
)

// Scenario is something that is done to a cluster of each library in turn.
type Scenario struct {
	Name    string
	Title   string
	Metrics []Metric
	Reps    int  // of a full run
	Quick   bool // part of a quick run
	Waits   bool // nearly all the time: several runs can be made at once
	Forms   bool // a cluster itself, and needs none before
	Shares  bool // a cluster with the others that do: each leaves it as it was
	play    func(r *run)
}

// Named returns the scenario of that name.
func Named(name string) (Scenario, bool) {
	for _, s := range Scenarios {
		if s.Name == name {
			return s, true
		}
	}
	return Scenario{}, false
}

// Times of the runs, full and quick.
type times struct {
	settle    time.Duration // after the cluster is complete, before anything is measured
	rest      time.Duration // before another scenario in the same cluster
	base      time.Duration // of traffic, to be subtracted from what an update costs
	idle      time.Duration
	idleQuiet time.Duration // before that: memberlist's first push/pull is 90 to 120 s after the start at N=101, not sooner
	loss      time.Duration
	parted    time.Duration
	churn     time.Duration
	cutOff    time.Duration // of a figure
	burst     time.Duration // the same, of a burst
	sustained time.Duration
	quiet     time.Duration // after which a burst of which nothing more arrives is over
}

var full = times{
	settle: 5 * time.Second, rest: 2 * time.Second, base: 3 * time.Second, idle: 90 * time.Second, idleQuiet: 30 * time.Second,
	loss: 60 * time.Second, parted: 60 * time.Second, churn: 30 * time.Second, cutOff: 60 * time.Second,
	burst: 60 * time.Second, sustained: 20 * time.Second, quiet: 15 * time.Second,
}

var quick = times{
	settle: time.Second, rest: time.Second, base: time.Second, idle: 3 * time.Second, idleQuiet: time.Second,
	loss: 15 * time.Second, parted: 12 * time.Second, churn: 3 * time.Second, cutOff: 20 * time.Second,
	burst: 8 * time.Second, sustained: 3 * time.Second, quiet: 3 * time.Second,
}

// Limit is the longest that a run can take, preparation included. Whoever started it in a process of its own ends it then.
const Limit = prepare + 5*time.Minute
