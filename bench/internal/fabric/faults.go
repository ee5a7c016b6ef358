package fabric

import (
	"context"
	"math/rand/v2"
	"net/netip"
	"os"
	"sync"
	"time"
)

// The timers of Linux' TCP that matter when segments are lost.
const (
	segment      = 1460                   // bytes of payload on Ethernet
	synTimeout   = time.Second            // the first repetition of a SYN; doubles
	writeTimeout = 200 * time.Millisecond // the smallest retransmission timeout; doubles
	maxTimeout   = 8 * time.Second        // bounds the doubling: after a cut heals, a stream resumes within it
	dialLimit    = 30 * time.Second       // the most that a dial takes where the caller names no limit
)

// Faults are those of the links of one cluster. They may be changed at any time.
type Faults struct {
	mu    sync.RWMutex
	loss  float64
	delay time.Duration
	side  map[netip.AddrPort]int // links between different sides are cut; a member that is not listed is on side 0
}

// SetLoss makes every link lose this share of packets, each direction on its own.
func (f *Faults) SetLoss(share float64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.loss = share
}

// SetDelay makes every link take this long, one way.
func (f *Faults) SetDelay(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.delay = d
}

// Cut puts the addresses on a side of their own; nil heals.
func (f *Faults) Cut(addrs []netip.AddrPort) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.side = map[netip.AddrPort]int{}
	for _, a := range addrs {
		f.side[a] = 1
	}
}

// link is the present state of the link between two members.
func (f *Faults) link(a, b netip.AddrPort) (loss float64, delay time.Duration) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	if f.side[a] != f.side[b] {
		return 1, f.delay
	}
	return f.loss, f.delay
}

func lost(share float64) bool { return share >= 1 || share > 0 && rand.Float64() < share }

// Datagram decides the fate of a datagram: send is called now, later with a copy, or never.
func (f *Faults) Datagram(from, to netip.AddrPort, b []byte, send func([]byte) error) error {
	loss, delay := f.link(from, to)
	if lost(loss) {
		return nil
	}
	if delay == 0 {
		return send(b)
	}
	later := append([]byte(nil), b...)
	// It is lost if the socket is closed by then, as on a real network.
	time.AfterFunc(delay, func() { _ = send(later) })
	return nil
}

// Dial takes the time of a handshake in which SYN and its answer may be lost. It ends with the error of a dial that timed
// out, or with that of ctx.
func (f *Faults) Dial(ctx context.Context, from, to netip.AddrPort, timeout time.Duration) error {
	if timeout <= 0 || timeout > dialLimit {
		timeout = dialLimit
	}
	deadline := time.Now().Add(timeout)
	for wait := synTimeout; ; wait = min(2*wait, maxTimeout) {
		loss, delay := f.link(from, to)
		if !lost(1 - (1-loss)*(1-loss)) { // neither the SYN nor its answer
			return pause(ctx, 2*delay)
		}
		if left := time.Until(deadline); wait >= left {
			if err := pause(ctx, left); err != nil {
				return err
			}
			return os.ErrDeadlineExceeded
		}
		if err := pause(ctx, wait); err != nil {
			return err
		}
	}
}

// Segments takes the time that so many bytes of a stream lose to retransmissions: where one segment of them is lost, one
// timeout, and twice as long each time that its repetition is lost. Several lost in one flight are repeated together, as
// with selective acknowledgements. turn tells that the bytes begin an answer or a question, which takes the delay of the
// link; those that follow are on their way already.
func (f *Faults) Segments(ctx context.Context, a, b netip.AddrPort, bytes int, turn bool) error {
	loss, delay := f.link(a, b)
	if turn {
		if err := pause(ctx, delay); err != nil {
			return err
		}
	}
	if loss == 0 {
		return nil
	}
	hit := false
	for ; bytes > 0 && !hit; bytes -= segment {
		hit = lost(loss)
	}
	for wait := writeTimeout; hit; wait = min(2*wait, maxTimeout) {
		if err := pause(ctx, wait); err != nil {
			return err
		}
		loss, _ = f.link(a, b)
		hit = lost(loss)
	}
	return nil
}

// pause waits unless ctx has ended.
func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
