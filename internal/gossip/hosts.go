package gossip

import (
	"net/netip"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/admission"
	"github.com/grapevine-gossip/grapevine/internal/detector"
	"github.com/grapevine-gossip/grapevine/internal/publish"
	"github.com/grapevine-gossip/grapevine/internal/store"
	"github.com/grapevine-gossip/grapevine/internal/view"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// The hosts below are what each part sees of the machine, and the only way from one part to another.

type detectorHost struct{ m *Machine }

func (h detectorHost) Send(to *view.Member, msg wire.Message) { h.m.send(to, msg) }

func (h detectorHost) SendPing(to *view.Member, p wire.Ping) {
	h.m.ping = p
	h.m.send(to, &h.m.ping)
}

func (h detectorHost) SendAck(to *view.Member, a wire.Ack) {
	h.m.ack = a
	h.m.send(to, &h.m.ack)
}

// Convict writes all ends in one step.
func (h detectorHost) Convict(now time.Duration, verdicts []detector.Verdict) {
	st := h.m.st
	ends := make([]wire.End, len(verdicts))
	for i, v := range verdicts { // what they count depends on who failed with them before
		ends[i] = wire.End{
			Name: v.Member.Name, Life: v.Member.Life, Cause: wire.Failed,
			Count: st.Failures(now, st.Find(v.Member.ID)), Accusers: v.Accusers,
		}
	}
	for _, e := range ends {
		st.MergeEnd(now, e, 0)
	}
}

func (h detectorHost) Suspected(now time.Duration, member *view.Member, by []detector.Accusation) {
	accusers := make([]publish.Accuser, 0, len(by))
	for _, a := range by {
		if who := h.m.st.Find(a.ID); who != nil {
			accusers = append(accusers, publish.Accuser{Name: who.Name, Phi: a.Phi})
		}
	}
	h.m.pub.Suspected(now, member, accusers)
}

func (h detectorHost) Cleared(_ time.Duration, member *view.Member) { h.m.pub.Cleared(member) }

type treeHost struct{ m *Machine }

func (h treeHost) Send(to *view.Member, msg wire.Message) { h.m.send(to, msg) }

func (h treeHost) Stabilized(now time.Duration, v *view.View) { h.m.pub.Stabilized(now, v) }

type spreadHost struct{ m *Machine }

func (h spreadHost) Send(to *view.Member, msg wire.Message) int { return h.m.send(to, msg) }

func (h spreadHost) Pull(now time.Duration, from *view.Member, req wire.Request) {
	h.m.streams.pull(now, from, req)
}

func (h spreadHost) Malformed(err error) { h.m.stats.Dropped[wire.DropReason(err)]++ }

type exchangeHost struct{ m *Machine }

func (h exchangeHost) Send(to *view.Member, msg wire.Message) { h.m.send(to, msg) }

func (h exchangeHost) Offer(now time.Duration, from *view.Member, versions []wire.Versioned) {
	h.m.spread.Offer(now, from, versions)
}

type doorHost struct{ m *Machine }

func (h doorHost) Send(to *view.Member, msg wire.Message) { h.m.send(to, msg) }

func (h doorHost) SendTo(to netip.AddrPort, msg wire.Message) { h.m.sendTo(to, msg) }

// Enter takes this member into another view.
func (h doorHost) Enter(now time.Duration, lives []*view.Member, asked time.Duration, reason string) {
	m := h.m
	m.entries++
	m.settle(now) // what the view left behind had last is told: the other one may know less
	m.pub.Entering(m.st.Self.Record.Life, m.raw.Len(), reason)
	m.st.TakeOver(now, lives, asked)
	m.spread.Reset(now)
	m.tree.Reset(now)
	m.det.Entered()
	m.settle(now)
	m.tree.SetView(now, m.pub.View()) // what is entered may be just what was held: then nothing was published
}

// Came takes over many lives at once. They are told of as a list, so not pushed.
func (h doorHost) Came(now time.Duration, from *view.Member, lives []wire.Record) {
	h.m.takeLives(now, from, lives, true)
}

func (h doorHost) Supersede(_ time.Duration, by wire.Life, at netip.AddrPort) {
	h.m.supersede(by, at)
}

func (h doorHost) Refused(_ time.Duration, r admission.Refusal) {
	h.m.pub.Emit(publish.Event{Kind: publish.EventRefused, Refusal: &publish.Refusal{
		Reason: r.Reason, By: r.By, Known: r.Known, RetryIn: r.RetryIn, Names: r.Names, Addr: r.Addr, Fatal: r.Fatal,
	}})
}

// News pushes what is kept of a member that ended on the side this one came from: its farewell and its last words.
func (h doorHost) News(now time.Duration, member *store.Member) {
	h.m.spread.News(now, member)
}

func (h doorHost) WokeLate(now, within time.Duration) bool {
	woke := h.m.det.WokeAt()
	return woke > 0 && now-woke < within
}

func (h doorHost) Late(now time.Duration) bool { return h.m.det.Late(now) }

func (h doorHost) Lag() time.Duration { return h.m.lag }

func (h doorHost) LastAnswer() time.Duration { return h.m.det.LastAnswer() }

func (h doorHost) Loss() float64 { return h.m.det.Loss() }

func (h doorHost) Synced(version uint64, members int) bool {
	return h.m.spread.Synced(version, members)
}

func (h doorHost) RecentlyHeard(n int) []*view.Member { return h.m.det.RecentlyHeard(n) }

// supersede silences this member for good: another process has its name.
func (m *Machine) supersede(by wire.Life, at netip.AddrPort) {
	if m.superseded {
		return
	}
	m.superseded = true
	m.pub.Touch(m.st.Self.ID)
	m.pub.Emit(publish.Event{Kind: publish.EventNameConflict, Member: m.pub.Member(m.st.Self), Addr: at, Reason: describeLife(by)})
}
