package fabric

import (
	"context"
	"net/netip"
	"time"

	"github.com/grapevine-gossip/grapevine/transport"
)

// Transport wraps the sockets of a Grapevine member.
func (p *Port) Transport(t transport.Transport) transport.Transport { return &sockets{t, p} }

type sockets struct {
	transport.Transport
	port *Port
}

func (s *sockets) WriteTo(b []byte, to netip.AddrPort) error {
	s.port.Counter.Datagram(len(b))
	return s.port.Faults.Datagram(s.port.Self, to, b, func(b []byte) error { return s.Transport.WriteTo(b, to) })
}

func (s *sockets) Dial(ctx context.Context, to netip.AddrPort) (transport.Stream, error) {
	if err := s.port.Faults.Dial(ctx, s.port.Self, to, 0); err != nil {
		return nil, err
	}
	st, err := s.Transport.Dial(ctx, to)
	if err != nil {
		return nil, err
	}
	s.port.Counter.Dial()
	return &stream{st, newEnd(s.port, to)}, nil
}

func (s *sockets) Accept() (transport.Stream, error) {
	st, err := s.Transport.Accept()
	if err != nil {
		return nil, err
	}
	return &stream{st, newEnd(s.port, netip.AddrPort{})}, nil
}

// frameHeader is what the transport puts before each frame of a stream.
const frameHeader = 4

type stream struct {
	transport.Stream
	end end
}

func (s *stream) WriteFrame(b []byte) error {
	if err := s.end.suffer(len(b)+frameHeader, false); err != nil {
		return err
	}
	err := s.Stream.WriteFrame(b)
	if err == nil {
		s.end.port.Counter.Write(len(b) + frameHeader)
	}
	return err
}

func (s *stream) ReadFrame(buf []byte) ([]byte, error) {
	b, err := s.Stream.ReadFrame(buf)
	if err != nil {
		return nil, err
	}
	if err := s.end.suffer(len(b)+frameHeader, true); err != nil {
		return nil, err
	}
	return b, nil
}

func (s *stream) SetDeadline(t time.Time) error {
	s.end.deadline(t)
	return s.Stream.SetDeadline(t)
}

func (s *stream) Close() error {
	s.end.cancel()
	return s.Stream.Close()
}
