package wire

import (
	"errors"
	"math"
	"net/netip"
	"runtime"
	"strings"
	"testing"
	"time"
)

// with changes a copy of m.
func with[M any](m M, change func(*M)) M {
	change(&m)
	return m
}

func headerWith(change func(*Header)) []byte {
	return codec.AppendFrame(nil, with(sampleHeader, change), nil)
}

func recordWith(change func(*Record)) []byte {
	return frameOf(Lives{Records: []Record{with(sampleRecord, change), widestRecord}})
}

func endWith(change func(*End)) []byte {
	return frameOf(Ends{Ends: []End{with(sampleEnd, change)}})
}

func deltaWith(from, to uint64, entries ...Entry) []byte {
	return frameOf(Delta{Owner: sampleOwner, From: from, To: to, Entries: entries})
}

type rejection struct {
	name  string
	frame []byte
	want  error
}

func testRejections(t *testing.T, rejections []rejection) {
	t.Helper()
	for _, r := range rejections {
		_, got, err := codec.Open(r.frame, nil)
		if !errors.Is(err, r.want) || len(got) != 0 {
			t.Errorf("%s: got %v and error %v, want %v", r.name, got, err, r.want)
		}
	}
}

func TestFramesAreRejected(t *testing.T) {
	changed := func(at int, v byte) []byte {
		f := frameOf(Ping{Seq: 1})
		f[at] = v
		return f
	}
	testRejections(t, []rejection{
		{"nothing", nil, ErrTruncated},
		{"version alone", []byte{1}, ErrTruncated},
		{"version 0", changed(0, 0), ErrVersion},
		{"version 2", changed(0, 2), ErrVersion},
		{"version 2 in one byte", []byte{2}, ErrVersion},
		{"sealed", changed(flagsAt, flagSealed), ErrKey},
		{"unknown flag", changed(flagsAt, 2), ErrMalformed},
		{"sealed and unknown flag", changed(flagsAt, 3), ErrMalformed},
		{"checksum", changed(checksumAt, 0), ErrChecksum},
		{"another cluster", NewCodec("other").AppendFrame(nil, sampleHeader, nil), ErrCluster},
		{"no header", rawFrame(nil), ErrTruncated},
		{"too long", rawSection(77, make([]byte, MaxStreamFrame)), ErrLimit},
		{"section without length", rawFrame(append(appendHeader(nil, sampleHeader), byte(KindPing))), ErrTruncated},
		{"section of padded length", rawFrame(append(appendHeader(nil, sampleHeader), byte(KindPing), 0x84, 0, 1, 2, 3, 4)), ErrMalformed},
		{"unknown section of padded length", rawFrame(append(appendHeader(nil, sampleHeader), 77, 0x80, 0)), ErrMalformed},
		{"section beyond the frame", rawFrame(append(appendHeader(nil, sampleHeader), 77, 1)), ErrTruncated},
		{"section beyond any frame", rawFrame(append(appendHeader(nil, sampleHeader), 77, 0xff, 0xff, 0xff, 0x7f)), ErrLimit},
		{"bytes left over", rawSection(KindPing, make([]byte, 5)), ErrMalformed},
		{"sender without generation", headerWith(func(h *Header) { h.From.Generation = 0 }), ErrMalformed},
		{"sender's generation", headerWith(func(h *Header) { h.From.Generation = MaxGeneration }), ErrLimit},
		{"sender's incarnation", headerWith(func(h *Header) { h.From.Incarnation = MaxIncarnation }), ErrLimit},
	})
}

