package detector

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/view"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// script is a Host that keeps what it is told.
type script struct {
	sent      []wire.Message
	to        []uint64
	convicted []Verdict
	suspected []uint64
	cleared   []uint64
}

func (s *script) Send(to *view.Member, m wire.Message) {
	s.sent, s.to = append(s.sent, m), append(s.to, to.ID)
}
func (s *script) SendPing(to *view.Member, p wire.Ping) { s.Send(to, p) }
func (s *script) SendAck(to *view.Member, a wire.Ack)   { s.Send(to, a) }
func (s *script) Convict(_ time.Duration, v []Verdict)  { s.convicted = append(s.convicted, v...) }
func (s *script) Suspected(_ time.Duration, m *view.Member, _ []Accusation) {
	s.suspected = append(s.suspected, m.ID)
}
func (s *script) Cleared(_ time.Duration, m *view.Member) { s.cleared = append(s.cleared, m.ID) }

// alone makes the detector of member 0 in a view of n, whose others say only what a test says for them.
func alone(n int) (*Detector, *script) {
	s := &script{}
	d := New(time.Second, Config{Rand: rand.New(rand.NewPCG(1, 2))}, testMember(0), s)
	d.SetView(time.Second, testView(n))
	return d, s
}

// pass lets time pass; those for whom answers holds answer every probe after 1 ms.
func pass(d *Detector, s *script, from, until time.Duration, answers func(id uint64) bool) {
	for now := from; now < until; now += time.Millisecond {
		sent, to := s.sent, s.to
		s.sent, s.to = nil, nil
		for i, m := range sent {
			if p, ok := m.(wire.Ping); ok && answers(to[i]) {
				d.Heard(now, d.v.Find(to[i]))
				d.Acked(now, d.v.Find(to[i]), wire.Ack{Seq: p.Seq})
			}
		}
		d.Tick(now)
	}
}

func all(uint64) bool { return true }

func TestAnAnswerResetsPhi(t *testing.T) {
	d, s := alone(4)
	pass(d, s, time.Second, 20*time.Second, all)
	quiet := testMember(3).ID
	phiOf := func(now time.Duration) Edge {
		i := slices.IndexFunc(d.AppendEdges(nil, now), func(e Edge) bool { return e.ID == quiet })
		return d.AppendEdges(nil, now)[i]
	}
	if e := phiOf(20 * time.Second); e.Phi != 0 || e.RTT == 0 || e.RTT99 == 0 || e.LossTo != 0 {
		t.Errorf("edge %+v while answers come", e)
	}
	pass(d, s, 20*time.Second, 26*time.Second, func(id uint64) bool { return id != quiet })
	if e := phiOf(26 * time.Second); e.Phi < 8 || e.Outstanding < 7 {
		t.Errorf("edge %+v after a crash", e)
	}
	if a := d.Accusers(quiet); len(a) != 1 || a[0].ID != d.self.ID || a[0].Phi < 8 || a[0].Grey {
		t.Errorf("accusers %+v", a)
	}
	pass(d, s, 26*time.Second, 36*time.Second, all)
	if e := phiOf(36 * time.Second); e.Phi != 0 || len(d.Suspects()) != 0 {
		t.Errorf("edge %+v after it answers again, suspects %v", e, d.Suspects())
	}
	if !slices.Equal(s.suspected, []uint64{quiet}) || !slices.Equal(s.cleared, []uint64{quiet}) || s.convicted != nil {
		t.Errorf("suspected %v, cleared %v, convicted %v", s.suspected, s.cleared, s.convicted)
	}
}

func TestAccusationWithdrawnTwiceTakesALongerTrial(t *testing.T) {
	d, s := alone(4)
	quiet := testMember(3).ID
	now := time.Second
	var trials []time.Duration
	for range 3 {
		pass(d, s, now, now+8*time.Second, func(id uint64) bool { return id != quiet })
		now += 8 * time.Second
		start := now
		for len(d.Suspects()) > 0 && now < start+10*time.Second {
			pass(d, s, now, now+50*time.Millisecond, all)
			now += 50 * time.Millisecond
		}
		trials = append(trials, now-start)
	}
	if trials[0] < time.Second || trials[1] < 2*time.Second || trials[2] < 4*time.Second || trials[2] > 8*time.Second {
		t.Errorf("trials took %v", trials)
	}
}

