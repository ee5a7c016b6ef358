package gossip

import (
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/admission"
	"github.com/grapevine-gossip/grapevine/internal/antientropy"
	"github.com/grapevine-gossip/grapevine/internal/detector"
	"github.com/grapevine-gossip/grapevine/internal/publish"
	"github.com/grapevine-gossip/grapevine/internal/spread"
	"github.com/grapevine-gossip/grapevine/internal/stability"
	"github.com/grapevine-gossip/grapevine/internal/store"
	"github.com/grapevine-gossip/grapevine/internal/view"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// Machine is one member. Its parts do not know each other; what one needs of another goes through here.
type Machine struct {
	cfg   Config
	codec *wire.Codec
	rng   *rand.Rand
	now   time.Duration

	st     *store.Store
	det    *detector.Detector
	tree   *stability.Tree
	spread *spread.Spread
	ae     *antientropy.Exchange
	door   *admission.Door

	raw         *view.View // as the parts last saw the store's view
	pub         *publish.Publication
	retainAt    time.Duration
	tuneAt      time.Duration
	due         time.Duration // what Next told
	lag         time.Duration // for which packets wait here
	superseded  bool
	entries     int                              // how often another view was entered
	isOut       bool                             // as the detector was last told
	toldRecord  map[uint64]time.Duration         // when a member that holds an older life of mine was last told
	toldCluster map[netip.AddrPort]time.Duration // when a stranger of another cluster was last told
	unknown     map[wire.Ref]time.Duration       // since when a life is heard of that is above what is known here

	out     Output
	box     outbox
	streams streams
	in      wire.Inbox
	ping    wire.Ping // being sent
	ack     wire.Ack
	edges   []detector.Edge // for what is published
	stats   Stats
	sent    counts
	got     [wire.Kinds]uint64 // sections
}

const (
	retainEvery = 10 * time.Second
	tuneEvery   = time.Second // at the soonest: it is nothing to wake for
)

// New makes a machine that is a view of one.
func New(now time.Duration, cfg Config) *Machine {
	m := &Machine{cfg: cfg, codec: wire.NewCodec(cfg.Cluster), rng: cfg.Rand, now: now}
	m.stats.Dropped = map[string]uint64{}
	m.start(now, wire.Record{
		Name: cfg.Name, Addr: cfg.Addr, AddrVersion: 1, MinVersion: wire.MinVersion, MaxVersion: wire.MaxVersion,
		Life: wire.Life{Generation: max(cfg.Generation, 1), Boot: cfg.Boot},
	})
	return m
}

// start builds the parts for a new process of this member.
func (m *Machine) start(now time.Duration, self wire.Record) {
	shared := m.cfg.Shared
	if shared == nil {
		shared = &Shared{}
	}
	m.st = store.NewSharing(shared.views, self, store.Limits{Key: m.cfg.MaxKey, Value: m.cfg.MaxValue, Space: m.cfg.MaxSpace})
	id := m.st.Self.ID
	m.raw = m.st.View()
	m.det = detector.New(now, detector.Config{Phi: m.cfg.Phi, Interval: m.cfg.Interval, Quick: m.cfg.Quick, Rand: m.rng}, m.raw.Find(id), detectorHost{m})
	m.tree = stability.New(id, treeHost{m})
	m.spread = spread.New(spread.Config{Rand: m.rng, Budget: m.cfg.Budget, Variant: m.cfg.Variant}, id, m.st, spreadHost{m})
	m.ae = antientropy.New(antientropy.Config{Rand: m.rng, Method: m.cfg.Compare}, id, m.st, exchangeHost{m})
	m.door = admission.New(now, m.st, doorHost{m}, m.rng, m.cfg.HasSeeds, m.cfg.Tree)
	m.isOut = false
	m.retainAt, m.tuneAt = now+retainEvery, now+tuneEvery
	m.toldRecord = map[uint64]time.Duration{}
	m.toldCluster = map[netip.AddrPort]time.Duration{}
	m.unknown = map[wire.Ref]time.Duration{}
	m.streams = streams{open: map[uint64]*stream{}, next: m.streams.next}
	m.det.SetView(now, m.raw)
	m.spread.SetView(now, m.raw, m.raw)
	m.ae.SetView(now, m.raw)
	m.pub = publish.New(now, m.st, publishHost{m}, publish.Config{Shared: shared.published, Unread: m.cfg.Unread})
	m.tree.SetView(now, m.raw)
}

// Step takes one datagram.
func (m *Machine) Step(now time.Duration, from netip.AddrPort, frame []byte) {
	m.enter(now)
	m.stats.PacketsIn++
	m.stats.BytesIn += uint64(len(frame))
	h, err := m.in.Open(m.codec, frame)
	if err != nil {
		m.reject(now, from, len(frame), err)
		return
	}
	if !m.silent() {
		m.dispatch(now, from, h, m.in.Messages)
	}
	m.in.Clear()
}

// Tick does what is due.
func (m *Machine) Tick(now time.Duration) {
	m.enter(now)
	if m.silent() {
		return
	}
	m.tickParts(now)
	if now >= m.tuneAt {
		m.tuneAt = now + tuneEvery
		m.tune()
	}
	if now >= m.retainAt {
		m.retainAt = now + retainEvery
		m.st.Retain(now)
		m.pub.Retain()
		m.box.release()
		m.in.Release()
		clear(m.toldRecord)
		clear(m.toldCluster)
		clear(m.unknown)
	}
	m.pub.Tick(now)
	m.settle(now)
}

// tickParts lets the parts work. Those that do nothing but at their deadlines need not even be looked at before.
func (m *Machine) tickParts(now time.Duration) {
	due := func(at time.Duration) bool { return at > 0 && at <= now }
	m.det.Tick(now)
	m.door.Tick(now)
	left := m.door.Left()
	if !left && due(m.spread.Next()) {
		m.spread.Tick(now)
	}
	if !left && due(m.ae.Next()) {
		m.ae.Tick(now)
	}
	if !left && due(m.tree.Next()) {
		m.tree.Tick(now)
	}
	m.st.Expire(now)
}

// enter is passed by every door: a member that stood still must know before it acts on what waited for it.
func (m *Machine) enter(now time.Duration) {
	m.now = now
	if !m.silent() {
		m.det.Enter(now)
	}
}

// Next is when Tick has something to do.
func (m *Machine) Next() time.Duration {
	if m.silent() {
		return m.now + time.Hour
	}
	next := m.retainAt
	for _, t := range [...]time.Duration{
		m.det.Next(), m.door.Next(), m.spread.Next(), m.ae.Next(), m.tree.Next(), m.st.NextExpiry(), m.pub.Next(),
	} {
		if t > 0 && t < next {
			next = t
		}
	}
	m.due = next
	return next
}

// Ready collects what has to go out since the last call.
func (m *Machine) Ready() *Output {
	m.settle(m.now)
	m.out.Packets = m.box.flush(m)
	m.out.Events = m.pub.Events(m.out.Events)
	m.out.Streams, m.streams.calls = m.streams.calls, m.out.Streams[:0]
	m.out.Snapshot = m.pub.Snapshot(m.now)
	return &m.out
}

// tune tells the parts what the detector has measured of the neighbours: timers follow the slowest of them.
func (m *Machine) tune() {
	if slowest := m.det.SlowestRTT(); slowest > 0 {
		m.spread.SetDelay(slowest / 2)
		m.tree.SetRTT(slowest)
	}
}

// SetLag tells how long the longest waiting packet of this turn had waited. Under load more is put into one packet, and a
// member that is far behind doubts itself before it doubts others.
func (m *Machine) SetLag(now, d time.Duration) {
	m.enter(now)
	m.lag = d
	if m.due > 0 {
		m.lag = max(d, now-m.due) // packets wait elsewhere too while the owner is late to call
	}
	m.spread.SetLag(now, m.lag)
	m.det.Lagged(now, d)
}

// Snapshot is the newest published state.
func (m *Machine) Snapshot() *publish.Snapshot { return m.pub.Snapshot(m.now) }

// WaitingFor names those that keep the view from being stable, as far as known.
func (m *Machine) WaitingFor() []string { return m.pub.WaitingFor() }

// silent reports whether this member says and does nothing any more.
func (m *Machine) silent() bool { return m.superseded || m.door.Left() }

// settle carries changes of the state to the parts until nothing changes any more: view and overlay change once per
// turn, not per record.
func (m *Machine) settle(now time.Duration) {
	if out := m.door.Out() || m.door.Leaving(); out != m.isOut {
		m.isOut = out
		m.det.SetOut(now, out)
	}
	for range maxSettle {
		changes := m.st.Changes()
		v := m.st.View()
		if len(changes) == 0 && v == m.raw {
			return
		}
		if v != m.raw {
			before := m.raw
			m.raw = v
			m.stats.ViewChanges++
			m.spread.SetView(now, before, v)
			m.ae.SetView(now, v)
			m.door.SetView(now)
			m.det.SetView(now, v)
		}
		m.spread.Changed(now, changes)
		m.pub.Changed(now, changes)
	}
}

// maxSettle bounds how often one turn may change the state in answer to its own changes; what is left waits for the
// next turn.
const maxSettle = 16
