package cluster

import (
	"context"
	"errors"
	"net/netip"

	"github.com/grapevine-gossip/grapevine"
	"github.com/grapevine-gossip/grapevine/bench/internal/fabric"
	"github.com/grapevine-gossip/grapevine/transport"
)

// eventBuffer holds the events of a bootstrap and a burst, so that no reader lags.
const eventBuffer = 1 << 16

type vine struct {
	spec Spec
	node *grapevine.Node
	addr netip.AddrPort
}

func startGrapevine(ctx context.Context, s Spec) (Member, error) {
	sockets, err := transport.Listen("127.0.0.1:0", transport.Options{})
	if err != nil {
		return nil, err
	}
	port := &fabric.Port{Faults: s.Faults, Counter: s.Counter, Self: sockets.LocalAddr()}
	node, err := grapevine.Start(ctx, grapevine.Config{
		Name: s.Name(), Cluster: "bench", Seeds: s.Seeds, Transport: port.Transport(sockets),
	})
	if err != nil {
		return nil, errors.Join(err, sockets.Close())
	}
	v := &vine{s, node, sockets.LocalAddr()}
	events := node.Subscribe(grapevine.Filter{Snapshot: true, Buffer: eventBuffer})
	go func() {
		for e := range events.C() {
			v.note(e)
		}
	}()
	return v, nil
}

func (v *vine) note(e grapevine.Event) {
	switch e := e.(type) {
	case grapevine.MemberJoined:
		v.spec.Board.Up(v.spec.Index, indexOf(e.Name))
	case grapevine.MemberReturned:
		v.spec.Board.Up(v.spec.Index, indexOf(e.Name))
	case grapevine.MemberFailed:
		v.spec.Board.Down(v.spec.Index, indexOf(e.Name))
	case grapevine.MemberLeft:
		v.spec.Board.Down(v.spec.Index, indexOf(e.Name))
	case grapevine.KeySet:
		v.spec.Board.Got(v.spec.Index, idOf([]byte(e.Key)))
	case grapevine.ViewStabilized:
		v.spec.Board.Stable(v.spec.Index, len(e.Members))
	case grapevine.Snapshot:
		v.snapshot(e)
	}
}

// snapshot is what a new subscription begins with, and how one that lagged goes on.
func (v *vine) snapshot(s grapevine.Snapshot) {
	for _, m := range s.Members {
		switch m.State {
		case grapevine.Alive, grapevine.Suspect:
			v.spec.Board.Up(v.spec.Index, indexOf(m.Name))
		case grapevine.Failed, grapevine.Left:
			v.spec.Board.Down(v.spec.Index, indexOf(m.Name))
		}
	}
	for k := range s.All("u") {
		v.spec.Board.Got(v.spec.Index, idOf([]byte(k.Name)))
	}
	if s.View.Stable {
		v.spec.Board.Stable(v.spec.Index, s.View.Size)
	}
}

func (v *vine) Addr() netip.AddrPort { return v.addr }

func (v *vine) Metadata(id int) error { return v.Publish(id) }

func (v *vine) Publish(id int) error {
	_, err := v.node.Set(key(id), make([]byte, payload))
	return err
}

func (v *vine) Leave(ctx context.Context) error {
	return errors.Join(v.node.Leave(ctx), v.node.Close())
}

func (v *vine) Crash() error { return v.node.Close() }
