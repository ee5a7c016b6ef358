// Package publish is what the application sees of a member: events, and a snapshot for readers. It holds the view back
// for a moment while ends keep coming, so that ten crashes are one change, and the stability tree holds what is published.
package publish

import (
	"maps"
	"slices"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/cow"
	"github.com/grapevine-gossip/grapevine/internal/intern"
	"github.com/grapevine-gossip/grapevine/internal/store"
	"github.com/grapevine-gossip/grapevine/internal/view"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// Host is where the rest of what is published comes from.
type Host interface {
	// Published tells the stability tree which view is held now.
	Published(now time.Duration, v *view.View)
	// EnteredAt is when this member entered its view; 0: it never entered another.
	EnteredAt() time.Duration
	Status(now time.Duration) Status
	Edges(now time.Duration) []Edge
	Backlog(now time.Duration) time.Duration
	WaitingFor() []uint64     // ids of those that keep the view from being stable
	Suspected(id uint64) bool // whether anybody accuses that member of the view
}

// Publication is what one member has published.
type Publication struct {
	host     Host
	cfg      Config
	st       *store.Store
	view     *view.View
	held     held
	absent   map[uint64]lastSeen // what the application was told of those that are not in the view
	emptied  map[uint64]bool     // whose keys it knows though they are no longer here
	early    map[uint64]uint64   // of whom it was told keys while they were not in the view, and up to which version
	suspects map[uint64][]Accuser
	stable   bool
	stableAt time.Duration
	entry    *entry

	events  []Event
	members cow.Map[*Member]
	dirty   []uint64 // ids, some of them more than once
	self    *Member  // as in members; nil: to be looked up
	snap    *Snapshot
	freshAt time.Duration // when the quickly changing parts of snap were made
}

// lastSeen is what the application knows of a name.
type lastSeen struct {
	name string
	life wire.Life
}

// entry is an Enter that is not yet published.
type entry struct {
	life   wire.Life
	before int
	reason string
}

// freshFor is how old phi, backlog and hold-outs in the snapshot are at most.
const freshFor = 500 * time.Millisecond

// Config of a Publication. The zero Config is for a member in a process of its own.
type Config struct {
	Shared *intern.Table[Member] // publications that have one share what is equal
	Unread bool                  // nobody reads phi, backlog and hold-outs in a snapshot: they may be of any age
}

// New publishes a member that is alone.
func New(now time.Duration, st *store.Store, host Host, cfg Config) *Publication {
	p := &Publication{
		host: host, st: st, cfg: cfg, absent: map[uint64]lastSeen{}, emptied: map[uint64]bool{}, early: map[uint64]uint64{},
		suspects: map[uint64][]Accuser{},
	}
	p.view = p.st.View()
	p.Touch(p.st.Self.ID)
	return p
}

// Emit adds an event.
func (p *Publication) Emit(e Event) { p.events = append(p.events, e) }

// Touch has a name described anew in the next snapshot.
func (p *Publication) Touch(id uint64) { p.dirty = append(p.dirty, id) }

// View is the view that the application sees.
func (p *Publication) View() *view.View { return p.view }

// Pending is how many events wait for Events to be called.
func (p *Publication) Pending() int { return len(p.events) }

// Entering is told before this member enters another view.
func (p *Publication) Entering(life wire.Life, before int, reason string) {
	p.entry = &entry{life, before, reason}
}

// Changed takes the store's log of one turn.
func (p *Publication) Changed(now time.Duration, changes []store.Change) {
	atOnce, ended := false, false
	for _, c := range changes {
		switch c.Kind {
		case store.Lived, store.TakenOver:
			atOnce = true
		case store.Emptied:
			p.emptied[c.Member.ID] = true
			delete(p.early, c.Member.ID)
		case store.Ended:
			if c.Member.End.Cause != wire.Failed {
				atOnce = true
			} else if p.view.Find(c.Member.ID) != nil {
				p.held.add(now)
				ended = true
			}
		}
		if c.Member != nil {
			p.Touch(c.Member.ID)
		}
	}
	if ended {
		p.held.more = p.moreSuspected()
	}
	if atOnce {
		p.publish(now)
	} else if p.held.ends == 0 && p.st.View() != p.view {
		p.readdress(now)
	}
	for _, c := range changes {
		p.tell(now, c)
	}
}

// readdress takes over a view that differs by addresses only.
func (p *Publication) readdress(now time.Duration) {
	p.view = p.st.View()
	p.host.Published(now, p.view)
}

// tell turns one line of the log into events, membership apart.
func (p *Publication) tell(now time.Duration, c store.Change) {
	switch c.Kind {
	case store.Moved:
		if c.Member.InView() && c.Member != p.st.Self {
			p.Emit(Event{Kind: EventUpdated, Member: p.Member(c.Member)})
		}
	case store.Ended:
		p.tellEnded(now, c)
	case store.Wrote:
		p.tellKeys(c)
	}
}

// settledIn is how long after entering a view the ends of others are part of what was there, not news.
const settledIn = 3 * time.Second

func (p *Publication) tellEnded(now time.Duration, c store.Change) {
	m := c.Member
	if m.InView() {
		return
	}
	_, known := p.absent[m.ID]
	switch {
	case m.End.Cause == wire.Forgotten && known:
		p.Emit(Event{Kind: EventForgotten, Member: p.Member(m)})
		delete(p.absent, m.ID)
	case m.End.Cause == wire.Failed && !known && p.view.Find(m.ID) == nil:
		p.absent[m.ID] = lastSeen{m.Name, m.Record.Life}
		if now-p.host.EnteredAt() > settledIn {
			p.Emit(Event{Kind: EventDiscoveredFailed, Member: p.Member(m)})
		}
	}
}

// TagPrefix is the reserved prefix of the keys that are tags.
const TagPrefix = "_tag/"

func (p *Publication) tellKeys(c store.Change) {
	if p.view.Find(c.Member.ID) == nil {
		p.early[c.Member.ID] = c.To
	}
	tags := false
	for _, e := range c.Entries {
		if e.Key[0] == '_' {
			tags = tags || len(e.Key) > len(TagPrefix) && e.Key[:len(TagPrefix)] == TagPrefix
			continue
		}
		ev := Event{Kind: EventKeySet, Member: p.Member(c.Member), Key: e.Key, Value: e.Value, Version: e.Version}
		if e.Deleted {
			ev.Kind, ev.Value = EventKeyDeleted, nil
		}
		p.Emit(ev)
	}
	if tags {
		p.Emit(Event{Kind: EventUpdated, Member: p.Member(c.Member)})
	}
}

// publish makes the store's view the one the application sees.
func (p *Publication) publish(now time.Duration) {
	before, after := p.view, p.st.View()
	p.held.published(now, after.Len() < before.Len())
	p.view = after
	if p.stable && before.Hash() != after.Hash() {
		p.stable = false
		p.Emit(Event{Kind: EventDestabilized, View: before.Hash()})
	}
	p.diff(before, after)
	p.clearReturned()
	p.entered(after.Len())
	if before != after {
		p.host.Published(now, after)
	}
}

// diff walks both views, which are sorted by id, and tells of each difference.
func (p *Publication) diff(before, after *view.View) {
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
			if b[0] != a[0] && b[0].Life != a[0].Life {
				p.changedLife(b[0], a[0])
			}
			a, b = a[1:], b[1:]
		}
	}
}

