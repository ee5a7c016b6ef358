package antientropy

import (
	"slices"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/store"
	"github.com/grapevine-gossip/grapevine/internal/view"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// Rule explain.
const (
	fewRecent   = 8  // changes listed: they explain nearly every difference up to 1000 updates a second
	manyRecent  = 32 // when more changed within the last burstTime
	burstTime   = 100 * time.Millisecond
	recentFor   = time.Second // older changes have long been everywhere, as far as is known
	lastWords   = 4           // members that ended lately whose versions are listed too
	lastWordFor = 20 * time.Second
	onItsWay    = 100 * time.Millisecond // a change this young need not be announced to who lacks it
)

// recent lists what changed lately, newest first, and what is held of those that ended lately. For a member that is
// known to differ the latest changes are listed however old they are: a digest of all would cost far more.
func (x *Exchange) recent(now time.Duration, to *view.Member) wire.Recent {
	p := x.peers[to.ID]
	differs := p != nil && x.differs(p)
	var m wire.Recent
	seen := map[uint64]bool{}
	for w := range x.st.Recent() {
		age := now - w.At
		if age > recentFor && !differs || len(m.Versions) >= manyRecent || len(m.Versions) >= fewRecent && age > burstTime {
			break
		}
		if !seen[w.Member.ID] {
			seen[w.Member.ID] = true
			m.Versions = append(m.Versions, wire.Versioned{Owner: w.Owner, Version: w.Member.Space.Max()})
		}
	}
	if now < x.lively+lastWordFor {
		m.Versions = x.appendLastWords(now, m.Versions, seen)
	}
	return m
}

func (x *Exchange) appendLastWords(now time.Duration, to []wire.Versioned, seen map[uint64]bool) []wire.Versioned {
	var ended []*store.Member
	for _, m := range x.st.All() {
		if !m.InView() && !seen[m.ID] && now-m.End.At < lastWordFor && speaks(m) {
			ended = append(ended, m)
		}
	}
	x.rng.Shuffle(len(ended), func(i, j int) { ended[i], ended[j] = ended[j], ended[i] })
	for _, m := range ended[:min(len(ended), lastWords)] {
		to = append(to, wire.Versioned{Owner: m.Owner(), Version: m.Space.Max()})
	}
	return to
}

// speaks reports whether a member has a namespace to tell of.
func speaks(m *store.Member) bool {
	return m.Space != nil && m.Space.Max() > 0 && (m.InView() || m.End.Cause != wire.Forgotten)
}

// compare answers a member that asks for a comparison. Its hashes came in the header.
func (x *Exchange) compare(now time.Duration, from *view.Member, r wire.Recent) {
	p := x.peers[from.ID]
	if p == nil {
		return
	}
	newer := x.exchangeListed(now, from, r)
	switch {
	case p.viewDiffers && x.settledFor(now, p) >= livesTake:
		x.sendLifeDigest(from)
	case p.viewDiffers || p.state == x.st.StateHash():
		x.host.Send(from, wire.Want{})
	default:
		x.explain(now, from, p, r, newer)
	}
}

// exchangeListed repairs what a list tells by itself, whatever the hashes say: it may name the last words of somebody
// who ended. It returns what is newer than what is held here.
func (x *Exchange) exchangeListed(now time.Duration, from *view.Member, r wire.Recent) (newer []wire.Versioned) {
	var older []wire.Versioned
	for _, v := range r.Versions {
		m := x.st.Find(v.Owner.ID)
		switch {
		case m == nil || m.Owner() != v.Owner || m.Space.Max() < v.Version:
			newer = append(newer, v)
		case m.Space.Max() > v.Version && !m.InView():
			older = append(older, wire.Versioned{Owner: v.Owner, Version: m.Space.Max()})
		}
	}
	x.offer(now, from, newer)
	x.announce(from, older)
	return newer
}

// explain tries whether what both changed lately is all they differ by. Then what is missing here is being pulled by
// now, and what the other lacks is announced unless it is on its way; otherwise whole digests are compared.
func (x *Exchange) explain(now time.Duration, from *view.Member, p *peer, r wire.Recent, newer []wire.Versioned) {
	hash := x.st.StateHash()
	for _, v := range newer {
		if m := x.st.Find(v.Owner.ID); m != nil && m.InView() && m.Owner() == v.Owner {
			hash += wire.VersionHash(m.ID, m.Record.Life, v.Version) - wire.VersionHash(m.ID, m.Record.Life, m.Space.Max())
		}
	}
	var lacks []wire.Versioned
	explained := hash == p.state
	for w := range x.st.Recent() {
		if explained {
			break
		}
		m := w.Member
		if !m.InView() || slices.ContainsFunc(r.Versions, func(v wire.Versioned) bool { return v.Owner == w.Owner }) {
			continue
		}
		hash += wire.VersionHash(m.ID, m.Record.Life, w.From) - wire.VersionHash(m.ID, m.Record.Life, w.To)
		if now-w.At >= onItsWay && !slices.ContainsFunc(lacks, func(v wire.Versioned) bool { return v.Owner == w.Owner }) {
			lacks = append(lacks, wire.Versioned{Owner: w.Owner, Version: m.Space.Max()})
		}
		explained = hash == p.state
	}
	switch {
	case explained:
		x.announce(from, lacks)
		x.host.Send(from, wire.Want{})
	case now-x.paged >= pageEvery || x.paged == 0:
		x.compareAll(now, from)
	default:
		x.host.Send(from, wire.Want{})
	}
}

func (x *Exchange) offer(now time.Duration, from *view.Member, versions []wire.Versioned) {
	if len(versions) > 0 {
		x.host.Offer(now, from, versions)
	}
}

func (x *Exchange) announce(to *view.Member, versions []wire.Versioned) {
	const perSection = (wire.MaxSection - wire.MaxListOverhead) / wire.MaxVersionedSize
	for page := range slices.Chunk(versions, perSection) {
		x.host.Send(to, wire.Announce{Versions: page})
	}
}
