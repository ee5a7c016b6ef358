package gossip

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/store"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// Errors of Do. Nothing was changed.
var (
	ErrFull          = store.ErrFull
	ErrConflict      = store.ErrConflict
	ErrLeft          = errors.New("this member has left, or its name was taken")
	ErrNotLeft       = errors.New("this member has not left")
	ErrInView        = errors.New("the member is in the view")
	ErrUnknownMember = errors.New("no member of that name is known")
)

// Do carries out a local call.
func (m *Machine) Do(now time.Duration, c Command) (Result, error) {
	m.enter(now)
	defer m.settle(now)
	if r, ok := c.(Restart); ok {
		return Result{}, m.restart(now, r)
	}
	if m.silent() || m.door.Leaving() {
		return Result{}, ErrLeft
	}
	switch c := c.(type) {
	case Set:
		v, err := m.st.Set(now, c.Key, c.Value, c.TTL, c.IfVersion)
		return Result{Version: v}, err
	case Delete:
		v, err := m.st.Delete(now, c.Key, c.IfVersion)
		return Result{Version: v}, err
	case SetSeeds:
		m.door.SetSeeds(now, c.Addrs)
	case Join:
		m.door.Join(now, c.Addrs)
	case Leave:
		m.door.Leave(now)
	case Forget:
		return Result{}, m.forget(now, c.Name)
	case SetAddr:
		m.setAddr(now, c.Addr)
	case Paused:
		m.det.Paused(now, c.For)
	default:
		return Result{}, fmt.Errorf("unknown command %T", c)
	}
	return Result{}, nil
}

func (m *Machine) forget(now time.Duration, name string) error {
	s := m.st.FindName(name)
	switch {
	case s == nil || s.End.Cause == wire.Forgotten && !s.InView():
		return ErrUnknownMember
	case s.InView():
		return ErrInView
	}
	e := s.End.End
	e.Life, e.Cause, e.Age = s.Record.Life, wire.Forgotten, 0
	m.st.MergeEnd(now, e, 0)
	return nil
}

func (m *Machine) setAddr(now time.Duration, addr netip.AddrPort) {
	if m.st.Self.Record.Addr != addr {
		m.st.Readdress(now, addr)
	}
}

// restart begins a new generation after Leave, with the same keys written anew.
func (m *Machine) restart(now time.Duration, c Restart) error {
	if m.superseded || !m.door.Left() {
		return ErrNotLeft
	}
	keys, seeds := m.st.Own(now), m.door.Seeds()
	self := m.st.Self.Record
	self.Life = wire.Life{Generation: self.Life.Generation + 1, Boot: c.Boot}
	m.cfg.HasSeeds = false
	m.start(now, self)
	m.door.SetSeeds(now, seeds)
	for _, k := range keys {
		if _, err := m.st.Set(now, k.Key, k.Value, k.TTL, nil); err != nil {
			return err
		}
	}
	return nil
}

func describeLife(l wire.Life) string {
	return fmt.Sprintf("generation %d of another process", l.Generation)
}
