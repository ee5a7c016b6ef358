package scenario

import (
	"fmt"
	"slices"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/sim"
)

var partition = &Scenario{
	Name:     "partition",
	Question: "What becomes of two parts of a cluster that can't reach each other, and how do they come together?",
	Explain: `A settled cluster in which each member has keys is cut in two: scenario.share of the members on one side. Meanwhile
scenario.count keys are changed on both sides together, and one deleted for every ten changed. After the duration the cut
is mended. split_ms is from the cut until a member's view is exactly its side; own_removed counts members removed by their own side;
heal_ms is from the last link restored until a member holds the one view and equal state and has reported it stable;
bytes_over_difference is what was sent meanwhile over the bytes that one side had to learn of the other; resurrected counts
deleted keys that any member reads afterwards.`,
	Options:  []string{"scenario.share", "scenario.count"},
	Defaults: base(101, time.Minute, Options{Share: 0.5, Count: 1000}),
	play:     playPartition,
	answer: func(o *Outcome) string {
		return fmt.Sprintf("The sides know themselves after %s; the last member is one with all others %s after the cut is mended.",
			o.last("split_ms"), o.last("heal_ms"))
	},
}

// sides are the two parts of a cluster, and what they changed.
type sides struct {
	y       *play
	of      map[*sim.Node]int
	parts   [2][]*sim.Node
	differ  [2]uint64 // bytes of keys and values changed on each side
	deleted map[[2]string]bool
}

func playPartition(y *play) {
	if !y.form() {
		return
	}
	s := y.divide()
	for i, n := range y.nodes {
		_ = y.Set(n, "first", fmt.Sprint(i)) // a new member has room for it
		_ = y.Set(n, "doomed", fmt.Sprint(i))
	}
	y.rest()
	y.mayGo = func(observer, gone *sim.Node) bool { return s.of[observer] != s.of[gone] }
	wronged := len(y.wronged)
	split := y.Watch(func(n *sim.Node) bool { return n.Snapshot().Size == len(s.parts[s.of[n]]) && s.pure(n) })
	cut := y.Cut(s.parts[0]...)
	rec := y.record(max(y.p.Duration/200, 100*time.Millisecond))
	s.change(y.p.Options.Count, y.p.Duration)
	y.times("split_ms", "from the cut until a member's view is its side", millis(split.Delays()))
	y.Stop(split)
	y.count("own_removed", "members removed by their own side", float64(len(y.wronged)-wronged))
	y.mayGo = func(_, _ *sim.Node) bool { return true } // who joins the other side takes over its ends
	y.Lift(cut)
	s.heal()
	rec.stop()
}

// divide draws who is on which side. The seed is on the larger one, or on the first.
func (y *play) divide() *sides {
	s := &sides{y: y, of: map[*sim.Node]int{}, deleted: map[[2]string]bool{}}
	rest := append([]*sim.Node(nil), y.nodes[1:]...)
	y.Rand().Shuffle(len(rest), func(i, j int) { rest[i], rest[j] = rest[j], rest[i] })
	small := min(max(1, int(y.p.Options.Share*float64(y.p.Nodes))), len(rest))
	s.parts[0] = rest[:small]
	s.parts[1] = append([]*sim.Node{y.nodes[0]}, rest[small:]...)
	for side, nodes := range s.parts {
		for _, n := range nodes {
			s.of[n] = side
		}
	}
	return s
}

// pure reports whether a member's view holds nobody of the other side. It is asked only if the size is right: one of the
// other side stands for all, since one of its own would be missing then.
func (s *sides) pure(n *sim.Node) bool {
	for _, o := range s.parts[1-s.of[n]] {
		if inView(n, o.Name) {
			return false
		}
	}
	return true
}

// change writes keys on both sides, evenly over the time.
func (s *sides) change(count int, over time.Duration) {
	y := s.y
	done := 0
	y.every(max(over/time.Duration(max(count, 1)), time.Microsecond), over, func() {
		if done >= count {
			return
		}
		n := y.nodes[y.Rand().IntN(len(y.nodes))]
		key, value := fmt.Sprintf("k%d", done), "changed meanwhile"
		if done++; y.Set(n, key, value) == nil {
			s.differ[s.of[n]] += uint64(len(key) + len(value))
		}
		if done%10 == 0 && y.Delete(n, "doomed") == nil {
			s.deleted[[2]string{n.Name, "doomed"}] = true
			s.differ[s.of[n]] += uint64(len("doomed"))
		}
	})
}

// heal follows the cluster from the mended cut until all is one.
func (s *sides) heal() {
	y := s.y
	begin, before := y.Now(), y.sent()
	all := len(y.nodes)
	whole := map[*sim.Node]time.Duration{}
	state := map[*sim.Node]uint64{}
	note := func(n *sim.Node) {
		snap := n.Snapshot()
		if snap.Size != all || !snap.Stable {
			delete(whole, n)
			return
		}
		h := n.StateHash()
		if _, was := whole[n]; !was || state[n] != h {
			whole[n], state[n] = y.Now(), h
		}
	}
	y.onPublish = append(y.onPublish, note)
	y.within(settleWithin, "one stable view and equal state", func() bool {
		if !sim.Stable(y.nodes) {
			return false
		}
		for _, n := range y.nodes {
			if n.StateHash() != y.nodes[0].StateHash() {
				return false
			}
		}
		return true
	})
	var after []time.Duration
	for _, n := range y.nodes {
		if at, ok := whole[n]; ok {
			after = append(after, at-begin)
		}
	}
	y.times("heal_ms", "from the mended cut until a member is one with all", millis(after))
	now := y.sent()
	difference := float64(s.differ[0])*float64(len(s.parts[1])) + float64(s.differ[1])*float64(len(s.parts[0]))
	y.level("bytes_over_difference", "bytes sent while healing, over the bytes that each side lacked",
		float64(now.bytes-before.bytes)/max(difference, 1))
	risen := 0
	for owner := range s.deleted {
		for _, n := range y.nodes {
			if _, there := n.Value(owner[0], owner[1]); there {
				risen++
				break
			}
		}
	}
	y.count("resurrected", "deleted keys that somebody still reads", float64(risen))
	slices.Sort(after)
	y.series(Series{
		Name: "convergence", X: "time since the cut was mended, ms", Y: "members that are one with all, %",
		Line: growth(after, all),
	})
}