func (p *Publication) gone(m *view.Member) {
	p.Touch(m.ID)
	p.absent[m.ID] = lastSeen{m.Name, m.Life}
	s := p.st.Find(m.ID)
	if s == nil || m.ID == p.st.Self.ID {
		return
	}
	e := Event{Kind: EventFailed, Member: p.Member(s)}
	if s.End.Life == m.Life && s.End.Cause == wire.Left {
		e.Kind = EventLeft
	} else {
		e.Accusers = p.accusers(s)
	}
	delete(p.suspects, m.ID)
	p.Emit(e)
}

func (p *Publication) came(m *view.Member) {
	p.Touch(m.ID)
	seen, known := p.absent[m.ID]
	delete(p.absent, m.ID)
	if m.ID == p.st.Self.ID {
		return
	}
	s := p.st.Find(m.ID)
	e := Event{Kind: EventJoined, Member: p.Member(s)}
	if known {
		e.Kind, e.Restarted = EventReturned, p.emptied[m.ID] || !seen.life.SameProcess(m.Life)
	}
	p.Emit(e)
	if told := p.early[m.ID]; told > 0 && (!known || e.Restarted) {
		p.retell(s, e.Member, told)
	}
	delete(p.emptied, m.ID)
	delete(p.early, m.ID)
}

