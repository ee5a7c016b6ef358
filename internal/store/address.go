package store

import (
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// AddrKey is the reserved key under which an owner writes an address it has changed to, with the address's counter. The
// record that is pushed may be lost, and no hash covers addresses; a key that is lacked is missed and asked for.
const AddrKey = "_addr"

// Readdress changes this member's own address.
func (s *Store) Readdress(now time.Duration, addr netip.AddrPort) {
	r := s.Self.Record
	r.Addr = addr
	r.AddrVersion++
	s.MergeRecord(now, r, 0, false)
	s.writeAddr(now)
}

func (s *Store) writeAddr(now time.Duration) {
	r := s.Self.Record
	value := append(strconv.AppendUint(nil, r.AddrVersion, 10), ' ')
	s.write(now, AddrKey, r.Addr.AppendTo(value), false)
	s.ReleaseAll(now)
}

// located is a record of a newer life with the address that is newest. Who let a member in anew may not have known where its
// process has moved to, and the key that says so was read long ago.
func (m *Member) located(r wire.Record) wire.Record {
	if old := m.Record; r.Life.SameProcess(old.Life) && old.AddrVersion > r.AddrVersion {
		r.Addr, r.AddrVersion = old.Addr, old.AddrVersion
	}
	return r
}

// heed takes over an address that an owner wrote, if it is newer than the one in its record.
func (s *Store) heed(now time.Duration, m *Member, fresh []*Entry, source uint64) {
	for _, e := range fresh {
		if e.Key != AddrKey || e.Deleted {
			continue
		}
		counter, text, _ := strings.Cut(string(e.Value), " ")
		r := m.Record
		var err error
		r.AddrVersion, err = strconv.ParseUint(counter, 10, 56)
		addr, badAddr := netip.ParseAddrPort(text)
		r.Addr = netip.AddrPortFrom(addr.Addr().Unmap().WithZone(""), addr.Port()) // as a record has it from the wire
		if err == nil && badAddr == nil && addr.Port() != 0 {
			s.MergeRecord(now, r, source, true)
		}
	}
}
