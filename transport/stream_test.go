package transport

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"testing"
	"testing/iotest"
	"time"
)

func framed(b []byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(b))), b...)
}

func TestReadFrameTakesMemoryForWhatArrivesOnly(t *testing.T) {
	tests := []struct {
		name    string
		claimed uint32
		sent    int
		want    error
		limit   int // bytes of memory
	}{
		{"absurd", 1<<32 - 1, 0, ErrTooLarge, 0},
		{"one over", MaxFrame + 1, 0, ErrTooLarge, 0},
		{"most, nothing sent", MaxFrame, 0, io.ErrUnexpectedEOF, 2 * readSize},
		{"most, little sent", MaxFrame, 5000, io.ErrUnexpectedEOF, 4 * 5000},
		{"most, nearly all sent", MaxFrame, MaxFrame - 1, io.ErrUnexpectedEOF, 2 * MaxFrame},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := append(binary.BigEndian.AppendUint32(nil, tt.claimed), make([]byte, tt.sent)...)
			got, err := readFrame(bytes.NewReader(in), nil)
			if !errors.Is(err, tt.want) {
				t.Errorf("error %v, want %v", err, tt.want)
			}
			if cap(got) > tt.limit {
				t.Errorf("took %d bytes of memory, want at most %d", cap(got), tt.limit)
			}
		})
	}
}

func TestReadFrameCutAnywhere(t *testing.T) {
	whole := framed(bytes.Repeat([]byte("grapevine"), 600))
	for cut := range whole {
		_, err := readFrame(bytes.NewReader(whole[:cut]), nil)
		want := io.ErrUnexpectedEOF
		if cut == 0 {
			want = io.EOF // between two frames
		}
		if err != want {
			t.Fatalf("cut after %d of %d bytes: error %v, want %v", cut, len(whole), err, want)
		}
	}
}

func TestReadFrameInPieces(t *testing.T) {
	want := bytes.Repeat([]byte("grapevine"), 3000)
	for _, r := range []io.Reader{
		iotest.OneByteReader(bytes.NewReader(framed(want))),
		iotest.HalfReader(bytes.NewReader(framed(want))),
		iotest.DataErrReader(bytes.NewReader(framed(want))),
	} {
		got, err := readFrame(r, nil)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("got %d bytes, error %v; want %d bytes", len(got), err, len(want))
		}
	}
}

func FuzzReadFrame(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{0, 0, 0})
	f.Add([]byte{0, 0, 0, 0})
	f.Add(framed([]byte("x")))
	f.Add([]byte{255, 255, 255, 255, 1})
	f.Fuzz(func(t *testing.T, in []byte) {
		got, err := readFrame(bytes.NewReader(in), nil)
		if err == nil && !bytes.HasPrefix(in, framed(got)) {
			t.Errorf("%x was read as a frame of %x", in, got)
		}
	})
}

func TestEarlierTreatsZeroAsNever(t *testing.T) {
	var never time.Time
	now := time.Now()
	later := now.Add(1)
	for _, tt := range []struct{ a, b, want time.Time }{
		{never, never, never}, {now, never, now}, {never, now, now}, {now, later, now}, {later, now, now},
	} {
		if got := earlier(tt.a, tt.b); got != tt.want {
			t.Errorf("earlier(%v, %v) = %v, want %v", tt.a, tt.b, got, tt.want)
		}
	}
}

type closedConn struct {
	conn
	closed int
}

func (c *closedConn) Close() error {
	c.closed++
	return nil
}

func TestInboundStreamsAreBounded(t *testing.T) {
	tests := []struct {
		name string
		opts Options
		from func(i int) string
		want int // of 100
	}{
		{"in all", Options{}, func(i int) string { return netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}).String() }, 64},
		{"of one IP", Options{}, func(int) string { return "10.0.0.1" }, 32},
		{"of one IP, mapped", Options{}, func(int) string { return "::ffff:10.0.0.1" }, 32},
		{"of one IP, set", Options{MaxInboundPerIP: 7}, func(int) string { return "fe80::1" }, 7},
		{"of one IP, off", Options{MaxInboundPerIP: -1}, func(int) string { return "10.0.0.1" }, 64},
		{"of loopback", Options{}, func(int) string { return "127.0.0.1" }, 64},
		{"off", Options{MaxInbound: -1, MaxInboundPerIP: -1}, func(int) string { return "10.0.0.1" }, 100},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newStreams(tt.opts.withDefaults())
			var open []*stream
			for i := range 100 {
				c := &closedConn{}
				s, err := r.add(c, netip.AddrPortFrom(netip.MustParseAddr(tt.from(i)), 1), true)
				switch {
				case err == nil:
					open = append(open, s)
				case err != errRefused || c.closed != 1:
					t.Fatalf("error %v, closed %d times", err, c.closed)
				}
			}
			if len(open) != tt.want || r.Refused() != uint64(100-tt.want) {
				t.Errorf("%d streams open, %d refused; want %d open", len(open), r.Refused(), tt.want)
			}
			for _, s := range open {
				_ = s.Close()
				_ = s.Close()
			}
			if r.inbound != 0 || len(r.perIP) != 0 || len(r.open) != 0 {
				t.Errorf("after closing all: %d counted, %d addresses, %d kept", r.inbound, len(r.perIP), len(r.open))
			}
			r.close()
			if _, err := r.add(&closedConn{}, netip.AddrPort{}, false); err != net.ErrClosed {
				t.Errorf("a stream of a closed transport: error %v", err)
			}
		})
	}
}