// Probes that were lost because this member's own link was down speak against nobody, also when answers come again.
func TestAnOutageOfOnesOwnLinkAccusesNobody(t *testing.T) {
	d, s := alone(8)
	pass(d, s, time.Second, 8*time.Second, all)
	pass(d, s, 8*time.Second, 10400*time.Millisecond, func(uint64) bool { return false })
	pass(d, s, 10400*time.Millisecond, 14*time.Second, all)
	if _, accused, _, _ := d.Counts(); accused > 0 || s.convicted != nil {
		t.Errorf("%d accusations, convicted %v", accused, s.convicted)
	}
}

func TestOwnNewLifeDropsEverything(t *testing.T) {
	d, s := alone(4)
	quiet := testMember(3).ID
	pass(d, s, time.Second, 9*time.Second, func(id uint64) bool { return id != quiet })
	if len(d.Suspects()) != 1 {
		t.Fatalf("suspects %v", d.Suspects())
	}
	r := testMember(0).Record
	r.Life.Incarnation++
	d.SetView(9*time.Second, d.v.With(view.NewMember(r)))
	if len(d.Suspects()) != 0 || !slices.Equal(s.cleared, []uint64{quiet}) || len(d.AppendEdges(nil, 9*time.Second)) != 3 {
		t.Errorf("suspects %v, cleared %v, edges %v", d.Suspects(), s.cleared, d.AppendEdges(nil, 9*time.Second))
	}
}

// A member that took a timer which it had put off itself for one that it missed would doubt itself for no reason.
func TestWhatWasPutOffIsNotLate(t *testing.T) {
	d, s := alone(9)
	pass(d, s, time.Second, 3*time.Second, all)
	r := says(1, []int{2}, nil)
	r.Seq, r.Every = 1, 8*time.Second
	d.Receive(3*time.Second, testMember(1), r)
	d.Lagged(3*time.Second, time.Second)
	until := d.LateUntil()
	pass(d, s, 3*time.Second, until-100*time.Millisecond, all)
	more := says(1, []int{2, 3}, nil)
	more.Seq, more.Every = 2, 8*time.Second
	d.Receive(until-100*time.Millisecond, testMember(1), more)
	pass(d, s, until-99*time.Millisecond, until+time.Second, all)
	if d.LateUntil() != until {
		t.Errorf("it thinks that it is late again: until %v, before %v", d.LateUntil(), until)
	}

	now := until + time.Second
	e := d.edges[0]
	e.watched, e.nextAt = false, 2*time.Second // accused, and out of the neighbourhood for a while
	e.accused = &accused{at: now, nextAt: now + time.Second}
	d.SetView(now, d.v)
	if !e.watched || e.nextAt <= now {
		t.Errorf("watched %v from %v on, at %v", e.watched, e.nextAt, now)
	}
}

func TestRumoursAreForgottenWhenNotRepeated(t *testing.T) {
	d, _ := alone(9)
	a, b := testMember(1), testMember(2)
	r := says(1, []int{2}, nil)
	r.Seq, r.Every = 5, time.Second
	d.Receive(2*time.Second, a, r)
	old := says(1, []int{3}, nil)
	old.Seq, old.Every = 4, time.Second
	d.Receive(2*time.Second, b, old)
	stranger := says(20, []int{3}, nil)
	stranger.Seq = 1
	d.Receive(2*time.Second, b, stranger)
	if got := d.Suspects(); !slices.Equal(got, []uint64{b.ID}) {
		t.Fatalf("suspects %v", got)
	}
	for now := 2 * time.Second; now < 5*time.Second; now += 10 * time.Millisecond {
		d.Tick(now)
		if len(d.Suspects()) == 0 {
			t.Fatalf("forgotten after %v", now-2*time.Second)
		}
	}
	d.Tick(5 * time.Second)
	if len(d.Suspects()) != 0 {
		t.Error("not forgotten after three intervals")
	}
}

