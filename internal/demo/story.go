// Package demo tells the story of a cluster: members start, talk, die, return, are cut off and healed, leave, and are
// refused. It does so unattended, checking every step, or at the keys of a person.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/grapevine-gossip/grapevine"
	"github.com/grapevine-gossip/grapevine/internal/local"
)

// stepLimit is the longest that one step may take.
const stepLimit = 20 * time.Second

// Story is the script of the demo.
type Story struct {
	Cluster *local.Cluster
	Members int // at the start, the seed among them
	Out     io.Writer
	Color   bool
}

// fact is something that a step saw, with the time it took.
type fact struct {
	what string
	took time.Duration
}

type step struct {
	title string
	run   func(ctx context.Context) ([]fact, error)
}

// Run plays all steps, also after one failed. It returns an error that counts those that failed.
func (s *Story) Run(ctx context.Context) error {
	steps := []step{
		{fmt.Sprintf("a seed and %d peers start at once", s.Members-1), s.start},
		{"a late joiner, updater, says somekey = somevalue", s.update},
		{"three members are killed without goodbye", s.kill},
		{"they return under their old names", s.revive},
		{"the network is cut in two", s.split},
		{"the cut heals", s.heal},
		{"one member leaves", s.leave},
		{"a member of another cluster knocks", s.stranger},
	}
	begin := time.Now()
	failed := 0
	for i, st := range steps {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if !s.play(ctx, i+1, st) {
			failed++
		}
	}
	took := seconds(time.Since(begin))
	if failed > 0 {
		return fmt.Errorf("%d of %d steps did not hold, in %s", failed, len(steps), took)
	}
	fmt.Fprintf(s.Out, "\n%s every step held, in %s\n", s.mark(true), took)
	return nil
}

func (s *Story) play(ctx context.Context, n int, st step) bool {
	begin := time.Now()
	facts, err := st.run(ctx)
	fmt.Fprintf(s.Out, "%s %d  %-50s %8s\n", s.mark(err == nil), n, st.title, seconds(time.Since(begin)))
	for _, f := range facts {
		fmt.Fprintf(s.Out, "       %-49s %8s\n", f.what, seconds(f.took))
	}
	if err != nil {
		fmt.Fprintf(s.Out, "       %v\n", err)
	}
	return err == nil
}

func (s *Story) mark(ok bool) string {
	mark, colour := "✓", "32"
	if !ok {
		mark, colour = "✗", "31"
	}
	if s.Color {
		return "\x1b[" + colour + "m" + mark + "\x1b[0m"
	}
	return mark
}

func seconds(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%.0f ms", float64(d)/float64(time.Millisecond))
	}
	return fmt.Sprintf("%.2f s", d.Seconds())
}

// settle waits until all live members hold one stable view of them all.
func (s *Story) settle(ctx context.Context, facts []fact, since time.Time) ([]fact, error) {
	live := s.Cluster.Live()
	err := local.Until(ctx, stepLimit, func() string { return local.NotStable(live, len(live)) })
	if err != nil {
		return facts, err
	}
	return append(facts, fact{fmt.Sprintf("all %d members agree on it: stable", len(live)), time.Since(since)}), nil
}

func (s *Story) start(ctx context.Context) ([]fact, error) {
	begin := time.Now()
	if err := s.Cluster.Grow(ctx, s.Members); err != nil {
		return nil, err
	}
	live := s.Cluster.Live()
	if err := local.Until(ctx, stepLimit, func() string { return local.NotListing(live, s.Members) }); err != nil {
		return nil, err
	}
	return s.settle(ctx, []fact{{fmt.Sprintf("all %d list all %d", s.Members, s.Members), time.Since(begin)}}, begin)
}

