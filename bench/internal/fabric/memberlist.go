package fabric

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/hashicorp/memberlist"
)

// Memberlist wraps the sockets of a member of memberlist, or of serf, which stands on it.
func (p *Port) Memberlist(t *memberlist.NetTransport) memberlist.NodeAwareTransport {
	n := &netTransport{NetTransport: t, port: p, streams: make(chan net.Conn), quit: make(chan struct{})}
	go n.accept()
	return n
}

type netTransport struct {
	*memberlist.NetTransport
	port    *Port
	streams chan net.Conn
	quit    chan struct{}
	once    sync.Once
}

func (t *netTransport) WriteTo(b []byte, addr string) (time.Time, error) {
	return t.WriteToAddress(b, memberlist.Address{Addr: addr})
}

func (t *netTransport) WriteToAddress(b []byte, a memberlist.Address) (time.Time, error) {
	to, err := netip.ParseAddrPort(a.Addr)
	if err != nil {
		return time.Time{}, fmt.Errorf("the comparison runs on addresses, not names: %w", err)
	}
	t.port.Counter.Datagram(len(b))
	err = t.port.Faults.Datagram(t.port.Self, to, b, func(b []byte) error {
		_, err := t.NetTransport.WriteToAddress(b, a)
		return err
	})
	return time.Now(), err
}

func (t *netTransport) DialTimeout(addr string, timeout time.Duration) (net.Conn, error) {
	return t.DialAddressTimeout(memberlist.Address{Addr: addr}, timeout)
}

func (t *netTransport) DialAddressTimeout(a memberlist.Address, timeout time.Duration) (net.Conn, error) {
	to, err := netip.ParseAddrPort(a.Addr)
	if err != nil {
		return nil, fmt.Errorf("the comparison runs on addresses, not names: %w", err)
	}
	begin := time.Now()
	if err := t.port.Faults.Dial(context.Background(), t.port.Self, to, timeout); err != nil {
		return nil, err
	}
	if timeout > 0 {
		timeout = max(timeout-time.Since(begin), time.Millisecond)
	}
	c, err := t.NetTransport.DialAddressTimeout(a, timeout)
	if err != nil {
		return nil, err
	}
	t.port.Counter.Dial()
	return t.port.Conn(c, to), nil
}

func (t *netTransport) StreamCh() <-chan net.Conn { return t.streams }

// accept wraps the streams that others dial.
func (t *netTransport) accept() {
	for {
		select {
		case c := <-t.NetTransport.StreamCh():
			select {
			case t.streams <- t.port.Conn(c, netip.AddrPort{}):
			case <-t.quit:
				c.Close()
			}
		case <-t.quit:
			return
		}
	}
}

// Shutdown ends the sockets first: the library's listeners may be waiting to hand over a stream, which accept takes.
func (t *netTransport) Shutdown() error {
	err := t.NetTransport.Shutdown()
	t.once.Do(func() { close(t.quit) })
	return err
}
