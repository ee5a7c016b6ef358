package main

import (
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/hashicorp/memberlist"

	"github.com/grapevine-gossip/grapevine/internal/gossip"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// BenchmarkProbe handles one packet, a probe, up to the answer. Of memberlist only what its transport sees can be called, so
// two changes of goroutine are in its time; its allocations can be compared.
func BenchmarkProbe(b *testing.B) {
	b.Run("grapevine", func(b *testing.B) {
		m, from, ping, now := probed(b)
		b.ReportAllocs()
		for b.Loop() {
			m.Step(now, from, ping)
			if len(m.Ready().Packets) != 1 {
				b.Fatal("no answer")
			}
		}
	})
	b.Run("memberlist", func(b *testing.B) {
		var net memberlist.MockNetwork
		own, other := net.NewTransport("m"), net.NewTransport("other")
		conf := memberlist.DefaultLANConfig()
		conf.Name, conf.Transport, conf.Logger, conf.LogOutput = "m", own, log.New(io.Discard, "", 0), nil
		l, err := memberlist.Create(conf)
		if err != nil {
			b.Fatal(err)
		}
		defer func() { _ = l.Shutdown() }()
		self := memberlist.Address{Addr: l.LocalNode().Address(), Name: "m"}
		ping := []byte("\x00\x82\xa5SeqNo\xce\x00\x00\x00\x01\xa4Node\xa1m")
		b.ReportAllocs()
		for b.Loop() {
			if _, err := other.WriteToAddress(ping, self); err != nil {
				b.Fatal(err)
			}
			<-other.PacketCh()
		}
	})
}

// probed gives a machine in a settled cluster of two, and a probe by the other one.
func probed(b *testing.B) (m *gossip.Machine, from netip.AddrPort, ping []byte, now time.Duration) {
	addrs := []netip.AddrPort{netip.MustParseAddrPort("10.0.0.1:1"), netip.MustParseAddrPort("10.0.0.2:1")}
	var machines []*gossip.Machine
	now = time.Second
	for i, a := range addrs {
		machines = append(machines, gossip.New(now, gossip.Config{
			Name: fmt.Sprint(i), Addr: a, Boot: uint64(i) + 1, Rand: rand.New(rand.NewPCG(1, uint64(i))), HasSeeds: i > 0,
		}))
	}
	if _, err := machines[1].Do(now, gossip.SetSeeds{Addrs: addrs[:1]}); err != nil {
		b.Fatal(err)
	}
	codec := wire.NewCodec("")
	for now < time.Minute {
		now += time.Millisecond
		for i, m := range machines {
			if m.Next() <= now {
				m.Tick(now)
			}
			for _, p := range m.Ready().Packets {
				_, messages, err := codec.Open(p.Data, nil)
				if err == nil && i == 1 && now > 10*time.Second && len(messages) == 1 && messages[0].Kind() == wire.KindPing {
					return machines[0], addrs[1], p.Data, now
				}
				machines[1-i].Step(now, addrs[i], p.Data)
			}
		}
	}
	b.Fatal("no probe within a minute")
	return nil, netip.AddrPort{}, nil, 0
}

// BenchmarkState1000 writes and reads 1000 members as a joiner gets them, in pages of a datagram. memberlist's code for that
// is not exported.
func BenchmarkState1000(b *testing.B) {
	const members, page = 1000, 20
	codec := wire.NewCodec("test")
	var lives []wire.Record
	for i := range members {
		lives = append(lives, wire.Record{
			Name: fmt.Sprintf("member-%d", i), Addr: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), 7787),
			AddrVersion: 1, MinVersion: wire.MinVersion, MaxVersion: wire.MaxVersion, Life: wire.Life{Generation: 1, Boot: uint64(i) + 1},
		})
	}
	h := wire.Header{From: wire.RefOf(wire.ID("member-0"), lives[0].Life)}
	var frames [][]byte
	for at := 0; at < members; at += page {
		frames = append(frames, codec.AppendFrame(nil, h, wire.AppendSection(nil, wire.Lives{Records: lives[at : at+page]})))
	}
	b.Run("encode", func(b *testing.B) {
		var section, frame []byte
		b.ReportAllocs()
		for b.Loop() {
			for at := 0; at < members; at += page {
				section = wire.AppendSection(section[:0], wire.Lives{Records: lives[at : at+page]})
				frame = codec.AppendFrame(frame[:0], h, section)
			}
		}
	})
	b.Run("decode", func(b *testing.B) {
		var into []wire.Message
		b.ReportAllocs()
		for b.Loop() {
			for _, f := range frames {
				var err error
				if _, into, err = codec.Open(f, into[:0]); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
}
