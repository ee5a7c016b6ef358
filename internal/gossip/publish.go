package gossip

import (
	"slices"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/cow"
	"github.com/grapevine-gossip/grapevine/internal/detector"
	"github.com/grapevine-gossip/grapevine/internal/store"
	"github.com/grapevine-gossip/grapevine/internal/view"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// publication is what the application and the stability tree see: the view, held back for a moment while ends keep
// coming, so that ten crashes are one change; the events; and the snapshot.
type publication struct {
	m        *Machine
	view     *view.View
	held     time.Duration // since when ends are held back; 0: none
	heldLast time.Duration
	last     map[uint64]lastSeen // what the application was told of each name
	suspects map[uint64][]Accuser
	stable   bool
	stableAt time.Duration
	entry    *entry

	events  []Event
	members cow.Map[string, *Member]
	dirty   map[uint64]bool
	snap    *Snapshot
	freshAt time.Duration // when the quickly changing parts of snap were made
}

// lastSeen is what the application knows of a name.
type lastSeen struct {
	name string
	life wire.Life
	in   bool
}

// entry is an Enter that is not yet published.
type entry struct {
	life   wire.Life
	before int
	reason string
}

const (
	holdQuiet = 50 * time.Millisecond  // publish when no further end came for so long
	holdMost  = 200 * time.Millisecond // at most so long after the first
	freshFor  = 500 * time.Millisecond // phi, backlog and hold-outs in the snapshot are at most so old
)

func (p *publication) first(now time.Duration) {
	p.view = p.m.raw
	self := p.m.st.Self
	p.last[self.ID] = lastSeen{self.Name, self.Record.Life, true}
	p.touch(self.ID)
	p.m.tree.SetView(now, p.view)
}

func (p *publication) emit(e Event) { p.events = append(p.events, e) }

func (p *publication) touch(id uint64) { p.dirty[id] = true }

func (p *publication) next() time.Duration {
	if p.held == 0 {
		return 0
	}
	return min(p.heldLast+holdQuiet, p.held+holdMost)
}

func (p *publication) tick(now time.Duration) {
	if p.held > 0 && now >= p.next() {
		p.publish(now)
	}
}

func (p *publication) entering(life wire.Life, before int, reason string) {
	p.entry = &entry{life, before, reason}
}

// changed takes the store's log of one turn.
func (p *publication) changed(now time.Duration, changes []store.Change) {
	atOnce := false
	for _, c := range changes {
		switch c.Kind {
		case store.Lived, store.TakenOver:
			atOnce = true
		case store.Ended:
			if c.Member.End.Cause != wire.Failed {
				atOnce = true
			} else if p.view.Find(c.Member.ID) != nil {
				p.hold(now)
			}
		}
		if c.Member != nil {
			p.touch(c.Member.ID)
		}
	}
	if atOnce {
		p.publish(now)
	} else if p.held == 0 && p.m.raw != p.view {
		p.readdress(now)
	}
	for _, c := range changes {
		p.tell(now, c)
	}
}

func (p *publication) hold(now time.Duration) {
	if p.held == 0 {
		p.held = now
	}
	p.heldLast = now
}

// readdress takes over a view that differs by addresses only.
func (p *publication) readdress(now time.Duration) {
	p.view = p.m.raw
	p.m.tree.SetView(now, p.view)
}

// tell turns one line of the log into events, membership apart.
func (p *publication) tell(now time.Duration, c store.Change) {
	switch c.Kind {
	case store.Moved:
		if c.Member.InView() && c.Member != p.m.st.Self {
			p.emit(Event{Kind: EventUpdated, Member: p.member(c.Member)})
		}
	case store.Ended:
		p.tellEnded(now, c)
	case store.Wrote:
		p.tellKeys(c)
	}
}

// settledIn is how long after entering a view the ends of others are part of what was there, not news.
const settledIn = 3 * time.Second

func (p *publication) tellEnded(now time.Duration, c store.Change) {
	m := c.Member
	if m.InView() {
		return
	}
	seen, known := p.last[m.ID]
	switch {
	case m.End.Cause == wire.Forgotten && known && !seen.in:
		p.emit(Event{Kind: EventForgotten, Member: p.member(m)})
		delete(p.last, m.ID)
	case !known && m.End.Cause == wire.Failed:
		p.last[m.ID] = lastSeen{m.Name, m.Record.Life, false}
		if now-p.m.door.EnteredAt() > settledIn {
			p.emit(Event{Kind: EventDiscoveredFailed, Member: p.member(m)})
		}
	}
}

// TagPrefix is the reserved prefix of the keys that are tags.
const TagPrefix = "_tag/"

func (p *publication) tellKeys(c store.Change) {
	tags := false
	for _, e := range c.Entries {
		if e.Key[0] == '_' {
			tags = tags || len(e.Key) > len(TagPrefix) && e.Key[:len(TagPrefix)] == TagPrefix
			continue
		}
		ev := Event{Kind: EventKeySet, Member: p.member(c.Member), Key: e.Key, Value: e.Value, Version: e.Version}
		if e.Deleted {
			ev.Kind, ev.Value = EventKeyDeleted, nil
		}
		p.emit(ev)
	}
	if tags {
		p.emit(Event{Kind: EventUpdated, Member: p.member(c.Member)})
	}
}

// publish makes the store's view the one the application sees.
func (p *publication) publish(now time.Duration) {
	p.held = 0
	before, after := p.view, p.m.raw
	p.view = after
	if p.stable && before.Hash() != after.Hash() {
		p.stable = false
		p.emit(Event{Kind: EventDestabilized, View: before.Hash()})
	}
	p.diff(before, after)
	p.entered(after.Len())
	if before != after {
		p.m.tree.SetView(now, after)
	}
}

// diff walks both views, which are sorted by id, and tells of each difference.
func (p *publication) diff(before, after *view.View) {
	b, a := before.All(), after.All()
	for len(b) > 0 || len(a) > 0 {
		switch {
		case len(a) == 0 || len(b) > 0 && b[0].ID < a[0].ID:
			p.gone(b[0])
			b = b[1:]
		case len(b) == 0 || a[0].ID < b[0].ID:
			p.came(a[0])
			a = a[1:]
		default:
			if b[0].Life != a[0].Life {
				p.changedLife(b[0], a[0])
			}
			a, b = a[1:], b[1:]
		}
	}
}

func (p *publication) gone(m *view.Member) {
	p.touch(m.ID)
	p.last[m.ID] = lastSeen{m.Name, m.Life, false}
	s := p.m.st.Find(m.ID)
	if s == nil || m.ID == p.m.st.Self.ID {
		return
	}
	e := Event{Kind: EventFailed, Member: p.member(s)}
	if s.End.Life == m.Life && s.End.Cause == wire.Left {
		e.Kind = EventLeft
	} else {
		e.Accusers = p.accusers(s)
	}
	delete(p.suspects, m.ID)
	p.emit(e)
}

func (p *publication) came(m *view.Member) {
	p.touch(m.ID)
	seen, known := p.last[m.ID]
	p.last[m.ID] = lastSeen{m.Name, m.Life, true}
	if m.ID == p.m.st.Self.ID {
		return
	}
	e := Event{Kind: EventJoined, Member: p.member(p.m.st.Find(m.ID))}
	if known {
		e.Kind, e.Restarted = EventReturned, !seen.life.SameProcess(m.Life)
	}
	p.emit(e)
}

// changedLife tells of a member that is in both views under different lives: it was gone and is back, unless it is a
// fellow that came along into a larger view.
func (p *publication) changedLife(b, a *view.Member) {
	fellow := p.entry != nil && b.Life.SameProcess(a.Life)
	if fellow || a.ID == p.m.st.Self.ID {
		p.touch(a.ID)
		p.last[a.ID] = lastSeen{a.Name, a.Life, true}
		return
	}
	p.gone(b)
	p.came(a)
}

// entered tells that this member was ended elsewhere and is back.
func (p *publication) entered(size int) {
	e := p.entry
	if e == nil {
		return
	}
	p.entry = nil
	self := p.m.st.Self
	p.touch(self.ID)
	if e.before > 1 || self.Record.Life.Incarnation > e.life.Incarnation {
		p.emit(Event{Kind: EventRejoined, Member: p.member(self), Reason: e.reason, Before: e.before, After: size})
	}
}

// accusers names those whose accusation is known here.
func (p *publication) accusers(s *store.Member) []Accuser {
	out := slices.Clone(p.suspects[s.ID])
	for _, id := range s.End.Accusers {
		m := p.m.st.Find(id)
		if m != nil && !slices.ContainsFunc(out, func(a Accuser) bool { return a.Name == m.Name }) {
			out = append(out, Accuser{Name: m.Name})
		}
	}
	return out
}

func (p *publication) suspected(_ time.Duration, m *view.Member, by []detector.Accusation) {
	s := p.m.st.Find(m.ID)
	if s == nil || !s.InView() {
		return
	}
	var names []Accuser
	for _, a := range by {
		if who := p.m.st.Find(a.ID); who != nil {
			names = append(names, Accuser{Name: who.Name, Phi: a.Phi})
		}
	}
	_, already := p.suspects[m.ID]
	p.suspects[m.ID] = names
	if already || p.view.Find(m.ID) == nil {
		return
	}
	p.touch(m.ID)
	p.emit(Event{Kind: EventSuspected, Member: p.member(s), Accusers: names})
}

func (p *publication) cleared(_ time.Duration, m *view.Member) {
	s := p.m.st.Find(m.ID)
	if _, ok := p.suspects[m.ID]; !ok || s == nil || !s.InView() {
		return
	}
	delete(p.suspects, m.ID)
	p.touch(m.ID)
	p.emit(Event{Kind: EventCleared, Member: p.member(s)})
}

func (p *publication) stabilized(now time.Duration, v *view.View) {
	if p.view.Hash() != v.Hash() || p.stable {
		return
	}
	p.stable, p.stableAt = true, now
	p.freshAt = 0
	names := make([]string, 0, v.Len())
	for _, m := range v.All() {
		names = append(names, m.Name)
	}
	slices.Sort(names)
	p.emit(Event{Kind: EventStabilized, View: v.Hash(), Names: names})
}

// retain forgets what the application was told of names that the store no longer knows.
func (p *publication) retain() {
	for id, seen := range p.last {
		if p.m.st.Find(id) == nil {
			delete(p.last, id)
			p.members.Delete(seen.name)
			p.freshAt = 0
		}
	}
}
