package transporttest

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"github.com/grapevine-gossip/grapevine/transport"
)

func framesOfAllSizes(t *testing.T, h Harness) {
	dialed, accepted := connect(t, open(t, h), open(t, h))
	for _, size := range []int{0, 1, 4095, 4096, 4097, 1 << 16, transport.MaxFrame - 1, transport.MaxFrame} {
		pass(t, dialed, accepted, payload(size))
		pass(t, accepted, dialed, payload(size))
	}
}

func frameTooLarge(t *testing.T, h Harness) {
	dialed, accepted := connect(t, open(t, h), open(t, h))
	err := dialed.WriteFrame(make([]byte, transport.MaxFrame+1))
	wantError(t, "WriteFrame with too much", err, transport.ErrTooLarge)
	pass(t, dialed, accepted, []byte("the next one passes"))
}

func bufferIsReused(t *testing.T, h Harness) {
	dialed, accepted := connect(t, open(t, h), open(t, h))
	frame := payload(5000)
	if err := write(dialed, frame); err != nil {
		t.Fatal("WriteFrame:", err)
	}
	buf := make([]byte, 3, 2*len(frame))
	got := must(t, "ReadFrame", start(func() ([]byte, error) { return accepted.ReadFrame(buf) }))
	if !bytes.Equal(got, frame) || &got[0] != &buf[0] {
		t.Error("a frame that fits into the buffer was not read into it, from its start")
	}
}

func streamAddresses(t *testing.T, h Harness) {
	a, b := open(t, h), open(t, h)
	dialed, accepted := connect(t, a, b)
	if got := dialed.RemoteAddr(); got != b.LocalAddr() {
		t.Errorf("dialed %v, the stream says %v", b.LocalAddr(), got)
	}
	if got := accepted.RemoteAddr(); got.Addr() != a.LocalAddr().Addr() {
		t.Errorf("%v dialed, the stream says %v", a.LocalAddr(), got)
	}
}

func halfClose(t *testing.T, h Harness) {
	dialed, accepted := connect(t, open(t, h), open(t, h))
	pass(t, dialed, accepted, []byte("question"))
	if err := dialed.CloseWrite(); err != nil {
		t.Fatal("CloseWrite:", err)
	}
	if err := write(dialed, []byte("x")); err == nil {
		t.Error("WriteFrame after CloseWrite: no error")
	}
	for range 2 {
		_, err := finish(t, "ReadFrame", start(read(accepted)))
		if err != io.EOF {
			t.Errorf("ReadFrame after the other side's CloseWrite: error %v, want io.EOF itself", err)
		}
	}
	pass(t, accepted, dialed, []byte("answer"))
	if err := accepted.CloseWrite(); err != nil {
		t.Fatal("CloseWrite:", err)
	}
	if _, err := finish(t, "ReadFrame", start(read(dialed))); err != io.EOF {
		t.Errorf("ReadFrame: error %v, want io.EOF itself", err)
	}
}

func remoteClose(t *testing.T, h Harness) {
	dialed, accepted := connect(t, open(t, h), open(t, h))
	pass(t, dialed, accepted, []byte("x"))
	if err := dialed.Close(); err != nil {
		t.Fatal("Close:", err)
	}
	if _, err := finish(t, "ReadFrame", start(read(accepted))); err != io.EOF {
		t.Errorf("ReadFrame after the other side's Close: error %v, want io.EOF itself", err)
	}
	_, err := finish(t, "WriteFrame", start(func() (struct{}, error) { return fill(accepted) }))
	if errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("WriteFrame blocks though the other side has closed")
	}
}

// fill writes until there is an error.
func fill(s transport.Stream) (struct{}, error) {
	frame := make([]byte, transport.MaxFrame)
	for {
		if err := s.WriteFrame(frame); err != nil {
			return struct{}{}, err
		}
	}
}

func localClose(t *testing.T, h Harness) {
	dialed, accepted := connect(t, open(t, h), open(t, h))
	pass(t, dialed, accepted, []byte("x"))
	reading := start(read(accepted))
	if err := accepted.Close(); err != nil {
		t.Error("Close:", err)
	}
	if err := accepted.Close(); err != nil {
		t.Error("second Close:", err)
	}
	_, err := finish(t, "ReadFrame", reading)
	wantError(t, "ReadFrame during Close", err, net.ErrClosed)
	wantError(t, "WriteFrame after Close", write(accepted, nil), net.ErrClosed)
}