func (s *Story) update(ctx context.Context) ([]fact, error) {
	begin := time.Now()
	seed := s.Cluster.Live()[0]
	updater, err := s.Cluster.Start(ctx, local.Spec{Name: "updater", Seeds: []string{seed.Addr.String()}})
	if err != nil {
		return nil, err
	}
	live := s.Cluster.Live()
	if err := local.Until(ctx, stepLimit, func() string { return local.NotListing(live, len(live)) }); err != nil {
		return nil, err
	}
	facts := []fact{{"updater is listed by all", time.Since(begin)}}
	set := time.Now()
	if _, err := updater.Node.Set("somekey", []byte("somevalue")); err != nil {
		return facts, err
	}
	err = local.Until(ctx, stepLimit, func() string {
		for _, m := range live {
			if v, ok := m.Node.Get("updater", "somekey"); !ok || string(v.Bytes) != "somevalue" {
				return m.Name + " does not have it"
			}
		}
		return ""
	})
	if err != nil {
		return facts, err
	}
	facts = append(facts, fact{fmt.Sprintf("the value is with all %d others", len(live)-1), time.Since(set)})
	return s.settle(ctx, facts, begin)
}

func (s *Story) kill(ctx context.Context) ([]fact, error) {
	begin := time.Now()
	victims := victims(s.Cluster)
	for _, m := range victims {
		if err := s.Cluster.Kill(m); err != nil {
			return nil, err
		}
	}
	facts, err := s.everybodySees(ctx, begin, victims, "found failed by all %d survivors", func(e grapevine.Event, name string) bool {
		f, ok := e.(grapevine.MemberFailed)
		return ok && f.Name == name
	})
	if err != nil {
		return facts, err
	}
	return s.settle(ctx, facts, begin)
}

// victims are three members besides the seed and the updater.
func victims(c *local.Cluster) []*local.Member {
	var out []*local.Member
	for i, m := range c.Live() {
		if strings.HasPrefix(m.Name, "peer-") && i%3 == 2 && len(out) < 3 {
			out = append(out, m)
		}
	}
	return out
}

// everybodySees waits until each live member besides those it is about has told of each of them.
func (s *Story) everybodySees(ctx context.Context, since time.Time, about []*local.Member, what string, is func(grapevine.Event, string) bool) ([]fact, error) {
	names := map[string]bool{}
	for _, m := range about {
		names[m.Name] = true
	}
	var watchers []*local.Member
	for _, m := range s.Cluster.Live() {
		if !names[m.Name] {
			watchers = append(watchers, m)
		}
	}
	last := since
	err := local.Until(ctx, stepLimit, func() string {
		for _, w := range watchers {
			for name := range names {
				at, ok := w.Events.First(since, func(e grapevine.Event) bool { return is(e, name) })
				if !ok {
					return w.Name + " has not told of " + name
				}
				if at.After(last) {
					last = at
				}
			}
		}
		return ""
	})
	if err != nil {
		return nil, err
	}
	return []fact{{fmt.Sprintf(what, len(watchers)), last.Sub(since)}}, nil
}

func (s *Story) revive(ctx context.Context) ([]fact, error) {
	begin := time.Now()
	dead := s.Cluster.Dead()
	for _, m := range dead {
		if err := s.Cluster.Revive(ctx, m); err != nil {
			return nil, err
		}
	}
	facts, err := s.everybodySees(ctx, begin, dead, "seen as returned by all %d others", func(e grapevine.Event, name string) bool {
		r, ok := e.(grapevine.MemberReturned)
		return ok && r.Name == name && r.Restarted
	})
	if err != nil {
		return facts, err
	}
	return s.settle(ctx, facts, begin)
}

var errLetIn = errors.New("it was let in")

func (s *Story) stranger(ctx context.Context) ([]fact, error) {
	begin := time.Now()
	live := s.Cluster.Live()
	_, err := s.Cluster.Start(ctx, local.Spec{Name: "stranger", Cluster: "another", Seeds: []string{live[0].Addr.String()}})
	if err == nil {
		return nil, errLetIn
	}
	if !errors.Is(err, grapevine.ErrWrongCluster) {
		return nil, err
	}
	facts := []fact{{"it is refused: another cluster", time.Since(begin)}}
	for _, m := range live {
		if _, known := m.Node.Member("stranger"); known {
			return facts, fmt.Errorf("%s lists it", m.Name)
		}
	}
	return s.settle(ctx, facts, begin)
}
