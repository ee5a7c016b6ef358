package cluster

import (
	"context"
	"errors"
	"io"
	"log"
	"net/netip"

	"github.com/hashicorp/memberlist"
	"github.com/hashicorp/serf/serf"
)

// serfEvents is how many events wait for their reader, who does nothing but note them.
const serfEvents = 256

type surfer struct {
	spec Spec
	serf *serf.Serf
	addr netip.AddrPort
}

func startSerf(ctx context.Context, s Spec) (Member, error) {
	conf := serf.DefaultConfig()
	conf.MemberlistConfig = memberlist.DefaultLANConfig()
	addr, err := listen(s, conf.MemberlistConfig)
	if err != nil {
		return nil, err
	}
	conf.NodeName, conf.LogOutput, conf.Logger = s.Name(), nil, log.New(io.Discard, "", 0)
	events := make(chan serf.Event, serfEvents)
	conf.EventCh = events
	node, err := serf.Create(conf)
	if err != nil {
		return nil, errors.Join(err, conf.MemberlistConfig.Transport.Shutdown())
	}
	m := &surfer{s, node, addr}
	go m.follow(events)
	return m, join(ctx, s.Seeds, func() error { _, err := node.Join(s.Seeds, true); return err })
}

func (m *surfer) follow(events <-chan serf.Event) {
	for {
		select {
		case e := <-events:
			m.note(e)
		case <-m.serf.ShutdownCh():
			return
		}
	}
}

func (m *surfer) note(e serf.Event) {
	at, board := m.spec.Index, m.spec.Board
	switch e := e.(type) {
	case serf.UserEvent:
		board.Got(at, idOf([]byte(e.Name)))
	case serf.MemberEvent:
		for _, who := range e.Members {
			switch e.Type {
			case serf.EventMemberJoin:
				board.Up(at, indexOf(who.Name))
			case serf.EventMemberLeave, serf.EventMemberFailed:
				board.Down(at, indexOf(who.Name))
			case serf.EventMemberUpdate:
				board.Got(at, idOf([]byte(who.Tags["update"])))
			}
		}
	}
}

func (m *surfer) Addr() netip.AddrPort { return m.addr }

// Metadata is the tags. They are text: the value is filled up with a printable byte.
func (m *surfer) Metadata(id int) error {
	return m.serf.SetTags(map[string]string{"update": text(message(id))})
}

func text(b []byte) string {
	out := make([]byte, len(b))
	for i, c := range b {
		out[i] = max(c, '.')
	}
	return string(out)
}

func (m *surfer) Publish(id int) error {
	return m.serf.UserEvent(key(id), make([]byte, payload), false)
}

func (m *surfer) Leave(context.Context) error {
	return errors.Join(m.serf.Leave(), m.serf.Shutdown())
}

func (m *surfer) Crash() error { return m.serf.Shutdown() }
