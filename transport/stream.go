package transport

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// A frame on the wire is its length, big-endian, then its bytes.
const frameHeader = 4

// conn is what a stream needs of the bytes below it: a TCP connection, or two in-memory pipes.
type conn interface {
	io.ReadWriteCloser
	CloseWrite() error
	SetReadDeadline(t time.Time) error
	SetWriteDeadline(t time.Time) error
}

// stream puts frames and deadlines on a conn.
type stream struct {
	conn    conn
	remote  netip.AddrPort
	inbound bool
	streams *streams // where it is registered

	idle     time.Duration
	limits   sync.Mutex // guards the two below, and that they and the conn's deadlines agree
	firstBy  time.Time  // when the first frame must be there; zero: it is, or there is no limit
	deadline time.Time  // the owner's

	reading sync.Mutex
	reader  *bufio.Reader
	readErr error

	writing  sync.Mutex
	header   [frameHeader]byte
	buffers  [2][]byte
	writeErr error

	closeOnce sync.Once
	closeErr  error
}

// readSize is how much a stream reads ahead, and the first step of a growing frame: one read takes several of the small
// frames, and the large ones pass by the buffer.
const readSize = 4096

func (s *stream) ReadFrame(buf []byte) ([]byte, error) {
	s.reading.Lock()
	defer s.reading.Unlock()
	if s.readErr != nil {
		return nil, s.readErr
	}
	frame, err := s.readFrame(buf)
	if err != nil {
		s.readErr = err
		return nil, err
	}
	return frame, nil
}

func (s *stream) readFrame(buf []byte) ([]byte, error) {
	if err := s.startRead(); err != nil {
		return nil, err
	}
	frame, err := readFrame(s.reader, buf)
	if err != nil {
		return nil, err
	}
	s.limits.Lock()
	s.firstBy = time.Time{}
	s.limits.Unlock()
	return frame, nil
}

// readFrame appends the next frame of r to buf[:0]. With an error it returns what it has taken memory for.
func readFrame(r io.Reader, buf []byte) ([]byte, error) {
	var header [frameHeader]byte
	buf = buf[:0]
	if _, err := io.ReadFull(r, header[:]); err != nil {
		return buf, err
	}
	claimed := binary.BigEndian.Uint32(header[:])
	if claimed > MaxFrame {
		return buf, fmt.Errorf("%w: the other side claims a frame of %d bytes, the limit is %d", ErrTooLarge, claimed, MaxFrame)
	}
	for total := int(claimed); len(buf) < total; {
		have := len(buf)
		step := min(total-have, max(have, readSize, cap(buf)-have))
		buf = slices.Grow(buf, step)[:have+step]
		n, err := io.ReadFull(r, buf[have:])
		if err == io.EOF {
			err = io.ErrUnexpectedEOF // the header was there
		}
		if err != nil {
			return buf[:have+n], err
		}
	}
	return buf, nil
}

func (s *stream) WriteFrame(b []byte) error {
	if len(b) > MaxFrame {
		return fmt.Errorf("%w: a frame of %d bytes, the limit is %d", ErrTooLarge, len(b), MaxFrame)
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	if s.writeErr == nil {
		s.writeErr = s.writeFrame(b)
	}
	return s.writeErr
}

func (s *stream) writeFrame(b []byte) error {
	if err := s.startWrite(); err != nil {
		return err
	}
	binary.BigEndian.PutUint32(s.header[:], uint32(len(b)))
	s.buffers = [2][]byte{s.header[:], b}
	buffers := net.Buffers(s.buffers[:]) // one system call, no copy
	_, err := buffers.WriteTo(s.conn)
	s.buffers = [2][]byte{}
	return err
}

// CloseWrite waits for a frame that is being written, or its end would be cut off.
func (s *stream) CloseWrite() error {
	s.writing.Lock()
	defer s.writing.Unlock()
	if s.writeErr != nil {
		return s.writeErr
	}
	s.writeErr = fmt.Errorf("transport: frame after CloseWrite: %w", net.ErrClosed)
	return s.conn.CloseWrite()
}

func (s *stream) RemoteAddr() netip.AddrPort { return s.remote }

func (s *stream) Close() error {
	s.closeOnce.Do(func() {
		s.closeErr = s.conn.Close()
		s.streams.remove(s)
	})
	return s.closeErr
}

func (s *stream) SetDeadline(t time.Time) error {
	s.limits.Lock()
	defer s.limits.Unlock()
	s.deadline = t
	return errors.Join(s.conn.SetReadDeadline(s.readBy()), s.conn.SetWriteDeadline(s.writeBy()))
}

func (s *stream) startRead() error {
	s.limits.Lock()
	defer s.limits.Unlock()
	return s.conn.SetReadDeadline(s.readBy())
}

func (s *stream) startWrite() error {
	s.limits.Lock()
	defer s.limits.Unlock()
	return s.conn.SetWriteDeadline(s.writeBy())
}

// readBy is when a read that starts now has to end.
func (s *stream) readBy() time.Time {
	if !s.firstBy.IsZero() {
		return earlier(s.deadline, s.firstBy)
	}
	return s.writeBy()
}

func (s *stream) writeBy() time.Time {
	if s.idle <= 0 {
		return s.deadline
	}
	return earlier(s.deadline, time.Now().Add(s.idle))
}

// earlier treats zero as never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		return b
	}
	return a
}
