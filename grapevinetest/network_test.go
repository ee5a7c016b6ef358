package grapevinetest_test

import (
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grapevine-gossip/grapevine/grapevinetest"
	"github.com/grapevine-gossip/grapevine/transport"
)

// hears tells whether a datagram gets from one transport to another within a second.
func hears(t *testing.T, from, to transport.Transport) bool {
	t.Helper()
	if err := from.WriteTo([]byte("x"), to.LocalAddr()); err != nil {
		t.Fatal(err)
	}
	heard := make(chan error, 1)
	go func() {
		_, at, err := to.ReadFrom(make([]byte, 1))
		if err == nil && at != from.LocalAddr() {
			err = errors.New("from another")
		}
		heard <- err
	}()
	select {
	case err := <-heard:
		if err != nil {
			t.Fatal(err)
		}
		return true
	case <-time.After(time.Second):
	}
	// Nothing came. Send to oneself, which no partition stops, so that no goroutine keeps on reading.
	if err := to.WriteTo([]byte("x"), to.LocalAddr()); err != nil {
		t.Fatal(err)
	}
	<-heard
	return false
}

// wantLinks checks all links between transports. A row is who sends, a column who is sent to; + is a link that is up.
func wantLinks(t *testing.T, all []transport.Transport, rows string) {
	t.Helper()
	var got []string
	for _, from := range all {
		row := ""
		for _, to := range all {
			if hears(t, from, to) {
				row += "+"
			} else {
				row += "."
			}
		}
		got = append(got, row)
	}
	if s := strings.Join(got, " "); s != rows {
		t.Errorf("links %s, want %s", s, rows)
	}
}

func TestPartitions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := grapevinetest.NewNetwork(1)
		var all []transport.Transport
		var at []netip.AddrPort
		for range 4 {
			tr := n.Transport("")
			defer tr.Close()
			all, at = append(all, tr), append(at, tr.LocalAddr())
		}
		wantLinks(t, all, "++++ ++++ ++++ ++++")
		n.Partition(at[:2], at[2:])
		wantLinks(t, all, "++.. ++.. ..++ ..++")
		n.Isolate(at[0])
		wantLinks(t, all, "+... .+.. ..++ ..++")
		n.Heal()
		wantLinks(t, all, "++++ ++++ ++++ ++++")
		n.Partition(at[:1], at[3:])
		n.Partition(at[:1], at[1:2])
		wantLinks(t, all, "+.+. .+++ ++++ .+++")
	})
}

func TestLossAndLatency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := grapevinetest.NewNetwork(1)
		a, b := n.Transport(""), n.Transport("")
		defer a.Close()
		defer b.Close()
		n.SetLatency(100*time.Millisecond, 0)
		start := time.Now()
		if !hears(t, a, b) || time.Since(start) != 100*time.Millisecond {
			t.Errorf("a datagram takes %v, want 100ms", time.Since(start))
		}
		n.SetLoss(1)
		if err := a.WriteTo([]byte("x"), b.LocalAddr()); err != nil {
			t.Fatal(err)
		}
		n.SetLoss(0)
		if err := a.WriteTo([]byte("yy"), b.LocalAddr()); err != nil {
			t.Fatal(err)
		}
		if size, _, err := b.ReadFrom(make([]byte, 10)); size != 2 || err != nil {
			t.Errorf("%d bytes, %v: the lost one arrives", size, err)
		}
	})
}

func TestAddresses(t *testing.T) {
	n := grapevinetest.NewNetwork(1)
	first := n.Transport("10.0.0.1:7787")
	defer first.Close()
	second := n.Transport("")
	defer second.Close()
	if got := second.LocalAddr().String(); got != "10.0.0.2:7787" {
		t.Errorf("the next free address is %s, want 10.0.0.2:7787", got)
	}
	if err := second.Close(); err != nil {
		t.Fatal(err)
	}
	again := n.Transport("10.0.0.2:7787")
	defer again.Close()
	if _, _, err := second.ReadFrom(nil); !errors.Is(err, net.ErrClosed) {
		t.Errorf("the closed transport: error %v", err)
	}
	for _, bad := range []string{"10.0.0.1:7787", "10.0.0.9", "host:1", "0.0.0.0:1", "10.0.0.9:0"} {
		if !panics(func() { n.Transport(bad) }) {
			t.Errorf("Transport(%q) does not panic", bad)
		}
	}
}

func panics(f func()) (did bool) {
	defer func() { did = recover() != nil }()
	f()
	return false
}
