//go:build unix

package measure

import (
	"net"
	"net/netip"
	"syscall"
	"testing"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/admission"
	"github.com/grapevine-gossip/grapevine/internal/local"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// BenchmarkPacket measures what the simulator's processors are told: the processor time of a real member for a packet that
// comes and one that goes. A stranger tries the member's address and is answered, again and again. The same with a
// goroutine that does nothing but send back shows what sockets take; half of that is the stranger's.
func BenchmarkPacket(b *testing.B) {
	c := local.New(local.Options{Cluster: "packets"})
	defer c.Close()
	member, err := c.Start(b.Context(), local.Spec{Name: "member"})
	if err != nil {
		b.Fatal(err)
	}
	frame := wire.NewCodec("packets").AppendFrame(nil,
		wire.Header{From: wire.RefOf(wire.ID("stranger"), wire.Life{Generation: 1, Boot: 1})},
		wire.AppendSection(nil, wire.Ping{Seq: admission.DoorSeq}))
	echo := listen(b)
	go func() {
		buf := make([]byte, wire.MaxDatagram)
		for {
			n, from, err := echo.ReadFromUDPAddrPort(buf)
			if err != nil {
				return
			}
			_, _ = echo.WriteToUDPAddrPort(buf[:n], from)
		}
	}()
	echoed := perExchange(b, echo.LocalAddr().(*net.UDPAddr).AddrPort(), frame)
	took := perExchange(b, member.Addr, frame) - echoed/2
	b.ReportMetric(float64(took.Nanoseconds()), "ns/packet-in-and-out")
	b.ReportMetric(float64((echoed / 2).Nanoseconds()), "ns-of-that-in-sockets")
}

func listen(b *testing.B) *net.UDPConn {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = conn.Close() })
	return conn
}

// perExchange is the processor time of this process for each packet sent to an address and answered.
func perExchange(b *testing.B, to netip.AddrPort, frame []byte) time.Duration {
	const exchanges = 40_000
	conn := listen(b)
	if err := conn.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		b.Fatal(err)
	}
	buf := make([]byte, wire.MaxDatagram)
	before := processorTime(b)
	for range exchanges {
		if _, err := conn.WriteToUDPAddrPort(frame, to); err != nil {
			b.Fatal(err)
		}
		if _, _, err := conn.ReadFromUDPAddrPort(buf); err != nil {
			b.Fatal(err)
		}
	}
	return (processorTime(b) - before) / exchanges
}

func processorTime(b *testing.B) time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		b.Fatal(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
