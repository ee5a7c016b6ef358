package transport

import (
	"errors"
	"net"
	"os"
	"testing"
	"time"
)

func listenLocal(t *testing.T) *sockets {
	t.Helper()
	tr, err := Listen("127.0.0.1:0", Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tr.Close() })
	return tr.(*sockets)
}

func TestReadErrorThatStaysDoesNotSpin(t *testing.T) {
	s := listenLocal(t)
	if err := s.udp.SetReadDeadline(time.Now().Add(-time.Second)); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	for range freeReadErrors + 3 {
		if _, _, err := s.ReadFrom(nil); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("error %v", err)
		}
	}
	if took := time.Since(start); took < 3*errorPause {
		t.Errorf("%d errors in %v", freeReadErrors+3, took)
	}
	_ = s.Close()
	if _, _, err := s.ReadFrom(nil); err != net.ErrClosed {
		t.Errorf("error %v after Close", err)
	}
}

func TestStaleWriteDeadlineLosesNothing(t *testing.T) {
	s := listenLocal(t)
	for range 100 {
		// As if the scheduler had held this goroutine back between the check of the deadline and the write.
		s.renewAt.Store(int64(time.Since(s.started) + time.Hour))
		if err := s.udp.SetWriteDeadline(time.Now().Add(-time.Second)); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		err := s.WriteTo([]byte("x"), s.local)
		if err != nil && time.Since(start) < writeWait/2 {
			t.Fatal(err)
		}
	}
}