func TestWhoWakesLateDoubtsItself(t *testing.T) {
	d, s := alone(4)
	quiet := testMember(3).ID
	pass(d, s, time.Second, 9*time.Second, func(id uint64) bool { return id != quiet })
	if d.WokeAt() != 0 || d.LateUntil() != 0 || d.Late(9*time.Second) {
		t.Fatal("late without reason")
	}
	now := 20 * time.Second
	d.Heard(now, testMember(1)) // a packet is handled before the timer
	if d.WokeAt() != now || !d.Late(now+1999*time.Millisecond) || d.Late(now+2*time.Second) {
		t.Errorf("woke at %v, late until %v", d.WokeAt(), d.LateUntil())
	}
	if d.edge(quiet).accused != nil || d.edge(quiet).burst != nil || len(d.edge(quiet).silent) > 0 {
		t.Error("windows were kept")
	}
	_, before, _, _ := d.Counts()
	pass(d, s, now, now+2*time.Second, func(id uint64) bool { return id != quiet })
	if _, after, _, _ := d.Counts(); after != before || len(d.Suspects()) > 0 {
		t.Error("it accuses while it doubts itself")
	}
	d.Paused(30*time.Second, 200*time.Millisecond)
	if d.WokeAt() != now {
		t.Error("a short pause counts")
	}
	d.Paused(30*time.Second, time.Minute)
	if d.WokeAt() != 30*time.Second {
		t.Error("a pause that the clock does not show is ignored")
	}
}

func TestWhoIsOutAnswersButAccusesNobody(t *testing.T) {
	d, s := alone(4)
	d.SetOut(time.Second, true)
	pass(d, s, time.Second, 20*time.Second, func(id uint64) bool { return id == testMember(1).ID })
	if _, accused, _, _ := d.Counts(); accused > 0 || s.convicted != nil {
		t.Errorf("%d accusations, convicted %v", accused, s.convicted)
	}
	s.sent, s.to = nil, nil
	d.Pinged(20*time.Second, testMember(2), wire.Ping{Seq: 9})
	if a, ok := s.sent[len(s.sent)-1].(wire.Ack); !ok || a.Seq != 9 || a.Slot < time.Second/2 || a.Slot > 4*time.Second {
		t.Errorf("answered %+v", s.sent)
	}
	if a := d.Answer(wire.Ping{Seq: 1 << 31}); a != (wire.Ack{Seq: 1 << 31}) {
		t.Errorf("the door is answered %+v", a)
	}
}

func TestUnknownYetProvesTheLink(t *testing.T) {
	d, s := alone(2)
	other := testMember(1)
	var asked []time.Duration
	for now := time.Second; now < 20*time.Second; now += time.Millisecond {
		if len(s.sent) > 0 {
			if _, ok := s.sent[0].(wire.Ping); ok {
				asked = append(asked, now)
				d.Unknown(now, other)
			}
			s.sent, s.to = nil, nil
		}
		d.Tick(now)
	}
	if len(asked) < 5 || s.convicted != nil {
		t.Fatalf("asked at %v, convicted %v", asked, s.convicted)
	}
	for i, want := range []time.Duration{10, 20, 40, 925, 1000} {
		if got := asked[i+1] - asked[i]; got < want*time.Millisecond || got > (want+10)*time.Millisecond {
			t.Errorf("asked again after %v, want %d ms", got, want)
		}
	}
}

func TestRelayedProbesAreForwardedAndReported(t *testing.T) {
	d, s := alone(4)
	s.sent, s.to = nil, nil
	d.Receive(time.Second, testMember(1), wire.RelayPing{Seq: 77, Subject: testMember(2).ID})
	ping, ok := s.sent[0].(wire.Ping)
	if !ok || s.to[0] != testMember(2).ID {
		t.Fatalf("sent %+v", s.sent)
	}
	d.Acked(time.Second+time.Millisecond, testMember(3), wire.Ack{Seq: ping.Seq}) // not the subject
	d.Acked(time.Second+2*time.Millisecond, testMember(2), wire.Ack{Seq: ping.Seq})
	d.Acked(time.Second+3*time.Millisecond, testMember(2), wire.Ack{Seq: ping.Seq})
	want := wire.RelayAck{Seq: 77, Subject: testMember(2).ID}
	if len(s.sent) != 2 || s.sent[1] != wire.Message(want) || s.to[1] != testMember(1).ID {
		t.Errorf("sent %+v to %v", s.sent, s.to)
	}
	d.Receive(time.Second, testMember(1), wire.RelayPing{Seq: 78, Subject: d.self.ID})
	if s.sent[2] != wire.Message(wire.RelayAck{Seq: 78, Subject: d.self.ID}) {
		t.Errorf("sent %+v", s.sent[2])
	}
}

