package store

import (
	"net/netip"
	"testing"

	"github.com/grapevine-gossip/grapevine/internal/wire"
)

func TestAddressIsLearnedFromTheOwnersKey(t *testing.T) {
	record := func(name string) wire.Record {
		return wire.Record{Name: name, Life: wire.Life{Generation: 1, Boot: 1}, Addr: netip.MustParseAddrPort("10.0.0.1:7787"), AddrVersion: 1, MinVersion: 1, MaxVersion: 1}
	}
	owner, reader := New(record("owner"), Limits{}), New(record("reader"), Limits{})
	reader.MergeRecord(1, record("owner"), 0, false)
	to := netip.MustParseAddrPort("10.0.0.9:7787")
	owner.Readdress(1, to)
	copied := func() {
		floor := owner.Self.Space.Floor()
		from, upTo, entries := owner.Self.Space.Since(0, floor, 1000)
		reader.Apply(1, &wire.Delta{Owner: owner.Self.Owner(), From: from, To: upTo, Floor: floor, Entries: entries}, 0, false)
	}
	copied()
	m := reader.FindName("owner")
	if m.Record.Addr != to || m.Record.AddrVersion != 2 {
		t.Errorf("%v, %d", m.Record.Addr, m.Record.AddrVersion)
	}
	for _, bad := range []string{"", "3", "x 10.0.0.1:1", "3 10.0.0.1", "3 10.0.0.1:0", "1 10.0.0.2:7787", "99999999999999999999 10.0.0.2:7787"} {
		owner.write(1, AddrKey, []byte(bad), false)
		copied()
		if m.Record.Addr != to || m.Record.AddrVersion != 2 {
			t.Errorf("%q made it %v, %d", bad, m.Record.Addr, m.Record.AddrVersion)
		}
	}
	if keys := owner.Own(1); len(keys) != 0 {
		t.Errorf("it would be written anew under another generation: %v", keys)
	}
}

// A view that lets a member in knows it at the address it asked from. Once one that had moved meanwhile went back to that
// address, where nobody could reach it.
func TestATakeOverKeepsTheNewAddress(t *testing.T) {
	for _, raised := range []wire.Life{life(1, 1, 1), life(2, 1, 0)} {
		s := New(rec("self", life(1, 1, 0)), Limits{})
		asked := s.Self.Record
		asked.Life = raised
		moved := netip.MustParseAddrPort("10.9.9.9:1")
		s.Readdress(1, moved)
		s.TakeOver(2, members(asked, rec("other", life(1, 5, 0))), 1<<40)
		if r := s.Self.Record; r.Addr != moved || r.AddrVersion != 1 || r.Life != raised {
			t.Errorf("it says of itself %+v", r)
		}
		if e, ok := s.Self.Space.Get(AddrKey); !ok || string(e.Value) != "1 10.9.9.9:1" {
			t.Errorf("under its life %v it does not tell where it is", raised)
		}
		recompute(t, s)
	}
}

// Whoever lets a member in anew may not know where it has moved to: who does know keeps that, since the key that says so is
// read once.
func TestANewLifeOfAProcessKeepsTheNewerAddress(t *testing.T) {
	old, moved := netip.MustParseAddrPort("10.0.0.1:1"), netip.MustParseAddrPort("10.9.9.9:1")
	at := func(l wire.Life, addr netip.AddrPort, version uint64) wire.Record {
		r := rec("m", l)
		r.Addr, r.AddrVersion = addr, version
		return r
	}
	anew, another := at(life(1, 1, 1), old, 1), at(life(2, 2, 0), old, 1)
	for _, c := range []struct {
		comes wire.Record
		want  netip.AddrPort
	}{{anew, moved}, {another, old}} {
		for how, take := range map[string]func(*Store){
			"merged":     func(s *Store) { s.MergeRecord(2, c.comes, 0, false) },
			"taken over": func(s *Store) { s.TakeOver(2, members(s.Self.Record, c.comes), 1<<40) },
		} {
			s := New(rec("self", life(1, 9, 0)), Limits{})
			s.MergeRecord(1, at(life(1, 1, 0), moved, 2), 0, false)
			take(s)
			if r := s.FindName("m").Record; r.Life != c.comes.Life || r.Addr != c.want {
				t.Errorf("%s %+v: %+v", how, c.comes, r)
			}
			recompute(t, s)
		}
	}
}