func TestValuesAreRejected(t *testing.T) {
	rumour := payloadOf(Rumour{Author: sampleHeader.From})
	rolling := with(append([]byte{}, rumour...), func(p *[]byte) { (*p)[len(rumour)-3] = 2 })
	testRejections(t, []rejection{
		{"number beyond 64 bits", rawSection(KindWant, []byte(strings.Repeat("\xff", 10)+"\x01")), ErrMalformed},
		{"padded number", rawSection(KindWant, []byte{0x80, 0}), ErrMalformed},
		{"number that does not end", rawSection(KindWant, []byte{0x80}), ErrTruncated},
		{"boolean of 2", rawSection(KindRumour, rolling), ErrMalformed},
		{"counter", frameOf(Rumour{Author: sampleHeader.From, Seq: MaxCounter}), ErrLimit},
		{"32-bit number", rawSection(KindUp, append(make([]byte, 8), 0x80, 0x80, 0x80, 0x80, 0x10, 1)), ErrLimit},
		{"duration", rawSection(KindAck, append(make([]byte, 4), 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 0, 0)), ErrLimit},
		{"name with a space", recordWith(func(r *Record) { r.Name = "a b" }), ErrMalformed},
		{"empty name", recordWith(func(r *Record) { r.Name = "" }), ErrMalformed},
		{"long name", recordWith(func(r *Record) { r.Name = strings.Repeat("n", MaxName+1) }), ErrLimit},
		{"no life", recordWith(func(r *Record) { r.Life = Life{} }), ErrMalformed},
		{"no boot id", recordWith(func(r *Record) { r.Life.Boot = 0 }), ErrMalformed},
		{"generation", recordWith(func(r *Record) { r.Life.Generation = MaxGeneration }), ErrLimit},
		{"incarnation", recordWith(func(r *Record) { r.Life.Incarnation = MaxIncarnation }), ErrLimit},
		{"no address", recordWith(func(r *Record) { r.Addr = netip.AddrPort{} }), ErrMalformed},
		{"address version", recordWith(func(r *Record) { r.AddrVersion = MaxCounter }), ErrLimit},
		{"protocol version 0", recordWith(func(r *Record) { r.MinVersion = 0 }), ErrMalformed},
		{"no protocol versions", recordWith(func(r *Record) { r.MinVersion = 3 }), ErrMalformed},
		{"cause 0", endWith(func(e *End) { e.Cause = 0 }), ErrMalformed},
		{"cause 4", endWith(func(e *End) { e.Cause = 4 }), ErrMalformed},
		{"accusers", endWith(func(e *End) { e.Accusers = make([]uint64, MaxAccusers+1) }), ErrLimit},
		{"reason 0", frameOf(Refuse{}), ErrMalformed},
		{"reason 7", frameOf(Refuse{Reason: 7}), ErrMalformed},
		{"names", frameOf(Refuse{Reason: 1, Names: make([]string, MaxNames+1)}), ErrLimit},
		{"phase 0", frameOf(Up{}), ErrMalformed},
		{"phase 3", frameOf(Down{Phase: 3}), ErrMalformed},
		{"hold-outs", frameOf(HoldOuts{IDs: make([]uint64, MaxNames+1)}), ErrLimit},
		{"addresses", frameOf(Notice{Name: "a", Addrs: make([]netip.AddrPort, MaxAddrs+1)}), ErrLimit},
		{"part beyond its whole", frameOf(Roster{Part: 1, Parts: 1}), ErrMalformed},
		{"address family", rawSection(KindRefuse, []byte{1, 0, 0, 0, 5}), ErrMalformed},
		{"mapped address", rawSection(KindRefuse,
			append(append([]byte{1, 0, 0, 0, 6}, make([]byte, 10)...), 0xff, 0xff, 10, 0, 0, 1, 0, 0)), ErrMalformed},
	})
}

func TestDeltasAndDigestsAreRejected(t *testing.T) {
	lines := func(lo, hi uint64, ids ...uint64) []byte {
		m := Digest{Lo: lo, Hi: hi}
		for _, id := range ids {
			m.Versions = append(m.Versions, Versioned{Owner: Owner{ID: id, Generation: 1}})
		}
		return frameOf(m)
	}
	testRejections(t, []rejection{
		{"delta's start", deltaWith(MaxCounter, MaxCounter), ErrLimit},
		{"delta's end", deltaWith(1, MaxCounter), ErrLimit},
		{"delta backwards", deltaWith(2, 1), ErrLimit},
		{"entry at the start", deltaWith(2, 4, Entry{Key: "k", Version: 2}), ErrMalformed},
		{"entry before the start", deltaWith(2, 4, Entry{Key: "k", Version: 1}), ErrLimit},
		{"entry beyond the end", deltaWith(2, 4, Entry{Key: "k", Version: 5}), ErrMalformed},
		{"entries at one version", deltaWith(2, 4, Entry{Key: "k", Version: 3}, Entry{Key: "l", Version: 3}), ErrMalformed},
		{"entries that fall", deltaWith(2, 4, Entry{Key: "k", Version: 4}, Entry{Key: "l", Version: 3}), ErrLimit},
		{"value", deltaWith(2, 4, Entry{Key: "k", Version: 3, Value: make([]byte, MaxValue+1)}), ErrLimit},
		{"empty key", deltaWith(2, 4, Entry{Version: 3, Value: []byte("v")}), ErrMalformed},
		{"key with a slash", deltaWith(2, 4, Entry{Key: "/k", Version: 3}), ErrMalformed},
		{"long key", deltaWith(2, 4, Entry{Key: strings.Repeat("k", MaxKey+1), Version: 3}), ErrLimit},
		{"owner without generation", frameOf(Bulk{Owners: []Owner{{ID: 1}}}), ErrMalformed},
		{"empty range", lines(5, 4), ErrMalformed},
		{"below the range", lines(5, 8, 4), ErrMalformed},
		{"beyond the range", lines(5, 8, 9), ErrMalformed},
		{"twice the same", lines(5, 8, 6, 6), ErrMalformed},
		{"unsorted", lines(5, 8, 7, 6), ErrMalformed},
		{"part beyond the entry", partWith(func(p *Part) { p.Index = 2 }), ErrMalformed},
		{"part of nothing", partWith(func(p *Part) { p.Size = 0 }), ErrMalformed},
		{"part that is short", partWith(func(p *Part) { p.Bytes = p.Bytes[1:] }), ErrTruncated},
		{"part that is long", partWith(func(p *Part) { p.Bytes = append(p.Bytes, 0) }), ErrMalformed},
		{"part of more than an entry", partWith(func(p *Part) { p.Size = maxEntry + 1 }), ErrLimit},
		{"hole of nothing", frameOf(Fill{Holes: []Hole{{Owner: sampleOwner, From: 4, To: 4}}}), ErrMalformed},
		{"hole without end", frameOf(Fill{Holes: []Hole{{Owner: sampleOwner, From: 4, To: MaxCounter}}}), ErrLimit},
		{"version beyond the limit", frameOf(Versions{Versions: []uint64{MaxCounter}}), ErrLimit},
		{"more cells than there are", rawSection(KindSketch, append(make([]byte, 17), 2, 0, 0, 0, 0, 0, 0, 0, 0)), ErrTruncated},
		{"life tags unsorted", frameOf(LifeDigest{Hi: 9, Members: []LifeTag{{ID: 2}, {ID: 1}}}), ErrMalformed},
	})
}

