package gossip

import (
	"maps"

	"github.com/grapevine-gossip/grapevine/internal/spread"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// Stats counts since the start of the machine.
type Stats struct {
	PacketsOut, PacketsIn                     uint64
	BytesOut, BytesIn                         uint64
	StreamBytesOut, StreamBytesIn             uint64
	SentByKind, ReceivedByKind                map[string]uint64 // sections
	SentBytesByKind                           map[string]uint64 // of sections; what frames add is BytesOut and StreamBytesOut less these
	Dropped                                   map[string]uint64 // by reason: cluster version key checksum truncated malformed limit replay duplicate_name queue outside
	Probes, Accusations, Vouches, Convictions uint64
	ViewChanges                               uint64
	spread.Counts
}

// counts are of sections, by kind.
type counts struct {
	sections, bytes [wire.Kinds]uint64
}

func (c *counts) add(k wire.Kind, bytes int) {
	c.sections[k]++
	c.bytes[k] += uint64(bytes)
}

func byKind(of *[wire.Kinds]uint64) map[string]uint64 {
	out := map[string]uint64{}
	for k, n := range of {
		if n > 0 {
			out[wire.Kind(k).String()] = n
		}
	}
	return out
}

// Stats counts since the start.
func (m *Machine) Stats() Stats {
	s := m.stats
	s.Probes, s.Accusations, s.Vouches, s.Convictions = m.det.Counts()
	s.Counts = m.spread.Counts()
	s.Dropped = maps.Clone(s.Dropped)
	s.SentByKind, s.SentBytesByKind = byKind(&m.sent.sections), byKind(&m.sent.bytes)
	s.ReceivedByKind = byKind(&m.got)
	return s
}