func TestHeardLast(t *testing.T) {
	d, _ := alone(100)
	for i := 1; i < 100; i++ {
		d.Heard(time.Second+time.Duration(i), testMember(i))
	}
	d.Heard(time.Second+100, testMember(98))
	var got []string
	for _, m := range d.RecentlyHeard(3) {
		got = append(got, m.Name)
	}
	if !slices.Equal(got, []string{"n98", "n99", "n97"}) || len(d.RecentlyHeard(1000)) != maxHeard {
		t.Errorf("heard last %v of %d", got, len(d.RecentlyHeard(1000)))
	}
	if !d.HeardLately(2*time.Second, testMember(99).ID, time.Second) || d.HeardLately(3*time.Second, testMember(99).ID, time.Second) {
		t.Error("HeardLately")
	}
	d.SetView(2*time.Second, testView(98))
	if got := d.RecentlyHeard(1); got[0].Name != "n97" {
		t.Errorf("heard last %v of the smaller view", got[0].Name)
	}
}

func TestProbeNumbersStayBelowTheDoors(t *testing.T) {
	var l probes
	l.last = maxSeq - 1
	for i := range 3 {
		seq := l.add(probe{to: uint64(i), sent: time.Duration(i), due: time.Duration(i)})
		if seq > maxSeq || seq == 0 {
			t.Errorf("number %d", seq)
		}
		if p := l.find(seq); p == nil || p.to != uint64(i) {
			t.Errorf("probe %d is not found", seq)
		}
	}
	if l.find(maxSeq) != nil || l.find(0) != nil || l.find(3) != nil {
		t.Error("a number that was not given is found")
	}
}

func TestLogOfProbesIsBounded(t *testing.T) {
	var l probes
	for i := range 20 * maxProbes {
		l.add(probe{to: 1, sent: time.Duration(i), due: time.Duration(i) + time.Second})
		if len(l.sent) > maxProbes {
			t.Fatalf("%d probes", len(l.sent))
		}
	}
	l.next()
	for now := time.Hour; l.miss(now) != nil; {
	}
	if len(l.due) != 0 {
		t.Errorf("%d deadlines", len(l.due))
	}
}

// A member that was called at an address that it has left must not be accused for its silence there.
func TestTheRollIsNotCalledAtAFormerAddress(t *testing.T) {
	d, _ := alone(20)
	now := 2 * time.Second
	d.startRoll(now)
	c := d.roll.calls[0]
	r := c.m.Record
	r.Addr, r.AddrVersion = netip.MustParseAddrPort("10.9.9.9:7787"), r.AddrVersion+1
	d.SetView(now, d.v.With(view.NewMember(r)))
	for _, o := range d.roll.calls {
		if o.m.ID == c.m.ID {
			t.Errorf("%s is still called at %v", o.m.Name, o.m.Addr)
		}
	}
}

// Whom a member missed while it doubted itself it probes again soon after, and not at its next turn, nine seconds later here.
func TestWhoWasMissedInDoubtIsProbedSoonAfter(t *testing.T) {
	d, s := alone(10)
	pass(d, s, time.Second, 10*time.Second, all)
	quiet := d.edges[0].m.ID
	d.Lagged(10*time.Second, time.Second)
	until := d.LateUntil()
	pass(d, s, 10*time.Second, until, func(id uint64) bool { return id != quiet })
	probed := false
	for now := until; now < until+d.interval+100*time.Millisecond; now += time.Millisecond {
		pass(d, s, now, now+time.Millisecond, func(id uint64) bool {
			probed = probed || id == quiet
			return id != quiet
		})
	}
	if !probed || len(d.Suspects()) > 0 {
		t.Errorf("probed %v, suspects %v", probed, d.Suspects())
	}
}