// retell tells the keys that were told before the application knew that the former ones are gone: it has dropped them.
func (p *Publication) retell(s *store.Member, m *Member, told uint64) {
	for key, e := range s.Space.Freeze().All() {
		if key[0] != '_' && e.Version <= told {
			p.Emit(Event{Kind: EventKeySet, Member: m, Key: key, Value: e.Value, Version: e.Version})
		}
	}
}

// changedLife tells of a member that is in both views under different lives: it was gone and is back, unless it is a
// fellow that came along into a larger view.
func (p *Publication) changedLife(b, a *view.Member) {
	fellow := p.entry != nil && b.Life.SameProcess(a.Life)
	if fellow || a.ID == p.st.Self.ID {
		p.Touch(a.ID)
		return
	}
	p.gone(b)
	p.came(a)
}

// entered tells that this member was ended elsewhere and is back.
func (p *Publication) entered(size int) {
	e := p.entry
	if e == nil {
		return
	}
	p.entry = nil
	self := p.st.Self
	p.Touch(self.ID)
	if e.before > 1 || self.Record.Life.Incarnation > e.life.Incarnation {
		p.Emit(Event{Kind: EventRejoined, Member: p.Member(self), Reason: e.reason, Before: e.before, After: size})
	}
}

// accusers names those whose accusation is known here.
func (p *Publication) accusers(s *store.Member) []Accuser {
	out := slices.Clone(p.suspects[s.ID])
	for _, id := range s.End.Accusers {
		m := p.st.Find(id)
		if m != nil && !slices.ContainsFunc(out, func(a Accuser) bool { return a.Name == m.Name }) {
			out = append(out, Accuser{Name: m.Name})
		}
	}
	return out
}

// Suspected is told when a member is accused, and by whom.
func (p *Publication) Suspected(now time.Duration, m *view.Member, names []Accuser) {
	s := p.st.Find(m.ID)
	if s == nil || !s.InView() {
		return
	}
	_, already := p.suspects[m.ID]
	p.suspects[m.ID] = names
	if !already {
		p.held.accused(now)
	}
	if already || p.view.Find(m.ID) == nil {
		return
	}
	p.Touch(m.ID)
	p.Emit(Event{Kind: EventSuspected, Member: p.Member(s), Accusers: names})
}

// Cleared is told when nobody accuses a member any more.
func (p *Publication) Cleared(m *view.Member) {
	s := p.st.Find(m.ID)
	if _, ok := p.suspects[m.ID]; !ok || s == nil || !s.InView() {
		return
	}
	delete(p.suspects, m.ID)
	p.held.more = p.moreSuspected()
	p.Touch(m.ID)
	p.Emit(Event{Kind: EventCleared, Member: p.Member(s)})
}

// clearReturned clears those that ended and are back before anything was published of it: with their end, accusations of
// them were dropped.
func (p *Publication) clearReturned() {
	for _, id := range slices.Sorted(maps.Keys(p.suspects)) {
		if m := p.view.Find(id); m != nil && !p.host.Suspected(id) {
			p.Cleared(m)
		}
	}
}

// Stabilized is told when the tree has found that all members have held v at one moment.
func (p *Publication) Stabilized(now time.Duration, v *view.View) {
	if p.view.Hash() != v.Hash() || p.stable {
		return
	}
	p.stable, p.stableAt = true, now
	p.freshAt = 0
	p.Emit(Event{Kind: EventStabilized, View: v.Hash(), Stable: v})
}

// Events returns what happened since the last call. The slice given is used for what comes next.
func (p *Publication) Events(reuse []Event) []Event {
	out := p.events
	clear(reuse)
	if p.events = reuse[:0]; cap(reuse) > keepEvents {
		p.events = nil
	}
	return out
}

// keepEvents is how much room for events is kept: a turn with more is rare.
const keepEvents = 16

// Retain forgets what the application was told of names that the store no longer knows.
func (p *Publication) Retain() {
	for id, seen := range p.absent {
		if p.st.Find(id) == nil {
			delete(p.absent, id)
			p.members.Delete(seen.name)
			p.freshAt = 0
		}
	}
	maps.DeleteFunc(p.emptied, func(id uint64, _ bool) bool { return p.st.Find(id) == nil })
	maps.DeleteFunc(p.early, func(id, _ uint64) bool { return p.st.Find(id) == nil })
}
