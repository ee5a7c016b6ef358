package grapevine

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/datadir"
	"github.com/grapevine-gossip/grapevine/internal/gossip"
	"github.com/grapevine-gossip/grapevine/internal/publish"
	"github.com/grapevine-gossip/grapevine/transport"
)

// Node is one member of a cluster. All methods may be called from any goroutine. Close it when done.
type Node struct {
	cfg   Config
	epoch time.Time
	log   logger
	tr    transport.Transport
	dir   *datadir.Dir
	rng   *rand.Rand // the machine's: used by the loop alone, and before it starts

	machine *gossip.Machine
	loop    loop
	subs    subscribers
	seeds   *resolver
	state   atomic.Pointer[published]

	quit    chan struct{} // closed by Close
	stopped chan struct{} // the loop has ended
	once    sync.Once
	wg      sync.WaitGroup

	done    chan struct{} // the node is closed, or superseded
	doneErr error
	doneOne sync.Once

	refusals refusals
}

// published is a snapshot, and a channel that closes when there is a newer one.
type published struct {
	snap *publish.Snapshot
	next chan struct{}
}

// Start makes this process a member. ctx bounds the start only.
//
// It returns once the sockets are open and, if there are seeds, after the first of them has let this member in or
// Config.JoinTimeout passed: unreachable seeds are no error, they are tried for ever. Errors are ErrConfig,
// ErrNameTaken, and those of the operating system; and, if no seed let this member in, ErrWrongCluster, ErrVersion, or
// an UnreachableError when the members don't get through to it. After an error nothing is left running.
func Start(ctx context.Context, cfg Config) (*Node, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	n := &Node{
		cfg: cfg, epoch: cfg.Clock.Now(), log: newLogger(cfg.Logger), rng: rand.New(cfg.Rand),
		quit: make(chan struct{}), stopped: make(chan struct{}), done: make(chan struct{}),
	}
	if err := n.open(ctx); err != nil {
		return nil, err
	}
	n.run()
	if err := n.begin(ctx); err != nil {
		_ = n.Close()
		return nil, err
	}
	return n, nil
}

// open takes what can fail: the data directory and the sockets.
func (n *Node) open(ctx context.Context) error {
	generation := uint64(1)
	var known []datadir.Peer
	n.tr = n.cfg.Transport
	if n.cfg.DataDir != "" {
		dir, err := datadir.Open(n.cfg.DataDir)
		if err != nil {
			n.closeFiles()
			return err
		}
		n.dir = dir
		generation = dir.State().Generation + 1
		known = dir.State().Peers
	}
	if n.tr == nil {
		tr, err := transport.Listen(n.cfg.Bind, transport.Options{})
		if err != nil {
			n.closeFiles()
			return err
		}
		n.tr = tr
	}
	addr, err := advertised(ctx, n.cfg, n.tr.LocalAddr())
	if err != nil {
		n.closeFiles()
		return err
	}
	n.seeds = newResolver(n, n.cfg.Seeds, known)
	n.machine = gossip.New(n.now(), gossip.Config{
		Name: n.cfg.Name, Cluster: n.cfg.Cluster, Addr: addr, Generation: generation, Boot: n.rng.Uint64() | 1,
		Rand: n.rng, HasSeeds: n.seeds.any(), Phi: n.cfg.Phi, Interval: n.cfg.Interval, Budget: n.cfg.Budget,
		MaxKey: n.cfg.Limits.Key, MaxValue: n.cfg.Limits.Value, MaxSpace: n.cfg.Limits.Namespace,
	})
	if n.dir != nil {
		if err := n.dir.Save(datadir.State{Generation: generation, Peers: n.dir.State().Peers}); err != nil {
			n.closeFiles()
			return err
		}
	}
	return nil
}

func (n *Node) closeFiles() {
	if n.tr != nil {
		_ = n.tr.Close()
	}
	if n.dir != nil {
		_ = n.dir.Close()
	}
}

// run starts the goroutines.
func (n *Node) run() {
	n.loop.init(n)
	go n.log.queue.run()
	n.publish(n.machine.Ready())
	n.wg.Go(n.loop.run)
	n.wg.Go(n.loop.read)
	n.wg.Go(n.loop.accept)
	n.wg.Go(n.keep)
}