// What is said of members of the view is passed on, and that it is taken back; what is said of those who are gone is not.
func TestRumoursAboutTheGoneAreNotPassedOn(t *testing.T) {
	d, s := alone(8)
	v, now, seq := d.v, time.Second, uint64(0)
	passed := func(r wire.Rumour) bool {
		seq++
		r.Seq, r.Every = seq, time.Second
		s.sent, s.to = nil, nil
		d.Receive(now, testMember(1), r)
		now += batch
		d.Tick(now)
		return slices.ContainsFunc(s.sent, func(m wire.Message) bool { r, ok := m.(wire.Rumour); return ok && r.Seq == seq })
	}
	for i, step := range []struct {
		gone bool
		r    wire.Rumour
		want bool
	}{
		{false, says(1, []int{2}, nil), true},
		{false, says(1, []int{2}, nil), true}, // or others would forget it
		{false, says(1, nil, nil), true},
		{false, says(1, nil, nil), false},
		{false, says(1, nil, []int{2}), true},
		{false, says(1, []int{2}, nil), true},
		{true, says(1, []int{2}, nil), false},
		{true, says(1, nil, nil), false},
		{true, says(1, []int{2, 3}, nil), true},
	} {
		d.SetView(now, v)
		if step.gone {
			d.SetView(now, v.Without(map[uint64]bool{testMember(2).ID: true}))
		}
		if got := passed(step.r); got != step.want {
			t.Errorf("step %d: passed on %v", i, got)
		}
	}
}

// Nobody answered in the view before; that says nothing of those in the one that was entered since.
func TestIsolationBeginsAnewInAnotherView(t *testing.T) {
	d, s := alone(3)
	pass(d, s, time.Second, 5*time.Second, all)
	nobody := func(uint64) bool { return false }
	pass(d, s, 5*time.Second, 8*time.Second, nobody)
	d.Entered()
	pass(d, s, 8*time.Second, 10*time.Second, nobody)
	if len(s.convicted) > 0 {
		t.Errorf("it ended %d two seconds after it had entered the view", len(s.convicted))
	}
	pass(d, s, 10*time.Second, 20*time.Second, nobody)
	if len(s.convicted) == 0 {
		t.Error("and nobody ever")
	}
}

// told are the members that a list of this author was sent to since the script was emptied.
func (s *script) told(author uint64) []uint64 {
	var to []uint64
	for i, m := range s.sent {
		if r, ok := m.(wire.Rumour); ok && r.Author.ID == author {
			to = append(to, s.to[i])
		}
	}
	return to
}

// Whoever accuses somebody tells the other watchers of the accused, though they are no neighbours of its own.
func TestAccusationsGoToTheOtherWatchersOfTheAccused(t *testing.T) {
	d, s := alone(100)
	silent := d.near[0].ID
	var told []uint64
	for now := time.Second; now < 20*time.Second && len(told) == 0; now += time.Millisecond {
		pass(d, s, now, now+time.Millisecond, func(id uint64) bool { return id != silent })
		told = s.told(d.self.ID)
	}
	for _, w := range d.v.Neighbors(silent) {
		if w.ID != d.self.ID && !slices.Contains(told, w.ID) {
			t.Errorf("%s watches the accused too, and is not told", w.Name)
		}
	}
}

// An accusation waits for others only where somebody else seems to be going too.
func TestALoneAccusationIsToldAtOnce(t *testing.T) {
	for _, others := range []bool{false, true} {
		d, s := alone(100)
		now := 20 * time.Second
		pass(d, s, time.Second, now, all)
		silent := d.near[0].ID
		if others {
			r := says(50, []int{51}, nil)
			r.Seq, r.Every = 1, time.Minute
			d.Receive(now, d.near[1], r)
		}
		for ; d.edge(silent).accused == nil; now += time.Millisecond {
			pass(d, s, now, now+time.Millisecond, func(id uint64) bool { return id != silent })
		}
		if told := len(d.Accuses()) > 0; told == others {
			t.Errorf("others too: %v; told at once: %v", others, told)
		}
		pass(d, s, now, now+batch, func(id uint64) bool { return id != silent })
		if len(d.Accuses()) == 0 {
			t.Error("never told")
		}
	}
}