func TestTheLargestValueFitsIntoAStreamFrame(t *testing.T) {
	frame := deltaWith(0, 9, Entry{Key: "k", Version: 9, Value: make([]byte, MaxValue)})
	if _, _, err := codec.Open(frame, nil); err != nil {
		t.Error(err)
	}
}

// A claim costs the claimant its bytes first: a frame of n bytes makes the reader take a small multiple of n at most,
// and one that lies, next to nothing.
func TestAClaimedCountTakesNoMemory(t *testing.T) {
	claim := func(kind Kind, before, count, rest int) []byte {
		p := appendUvarint(make([]byte, before), uint64(count))
		return rawSection(kind, append(p, make([]byte, rest)...))
	}
	const most = MaxStreamFrame - 200
	for name, frame := range map[string][]byte{
		"records":            claim(KindLives, 0, math.MaxInt, 0),
		"records with zeros": claim(KindLives, 0, most/minRecord, most),
		"ends with zeros":    claim(KindEnds, 0, most/minEnd, most),
		"versions":           claim(KindAnnounce, 0, most/minVersioned, most),
		"entries":            rawSection(KindDelta, append(payloadOf(Delta{Owner: sampleOwner, To: 9})[:15], append([]byte{9, 0, 0x80, 0x80, 1}, make([]byte, most)...)...)),
		"value":              rawSection(KindDelta, append(payloadOf(Delta{Owner: sampleOwner, To: 9})[:15], 9, 0, 1, 1, 'k', 1, 0x80, 0x80, 4)),
	} {
		const rounds = 50
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range rounds {
			if _, _, err := codec.Open(frame, nil); err == nil {
				t.Errorf("%s: opens", name)
			}
		}
		runtime.ReadMemStats(&after)
		if took := (after.TotalAlloc - before.TotalAlloc) / rounds; took > 8<<10 {
			t.Errorf("%s: %d bytes taken for a frame of %d", name, took, len(frame))
		}
	}
}

func TestWritingTidiesAddressesAndDurations(t *testing.T) {
	check := func(given, want Message) {
		t.Helper()
		_, got, err := codec.Open(frameOf(given), nil)
		if err != nil || got[0] != want {
			t.Errorf("%+v arrives as %+v (%v), want %+v", given, got, err, want)
		}
	}
	larger := func(addr string) Message { return Check{Record: sampleRecord, Holder: netip.MustParseAddrPort(addr)} }
	check(larger("[::ffff:10.0.0.1]:80"), larger("10.0.0.1:80"))
	check(larger("[fe80::1%eth0]:80"), larger("[fe80::1]:80"))
	check(Ack{Slot: -time.Second}, Ack{})
	check(Ack{Slot: 1999 * time.Microsecond}, Ack{Slot: time.Millisecond})
	check(Ack{Slot: math.MaxInt64}, Ack{Slot: MaxDuration})
}

func TestDropReasons(t *testing.T) {
	for err, want := range map[error]string{
		ErrCluster: "cluster", ErrVersion: "version", ErrKey: "key", ErrChecksum: "checksum",
		ErrTruncated: "truncated", ErrMalformed: "malformed", ErrLimit: "limit", errors.New("other"): "",
	} {
		if got := DropReason(err); got != want {
			t.Errorf("reason of %v is %q, want %q", err, got, want)
		}
	}
}