// begin writes the tags, hands over the seeds and waits for the first handshake.
func (n *Node) begin(ctx context.Context) error {
	if err := n.SetTags(n.cfg.Tags); err != nil {
		return err
	}
	n.wg.Go(n.seeds.run)
	if len(n.cfg.Seeds) == 0 || n.cfg.JoinTimeout < 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, n.cfg.JoinTimeout)
	defer cancel()
	var refusal error
	err := n.until(ctx, func(s *publish.Snapshot) bool {
		if s.Size > 1 || s.SeedsAreSelf {
			return true
		}
		refusal = n.refusalError(n.refusals.final(n.seeds.resolved()))
		return refusal != nil
	})
	switch {
	case refusal != nil:
		return refusal
	case errors.Is(err, context.DeadlineExceeded):
		return n.refusalError(n.refusals.standing())
	}
	return err
}

// Addr is the bound address. With port 0 it tells the port that was found.
func (n *Node) Addr() netip.AddrPort {
	if n.tr == nil {
		return netip.AddrPort{}
	}
	return n.tr.LocalAddr()
}

// Cluster is the name of the cluster.
func (n *Node) Cluster() string { return n.cfg.Cluster }

// Done is closed when the node is closed, or when another process has taken its name; Err tells which.
func (n *Node) Done() <-chan struct{} { return n.done }

// Err is nil before Done is closed, then ErrClosed or ErrNameTaken.
func (n *Node) Err() error {
	select {
	case <-n.done:
		return n.doneErr
	default:
		return nil
	}
}

func (n *Node) finish(err error) {
	n.doneOne.Do(func() {
		n.doneErr = err
		close(n.done)
	})
}

// Close stops the node without saying goodbye: the others will find it failed. Call Leave first to be missed by nobody.
// It may be called more than once.
func (n *Node) Close() error {
	if n.quit == nil {
		return nil // never started
	}
	var err error
	n.once.Do(func() {
		close(n.quit)
		err = n.tr.Close()
		n.wg.Wait()
		n.subs.close()
		n.log.queue.close()
		if n.dir != nil {
			err = errors.Join(err, n.dir.Close())
		}
		n.finish(ErrClosed)
	})
	return err
}

// closed holds for a Node that never was started, too.
func (n *Node) closed() bool {
	if n == nil || n.quit == nil {
		return true
	}
	select {
	case <-n.quit:
		return true
	default:
		return false
	}
}

// snapshot is the published state; nil after Close.
func (n *Node) snapshot() *publish.Snapshot {
	if n.closed() {
		return nil
	}
	return n.state.Load().snap
}

// until waits for a published state that satisfies cond.
func (n *Node) until(ctx context.Context, cond func(*publish.Snapshot) bool) error {
	for {
		p := n.state.Load()
		if cond(p.snap) {
			return nil
		}
		select {
		case <-p.next:
		case <-ctx.Done():
			return ctx.Err()
		case <-n.quit:
			return ErrClosed
		}
	}
}

// WaitStable waits until the view is stable and has at least so many members, and returns it.
func (n *Node) WaitStable(ctx context.Context, atLeast int) (View, error) {
	if n.closed() {
		return View{}, ErrClosed
	}
	var at *publish.Snapshot
	err := n.until(ctx, func(s *publish.Snapshot) bool {
		at = s
		return s.Stable && s.Size >= atLeast
	})
	return n.view(at), err
}

// Ping waits for one turn of the node's loop: it tells that the node is alive.
func (n *Node) Ping(ctx context.Context) error {
	return n.loop.call(ctx, func() {})
}

// Stats returns counters.
func (n *Node) Stats() Stats {
	var s gossip.Stats
	if n.loop.call(context.Background(), func() { s = n.machine.Stats() }) != nil {
		return Stats{}
	}
	if q := n.loop.overflow.Load(); q > 0 {
		s.Dropped["queue"] += q
	}
	return Stats{
		PacketsOut: s.PacketsOut, PacketsIn: s.PacketsIn, BytesOut: s.BytesOut, BytesIn: s.BytesIn,
		StreamBytesOut: s.StreamBytesOut, StreamBytesIn: s.StreamBytesIn,
		SentByKind: s.SentByKind, ReceivedByKind: s.ReceivedByKind, SentBytesByKind: s.SentBytesByKind,
		Dropped: s.Dropped, ReadErrors: n.loop.unread.Load(),
		Probes: s.Probes, Accusations: s.Accusations, Vouches: s.Vouches, Convictions: s.Convictions,
		ViewChanges: s.ViewChanges, Copies: s.Copies, Known: s.Known, Echoes: s.Echoes,
	}
}