// Where nothing can be added there is nothing to wait for: a single member is accused, by all its watchers.
func TestWhomAllItsWatchersAccuseIsJudgedAtOnce(t *testing.T) {
	const subject, other = 40, 41
	for _, c := range []struct {
		name   string
		lost   bool // the view lost somebody a second ago
		silent int  // watchers of the subject
		also   []wire.Rumour
		want   bool
	}{
		{name: "all", want: true},
		{name: "all but one", silent: 1},
		{name: "another one too", also: []wire.Rumour{says(50, []int{other}, nil)}},
		{name: "somebody vouches", also: []wire.Rumour{says(50, nil, []int{subject})}},
		{name: "after a loss", lost: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, s := alone(100)
			now := 20 * time.Second
			pass(d, s, time.Second, now, all)
			if c.lost {
				d.SetView(now-time.Second, d.v.Without(map[uint64]bool{testMember(99).ID: true}))
			}
			lists := slices.Clone(c.also)
			for _, w := range d.v.Neighbors(testMember(subject).ID)[c.silent:] {
				if w.ID == d.self.ID {
					t.Fatal("this member must not be a watcher")
				}
				r := says(0, []int{subject}, nil)
				r.Author = wire.RefOf(w.ID, w.Life)
				lists = append(lists, r)
			}
			for _, r := range lists {
				r.Seq, r.Every = 1, time.Second
				d.Receive(now, d.near[0], r)
			}
			d.Tick(now)
			if got := len(s.convicted) > 0; got != c.want {
				t.Errorf("convicted at once: %v", got)
			}
			pass(d, s, now+1, now+judgeQuiet+time.Millisecond, all)
			if len(s.convicted) == 0 {
				t.Error("never convicted")
			}
		})
	}
}

// The first lists of others are passed on at once. After defaultQuick of them the rest waits, and of what was settled
// meanwhile nothing is passed on, but that somebody takes an accusation back is.
func TestManyRumoursWaitUntilTheyAreNotSettled(t *testing.T) {
	const subject, open = 400, 401
	d, s := alone(500)
	now := time.Second
	hear := func(author int, accused ...int) {
		r := says(author, accused, nil)
		r.Seq, r.Every = uint64(now), time.Second
		d.Receive(now, testMember(1), r)
	}
	for i := range defaultQuick {
		hear(100+i, 300+i)
	}
	for i := range 10 { // more than the six that watch it: it is convicted whatever they say
		hear(200+i, subject)
	}
	hear(220, open)
	now += batch
	s.sent, s.to = nil, nil
	d.Tick(now)
	if got := s.told(testMember(100).ID); len(got) == 0 {
		t.Error("the first list was not passed on at once")
	}
	for _, late := range []int{200, 220} {
		if got := s.told(testMember(late).ID); len(got) > 0 {
			t.Errorf("the list of %d was passed on at once, after many", late)
		}
	}
	hear(209)
	now += hesitate
	s.sent, s.to = nil, nil
	d.Tick(now)
	for author, want := range map[int]bool{200: false, 220: true, 209: true} {
		if got := len(s.told(testMember(author).ID)) > 0; got != want {
			t.Errorf("the list of %d was passed on: %v", author, got)
		}
	}
}

// A list goes to none of those that told of it while it waited here. Who is late itself passes on no more than others do.
func TestListsGoToNobodyWhoToldThem(t *testing.T) {
	d, s := alone(500)
	now := time.Second
	d.lateUntil = now + lateFor
	r := says(100, []int{300}, nil)
	r.Seq, r.Every = 1, time.Second
	givers := []*view.Member{d.near[0], d.near[1]}
	for _, g := range givers {
		d.Receive(now, g, r)
	}
	now += batch
	d.Tick(now)
	told := s.told(testMember(100).ID)
	if len(told) != len(d.near)-len(givers) {
		t.Errorf("%d members were told, of %d neighbours", len(told), len(d.near))
	}
	for _, g := range givers {
		if slices.Contains(told, g.ID) {
			t.Errorf("%s was told what it had told", g.Name)
		}
	}
	for i := range defaultQuick {
		r := says(101+i, []int{301}, nil)
		r.Seq, r.Every = 1, time.Second
		d.Receive(now, d.near[0], r)
	}
	now += hesitate
	s.sent, s.to = nil, nil
	d.Tick(now)
	if got := s.told(testMember(100 + defaultQuick).ID); len(got) > 0 {
		t.Errorf("who is late passed on what is settled")
	}
}