func closeEndsStreams(t *testing.T, h Harness) {
	a, b := open(t, h), open(t, h)
	dialed, accepted := connect(t, a, b)
	pass(t, dialed, accepted, []byte("x"))
	near, far := start(read(dialed)), start(read(accepted))
	if err := a.Close(); err != nil {
		t.Error("Close:", err)
	}
	_, err := finish(t, "ReadFrame of the closed transport", near)
	wantError(t, "ReadFrame of the closed transport", err, net.ErrClosed)
	if _, err := finish(t, "ReadFrame of the other transport", far); err == nil {
		t.Error("ReadFrame of the other transport: no error")
	}
}

func manyStreams(t *testing.T, h Harness) {
	const streams, frames = 16, 20
	a, b := open(t, h), open(t, h)
	echoing := start(func() (struct{}, error) {
		for range streams {
			s, err := b.Accept()
			if err != nil {
				return struct{}{}, err
			}
			go echo(s)
		}
		return struct{}{}, nil
	})
	var all []<-chan result[struct{}]
	for i := range streams {
		all = append(all, start(func() (struct{}, error) {
			s, err := a.Dial(t.Context(), b.LocalAddr())
			if err != nil {
				return struct{}{}, err
			}
			defer s.Close()
			for j := range frames {
				if err := ask(s, payload(1000*i+j)); err != nil {
					return struct{}{}, err
				}
			}
			return struct{}{}, nil
		}))
	}
	for _, one := range all {
		must(t, "one of many streams", one)
	}
	must(t, "Accept", echoing)
}

// echo returns each frame until the other side ends.
func echo(s transport.Stream) {
	defer s.Close()
	for {
		frame, err := s.ReadFrame(nil)
		if err != nil || s.WriteFrame(frame) != nil {
			return // the other side sees what is missing
		}
	}
}

func ask(s transport.Stream, frame []byte) error {
	if err := write(s, frame); err != nil {
		return err
	}
	got, err := s.ReadFrame(nil)
	if err == nil && !bytes.Equal(got, frame) {
		err = errors.New("another frame came back")
	}
	return err
}

func readDeadline(t *testing.T, h Harness) {
	a, b := open(t, h), open(t, h)
	dialed, accepted := connect(t, a, b)
	pass(t, dialed, accepted, []byte("x"))

	reading := start(read(accepted))
	if err := accepted.SetDeadline(time.Now().Add(-time.Second)); err != nil {
		t.Fatal("SetDeadline:", err)
	}
	_, err := finish(t, "ReadFrame", reading)
	wantError(t, "ReadFrame, deadline over", err, os.ErrDeadlineExceeded)

	if err := dialed.SetDeadline(time.Now().Add(again)); err != nil {
		t.Fatal("SetDeadline:", err)
	}
	_, err = finish(t, "ReadFrame", start(read(dialed)))
	wantError(t, "ReadFrame, deadline in a while", err, os.ErrDeadlineExceeded)

	dialed, accepted = connect(t, a, b)
	if err := errors.Join(dialed.SetDeadline(time.Now().Add(-time.Second)), dialed.SetDeadline(time.Time{})); err != nil {
		t.Fatal("SetDeadline:", err)
	}
	pass(t, dialed, accepted, []byte("a deadline that was taken back does nothing"))
}

func writeDeadline(t *testing.T, h Harness) {
	dialed, accepted := connect(t, open(t, h), open(t, h))
	pass(t, dialed, accepted, []byte("x"))
	if err := dialed.SetDeadline(time.Now().Add(again)); err != nil {
		t.Fatal("SetDeadline:", err)
	}
	_, err := finish(t, "WriteFrame", start(func() (struct{}, error) { return fill(dialed) }))
	wantError(t, "WriteFrame to a side that does not read", err, os.ErrDeadlineExceeded)
	wantError(t, "WriteFrame after that", write(dialed, []byte("x")), os.ErrDeadlineExceeded)
}

func slowStreamHoldsNoOther(t *testing.T, h Harness) {
	a, b := open(t, h), open(t, h)
	slow, slowFar := connect(t, a, b)
	pass(t, slow, slowFar, []byte("x"))
	filling := start(func() (struct{}, error) { return fill(slow) })
	dialed, accepted := connect(t, a, b)
	for range 10 {
		pass(t, dialed, accepted, payload(transport.MaxFrame))
	}
	if err := slow.Close(); err != nil {
		t.Error("Close:", err)
	}
	_, err := finish(t, "WriteFrame", filling)
	wantError(t, "WriteFrame of the slow stream", err, net.ErrClosed)
}
