package fabric

import (
	"net"
	"net/netip"
	"time"
)

// Conn wraps the byte stream of a library that uses net.Conn. peer is the member that was dialed, zero for a stream that
// was accepted.
func (p *Port) Conn(c net.Conn, peer netip.AddrPort) net.Conn {
	return &conn{Conn: c, end: newEnd(p, peer)}
}

type conn struct {
	net.Conn
	end end
}

func (c *conn) Write(b []byte) (int, error) {
	if err := c.end.suffer(len(b), false); err != nil {
		return 0, err
	}
	n, err := c.Conn.Write(b)
	if n > 0 {
		c.end.port.Counter.Write(n)
	}
	return n, err
}

func (c *conn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 {
		if err := c.end.suffer(n, true); err != nil {
			return 0, err
		}
	}
	return n, err
}

func (c *conn) SetDeadline(t time.Time) error {
	c.end.deadline(t)
	return c.Conn.SetDeadline(t)
}

func (c *conn) SetReadDeadline(t time.Time) error {
	c.end.deadline(t)
	return c.Conn.SetReadDeadline(t)
}

func (c *conn) SetWriteDeadline(t time.Time) error {
	c.end.deadline(t)
	return c.Conn.SetWriteDeadline(t)
}

func (c *conn) Close() error {
	c.end.cancel()
	return c.Conn.Close()
}
