package play

// Scenarios in the order of a full run.
var Scenarios = []Scenario{
	{
		Name: "bootstrap", Title: "all start at once through one seed", Reps: 5, Quick: true, Forms: true, play: bootstrap,
		Metrics: []Metric{
			{Name: "half", Label: "half of the members list all", Unit: Seconds},
			{Name: "all", Label: "all list all", Unit: Seconds},
			{Name: "stable", Label: "all know that all agree", Unit: Seconds, Only: grapevineOnly},
			{Name: "bytes", Label: "sent by all together until then", Unit: Bytes},
			{Name: "false", Label: "living members removed", Unit: Count},
		},
	},
	{
		Name: "metadata", Title: "a member changes its metadata", Reps: 5, Quick: true, Shares: true, play: metadata,
		Metrics: spreading,
	},
	{
		Name: "broadcast", Title: "a member tells all something", Reps: 5, Quick: true, Shares: true, play: broadcast,
		Metrics: spreading,
	},
	{
		Name: "sustained", Title: "ten members tell 20 things a second, together", Reps: 5, Quick: true, Shares: true, play: sustained,
		Metrics: []Metric{
			{Name: "half", Label: "half of all arrivals", Unit: Seconds},
			{Name: "most", Label: "99 % of all arrivals", Unit: Seconds},
			{Name: "share", Label: "arrived in the end", Unit: Share},
			{Name: "bytes", Label: "sent by all together, for each", Unit: Bytes},
		},
	},
	{
		Name: "burst", Title: "1000 keys by one member, as fast as it can", Reps: 5, Quick: true, Shares: true, play: burst,
		Metrics: []Metric{
			{Name: "most", Label: "99 % have arrived", Unit: Seconds},
			{Name: "all", Label: "all have arrived", Unit: Seconds},
			{Name: "share", Label: "arrived in the end", Unit: Share},
			{Name: "bytes", Label: "sent by all together, per key", Unit: Bytes},
		},
	},
	{
		Name: "idle", Title: "nothing happens; per member", Reps: 3, Waits: true, Quick: true, play: idle,
		Metrics: []Metric{
			{Name: "bytes", Label: "bytes a second", Unit: Rate},
			{Name: "packets", Label: "packets a second", Unit: Rate},
			{Name: "dials", Label: "streams opened a second", Unit: Rate},
			{Name: "processor", Label: "processor time", Unit: Milli},
			{Name: "heap", Label: "live heap", Unit: Bytes},
			{Name: "stack", Label: "goroutine stacks", Unit: Bytes},
		},
	},
	{
		Name: "crash", Title: "one member crashes", Reps: 5, Waits: true, Quick: true, play: func(r *run) { crash(r, 1) },
		Metrics: crashing,
	},
	{
		Name: "crash10", Title: "10 % crash at once", Reps: 5, Waits: true, Quick: true, play: func(r *run) { crash(r, r.n/10) },
		Metrics: crashing,
	},
	lossy("loss5", 5), lossy("loss15", 15), lossy("loss30", 30),
	{
		Name: "partition", Title: "the network parts in halves and heals", Reps: 3, Waits: true, play: partition,
		Metrics: []Metric{
			{Name: "split", Label: "each half lists itself", Unit: Seconds},
			{Name: "heal", Label: "after the end all list all", Unit: Seconds},
			{Name: "false", Label: "living members of the own half removed", Unit: Count},
		},
	},
	{
		Name: "churn", Title: "one joins or leaves every half second", Reps: 3, Waits: true, Quick: true, play: churn,
		Metrics: []Metric{
			{Name: "exact", Label: "of the time all views were right", Unit: Share},
			{Name: "stale", Label: "a member is behind, per event", Unit: Seconds},
			{Name: "settle", Label: "after the last event all are right", Unit: Seconds},
			{Name: "bytes", Label: "sent by all together, per event", Unit: Bytes},
			{Name: "false", Label: "living members removed", Unit: Count},
		},
	},
}

var spreading = []Metric{
	{Name: "half", Label: "half of the others have it", Unit: Seconds},
	{Name: "all", Label: "all others have it", Unit: Seconds},
	{Name: "bytes", Label: "sent by all together for it", Unit: Bytes},
}

var crashing = []Metric{
	{Name: "first", Label: "first survivor right", Unit: Seconds},
	{Name: "half", Label: "half of them", Unit: Seconds},
	{Name: "all", Label: "all of them", Unit: Seconds},
	{Name: "false", Label: "living members removed", Unit: Count},
}

func grapevineOnly(column string) bool { return column == "grapevine" }
