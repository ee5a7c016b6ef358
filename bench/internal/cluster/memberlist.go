package cluster

import (
	"context"
	"errors"
	"io"
	"log"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/memberlist"

	"github.com/grapevine-gossip/grapevine/bench/internal/board"
	"github.com/grapevine-gossip/grapevine/bench/internal/fabric"
)

// lan is the library's own choice.
func lan() *memberlist.Config { return memberlist.DefaultLANConfig() }

// aggressive is what an operator reaches for to whom the defaults are too slow: the times that the library itself takes on
// one machine, with twice as many probes and short suspicions, and the LAN's redundancy. Going further, to a probe every
// 250 ms that has 100 ms to answer, made 101 members on two busy processors remove each other in storms that outlasted the cut-off.
func aggressive() *memberlist.Config {
	c := memberlist.DefaultLocalConfig()
	lan := memberlist.DefaultLANConfig()
	c.IndirectChecks, c.RetransmitMult = lan.IndirectChecks, lan.RetransmitMult
	c.GossipToTheDeadTime = lan.GossipToTheDeadTime
	c.ProbeInterval = 500 * time.Millisecond
	c.SuspicionMaxTimeoutMult = 3
	return c
}

// waitBroadcast bounds how long the library waits for its own broadcasts to be sent.
const waitBroadcast = 10 * time.Second

// listen opens sockets as memberlist does, wrapped, and tells conf of them.
func listen(s Spec, conf *memberlist.Config) (netip.AddrPort, error) {
	quiet := log.New(io.Discard, "", 0)
	inner, err := retry(func() (*memberlist.NetTransport, error) {
		return memberlist.NewNetTransport(&memberlist.NetTransportConfig{BindAddrs: []string{"127.0.0.1"}, Logger: quiet})
	})
	if err != nil {
		return netip.AddrPort{}, err
	}
	self := netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(inner.GetAutoBindPort()))
	port := &fabric.Port{Faults: s.Faults, Counter: s.Counter, Self: self}
	conf.Name, conf.Logger, conf.LogOutput = s.Name(), quiet, nil
	conf.BindAddr, conf.BindPort = "127.0.0.1", int(self.Port())
	conf.AdvertiseAddr, conf.AdvertisePort = conf.BindAddr, conf.BindPort
	conf.Transport = port.Memberlist(inner)
	return self, nil
}

type list struct {
	list *memberlist.Memberlist
	addr netip.AddrPort
	user *delegate
}

func startMemberlist(settings func() *memberlist.Config) func(context.Context, Spec) (Member, error) {
	return func(ctx context.Context, s Spec) (Member, error) {
		conf := settings()
		addr, err := listen(s, conf)
		if err != nil {
			return nil, err
		}
		d := newDelegate(s, conf.RetransmitMult)
		conf.Delegate, conf.Events = d, &memberEvents{s.Index, s.Board}
		l, err := memberlist.Create(conf)
		if err != nil {
			return nil, errors.Join(err, conf.Transport.Shutdown())
		}
		d.list.Store(l)
		return &list{l, addr, d}, join(ctx, s.Seeds, func() error { _, err := l.Join(s.Seeds); return err })
	}
}

// joinPause is how long a program waits before it tries again to join. The library tries once.
const joinPause = time.Second

func join(ctx context.Context, seeds []string, try func() error) error {
	if len(seeds) == 0 {
		return nil
	}
	for {
		err := try()
		if err == nil {
			return nil
		}
		select {
		case <-time.After(joinPause):
		case <-ctx.Done():
			return errors.Join(err, ctx.Err())
		}
	}
}

func (m *list) Addr() netip.AddrPort { return m.addr }

// Metadata is the library's own: it waits there until the change has been sent.
func (m *list) Metadata(id int) error {
	m.user.setMeta(message(id))
	return m.list.UpdateNode(waitBroadcast)
}

func (m *list) Publish(id int) error {
	m.user.broadcast(id, message(id))
	return nil
}

func (m *list) Leave(context.Context) error {
	return errors.Join(m.list.Leave(waitBroadcast), m.list.Shutdown())
}

func (m *list) Crash() error { return m.list.Shutdown() }

type memberEvents struct {
	index int
	board *board.Board
}

func (e *memberEvents) NotifyJoin(n *memberlist.Node)  { e.board.Up(e.index, indexOf(n.Name)) }
func (e *memberEvents) NotifyLeave(n *memberlist.Node) { e.board.Down(e.index, indexOf(n.Name)) }
func (e *memberEvents) NotifyUpdate(n *memberlist.Node) {
	e.board.Got(e.index, idOf(n.Meta))
}

// delegate passes messages on, as a program that gossips over the library does: what is new is queued again.
type delegate struct {
	index int
	board *board.Board
	queue memberlist.TransmitLimitedQueue
	list  atomic.Pointer[memberlist.Memberlist] // once it is created: it asks before that

	mu   sync.Mutex
	meta []byte
	seen map[int]bool
}

func newDelegate(s Spec, retransmit int) *delegate {
	d := &delegate{index: s.Index, board: s.Board, seen: map[int]bool{}}
	d.queue.RetransmitMult = retransmit
	d.queue.NumNodes = func() int {
		if l := d.list.Load(); l != nil {
			return l.NumMembers()
		}
		return 1
	}
	return d
}

func (d *delegate) setMeta(b []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.meta = b
}

func (d *delegate) NodeMeta(int) []byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.meta
}

func (d *delegate) broadcast(id int, b []byte) bool {
	d.mu.Lock()
	news := !d.seen[id]
	d.seen[id] = true
	d.mu.Unlock()
	if news {
		d.queue.QueueBroadcast(update(b))
	}
	return news
}

func (d *delegate) NotifyMsg(b []byte) {
	id := idOf(b)
	if id >= 0 && d.broadcast(id, append([]byte(nil), b...)) {
		d.board.Got(d.index, id)
	}
}

func (d *delegate) GetBroadcasts(overhead, limit int) [][]byte {
	return d.queue.GetBroadcasts(overhead, limit)
}

func (d *delegate) LocalState(bool) []byte        { return nil }
func (d *delegate) MergeRemoteState([]byte, bool) {}

// update is a message in the queue. Each is unique: none replaces another, and the queue need not look.
type update []byte

func (u update) Invalidates(memberlist.Broadcast) bool { return false }
func (u update) Message() []byte                       { return u }
func (u update) Finished()                             {}
func (u update) UniqueBroadcast()                      {}
