package fabric

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/memberlist"
	"golang.org/x/sys/unix"
)

// inside tells the child that it has a network of its own.
const inside = "GRAPEVINE_BENCH_OWN_NETWORK"

// The kernel's own counters of a loopback interface that nobody else uses agree with ours: the number of datagrams exactly,
// and the payload within 2 %, after the headers of each packet are subtracted.
func TestCountsAgreeWithTheKernel(t *testing.T) {
	if os.Getenv(inside) == "" {
		inOwnNetwork(t)
		return
	}
	raiseLoopback(t)
	before, packets := loopback(t)
	sent := exchange(t)
	after, packets2 := loopback(t)
	udp := kernelDatagrams(t)
	if udp != sent.Datagrams {
		t.Errorf("%d datagrams counted, the kernel says %d", sent.Datagrams, udp)
	}
	// All that isn't a datagram is a segment of TCP: 20 bytes of IP, 20 of TCP and 12 of its time stamps; in SYN and
	// SYN-ACK 8 more. Loopback does not count its Ethernet headers.
	segments := packets2 - packets - udp
	headers := udp*(20+8) + segments*(20+20+12) + sent.Dials*2*8
	payload := after - before - headers
	if diff := float64(payload)/float64(sent.Bytes()) - 1; diff < -0.02 || diff > 0.02 {
		t.Errorf("%d bytes counted, the kernel says %d", sent.Bytes(), payload)
	}
}

// inOwnNetwork runs the test again in a network namespace. Where the system does not allow that, it is skipped.
func inOwnNetwork(t *testing.T) {
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), inside+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Skipf("no network namespace to be had: %v", err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("in a network of its own: %v\n%s", err, out.String())
	}
}

// exchange lets both kinds of sockets send datagrams and stream bytes, and returns what was counted.
func exchange(t *testing.T) Sent {
	a, b := listen(t), listen(t)
	for i := range 500 {
		if err := a.transport.WriteTo(make([]byte, 10+i), b.port.Self); err != nil {
			t.Fatal(err)
		}
	}
	st, err := a.transport.Dial(t.Context(), b.port.Self)
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		if err := st.WriteFrame(make([]byte, 5000)); err != nil {
			t.Fatal(err)
		}
	}
	in, err := b.transport.Accept()
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		if _, err := in.ReadFrame(nil); err != nil {
			t.Fatal(err)
		}
	}
	m, peer := rival(t), rival(t)
	for i := range 500 {
		if _, err := m.tr.WriteTo(make([]byte, 10+i), peer.port.Self.String()); err != nil {
			t.Fatal(err)
		}
	}
	c, err := m.tr.DialTimeout(peer.port.Self.String(), time.Second)
	if err != nil {
		t.Fatal(err)
	}
	answer := <-peer.tr.StreamCh()
	for range 20 {
		if _, err := c.Write(make([]byte, 5000)); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(answer, make([]byte, 5000)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := answer.Write(make([]byte, 5000)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(c, make([]byte, 5000)); err != nil {
		t.Fatal(err)
	}
	return a.port.Counter.Read().Plus(b.port.Counter.Read()).Plus(m.port.Counter.Read()).Plus(peer.port.Counter.Read())
}

type listed struct {
	port *Port
	tr   memberlist.NodeAwareTransport
}

func rival(t *testing.T) listed {
	t.Helper()
	inner, err := memberlist.NewNetTransport(&memberlist.NetTransportConfig{
		BindAddrs: []string{"127.0.0.1"}, Logger: log.New(io.Discard, "", 0),
	})
	if err != nil {
		t.Fatal(err)
	}
	self := netip.MustParseAddrPort(fmt.Sprintf("127.0.0.1:%d", inner.GetAutoBindPort()))
	p := &Port{Faults: &Faults{}, Counter: &Counter{}, Self: self}
	m := listed{p, p.Memberlist(inner)}
	go func() {
		for range m.tr.PacketCh() {
			continue // or the sockets can't be closed
		}
	}()
	t.Cleanup(func() { _ = m.tr.Shutdown() })
	return m
}

// raiseLoopback does what "ip link set lo up" does.
func raiseLoopback(t *testing.T) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	lo, err := unix.NewIfreq("lo")
	if err != nil {
		t.Fatal(err)
	}
	lo.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, lo); err != nil {
		t.Fatal(err)
	}
	if ifi, err := net.InterfaceByName("lo"); err != nil || ifi.Flags&net.FlagUp == 0 {
		t.Fatalf("loopback is not up: %v", err)
	}
}

// loopback is what the interface has sent.
func loopback(t *testing.T) (bytes, packets uint64) {
	fields := strings.Fields(kernelLine(t, "/proc/net/dev", "lo:", 0))
	return number(t, fields[9]), number(t, fields[10])
}

// kernelDatagrams is how many were sent by UDP, over IPv4.
func kernelDatagrams(t *testing.T) uint64 {
	return number(t, strings.Fields(kernelLine(t, "/proc/net/snmp", "Udp:", 1))[4])
}

// kernelLine is the one that begins so, after as many others of the kind.
func kernelLine(t *testing.T, file, begin string, skip int) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, begin) {
			continue
		}
		if skip == 0 {
			return line
		}
		skip--
	}
	t.Fatalf("%s has no such line", file)
	return ""
}

func number(t *testing.T, s string) uint64 {
	t.Helper()
	v, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}
