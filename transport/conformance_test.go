package transport_test

import (
	"fmt"
	"net"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/grapevine-gossip/grapevine/transport"
	"github.com/grapevine-gossip/grapevine/transport/transporttest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patient keeps a busy machine from ending streams that a test has not come to yet.
var patient = transport.Options{FirstFrameTimeout: time.Minute, IdleTimeout: time.Minute}

func TestSockets(t *testing.T) {
	for _, host := range []string{"127.0.0.1", "::1"} {
		t.Run(host, func(t *testing.T) {
			needHost(t, host)
			transporttest.Run(t, transporttest.Harness{
				New:  func(t *testing.T) transport.Transport { return listen(t, net.JoinHostPort(host, "0"), patient) },
				Dead: func(t *testing.T) netip.AddrPort { return deadPort(t, host) },
			})
		})
	}
}

func TestMemory(t *testing.T) {
	transporttest.Run(t, memoryHarness(nil))
}

// In a bubble a goroutine that is left, or a call that blocks for ever, ends the test at once.
func TestMemoryInBubble(t *testing.T) {
	settings := map[string]func(*transport.Memory){
		"plain": nil,
		"bad": func(m *transport.Memory) {
			m.SetLoss(0.3)
			m.SetLatency(20*time.Millisecond, 30*time.Millisecond)
		},
	}
	for name, set := range settings {
		for _, c := range transporttest.Cases() {
			t.Run(name+"/"+c.Name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { c.Run(t, memoryHarness(set)) })
			})
		}
	}
}

// memoryHarness makes a network for each test, in that test's bubble if it has one.
func memoryHarness(set func(*transport.Memory)) transporttest.Harness {
	networks := map[*testing.T]*transport.Memory{}
	made := 0
	return transporttest.Harness{New: func(t *testing.T) transport.Transport {
		m := networks[t]
		if m == nil {
			m = transport.NewMemory(1)
			if set != nil {
				set(m)
			}
			networks[t] = m
		}
		made++
		return attach(t, m, fmt.Sprintf("10.0.%d.%d:7787", made/250, made%250+1))
	}}
}

// attach closes what it opens when the test ends.
func attach(t *testing.T, m *transport.Memory, at string) transport.Transport {
	t.Helper()
	tr, err := m.Listen(netip.MustParseAddrPort(at), patient)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tr.Close() })
	return tr
}

// listen closes what it opens when the test ends.
func listen(t *testing.T, bind string, opts transport.Options) transport.Transport {
	t.Helper()
	tr, err := transport.Listen(bind, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tr.Close() })
	return tr
}

func needHost(t *testing.T, host string) {
	t.Helper()
	l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		t.Skipf("this machine cannot bind %s: %v", host, err)
	}
	_ = l.Close()
}

// deadPort is a port that nobody can take while the test runs, and where nobody listens: the near end of a connection.
func deadPort(t *testing.T, host string) netip.AddrPort {
	t.Helper()
	l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		t.Fatal(err)
	}
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Close()
		_ = l.Close()
	})
	return c.LocalAddr().(*net.TCPAddr).AddrPort()
}
