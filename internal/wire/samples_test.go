package wire

import (
	"net/netip"
	"strings"
	"time"
)

type sample struct {
	name    string
	message Message
}

var (
	sampleHeader = Header{
		From:  RefOf(ID("n1"), Life{Generation: 3, Boot: 0x1122334455667788, Incarnation: 1}),
		To:    Tag(ID("n2"), Life{Generation: 1, Boot: 42}),
		View:  0x0102030405060708,
		State: 0x1112131415161718,
	}
	widestHeader = Header{
		From:  Ref{ID: 1<<64 - 1, Boot: 1<<32 - 1, Generation: MaxGeneration - 1, Incarnation: MaxIncarnation - 1},
		To:    1<<32 - 1,
		View:  1<<64 - 1,
		State: 1<<64 - 1,
	}
	sampleLife   = Life{Generation: 2, Boot: 0xdeadbeefcafe, Incarnation: 1}
	widestLife   = Life{Generation: MaxGeneration - 1, Boot: 1<<64 - 1, Incarnation: MaxIncarnation - 1}
	addr4        = netip.MustParseAddrPort("10.0.0.5:7787")
	addr6        = netip.MustParseAddrPort("[2001:db8::1]:7787")
	sampleRecord = Record{Name: "n1", Life: sampleLife, Addr: addr4, AddrVersion: 1, MinVersion: 1, MaxVersion: 2}
	widestRecord = Record{
		Name: strings.Repeat("n", MaxName), Life: widestLife, Addr: addr6, AddrVersion: MaxCounter - 1,
		MinVersion: 255, MaxVersion: 255,
	}
	sampleOwner = Owner{ID: ID("n1"), Generation: 2, Boot: 0x01020304}
	widestOwner = Owner{ID: 1<<64 - 1, Generation: MaxGeneration - 1, Boot: 1<<32 - 1}
	sampleEnd   = End{Name: "n3", Life: sampleLife, Cause: Failed, Count: 2, Age: 1500 * time.Millisecond, Accusers: []uint64{7, 8}}
	widestEnd   = End{
		Name: strings.Repeat("n", MaxName), Life: widestLife, Cause: Forgotten, Count: 255, Age: MaxDuration,
		Accusers: []uint64{1, 2, 3, 4, 5, 6, 7, 1<<64 - 1},
	}
)

// samples has at least one message of each kind; every test of the codec goes through it.
func samples() []sample {
	return append(append(probeSamples(), membershipSamples()...), stateSamples()...)
}

func probeSamples() []sample {
	return []sample{
		{"ping", Ping{Seq: 0x01020304}},
		{"ack", Ack{Seq: 0x01020304, Slot: 250 * time.Millisecond, Heard: 9, Missed: 1}},
		{"ack/no_advice", Ack{Seq: 1}},
		{"relay_ping", RelayPing{Seq: 5, Subject: ID("n3")}},
		{"relay_ack", RelayAck{Seq: 5, Subject: ID("n3")}},
		{"call", Call{Subject: ID("n3")}},
		{"rumour", Rumour{
			Author: sampleHeader.From, Seq: 300, Every: 2 * time.Second, Rolling: true,
			Accused: []Suspicion{{ID: 9, Tag: 10}, {ID: 8, Tag: 11, Grey: true}},
			Vouched: []Suspicion{{ID: 7, Tag: 12}},
		}},
		{"rumour/empty", Rumour{Author: widestHeader.From, Seq: MaxCounter - 1, Every: MaxDuration}},
		{"up", Up{View: 1, Epoch: 2, Phase: Held}},
		{"down", Down{View: 1, Epoch: 1<<32 - 1, Phase: Stable}},
		{"tree_ack", TreeAck{View: 1, Epoch: 2, Phase: Stable, Down: true}},
		{"hold_outs", HoldOuts{View: 1, Epoch: 2, IDs: []uint64{4, 3}, Down: true}},
		{"hold_outs/none", HoldOuts{View: 1}},
	}
}

func membershipSamples() []sample {
	longName := strings.Repeat("x", MaxName)
	return []sample{
		{"notice", Notice{
			Name: "n2", Known: sampleLife, Ended: true, Size: 300,
			Addrs: []netip.AddrPort{addr4, addr6}, Record: sampleRecord,
		}},
		{"notice/nameless", Notice{Size: 3, Record: sampleRecord}},
		{"notice/mute", Notice{Name: "n2", Size: 1, Record: sampleRecord, Mute: true}},
		{"notice/widest", Notice{
			Name: longName, Known: widestLife, Ended: true, Size: 1<<32 - 1,
			Addrs: []netip.AddrPort{addr6, addr6, addr6}, Record: widestRecord, Mute: true,
		}},
		{"unknown", Unknown{}},
		{"larger", Larger{Size: 9, View: 77, Admitter: addr6, Name: "n9", Addrs: []netip.AddrPort{addr4}}},
		{"join", Join{Record: sampleRecord, Size: 4, View: 5, Probe: true, Raised: true}},
		{"wait", Wait{In: 50 * time.Millisecond, Size: 3, Boot: 99, Mutual: true, MinVersion: 1, MaxVersion: 1}},
		{"wait/elsewhere", Wait{Elsewhere: addr4, MinVersion: 1, MaxVersion: 3}},
		{"refuse", Refuse{Reason: RefusedUnreachable, Names: []string{"m3", "m7"}, Addr: addr4}},
		{"refuse/often", Refuse{Reason: RefusedOften, Known: sampleLife, Wait: time.Minute}},
		{"refuse/widest", Refuse{
			Reason: RefusedUnreachable, Known: widestLife, Wait: MaxDuration,
			Names: []string{longName, longName, longName, longName, longName, longName, longName, longName}, Addr: addr6,
		}},
		{"check", Check{Nonce: 7, Record: sampleRecord, Holder: addr4, Lossy: true}},
		{"check/no_holder", Check{Nonce: 7, Record: sampleRecord}},
		{"checked", Checked{Nonce: 7, Joiner: ID("n1"), Reached: true}},
		{"checked/wait", Checked{Nonce: 7, Joiner: ID("n1"), Wait: time.Minute}},
		{"admitted", Admitted{View: 6, Parts: 2, Addrs: []netip.AddrPort{addr4, addr6}}},
		{"admitted/from_nobody", Admitted{View: 6, Parts: 1}},
		{"fetch", Fetch{View: 6, First: 1, Mask: 1<<63 | 1}},
		{"roster", Roster{View: 6, Part: 1, Parts: 2, Lives: []Record{sampleRecord, widestRecord}}},
		{"leave_ack", LeaveAck{Tag: 0xa0b0c0d0}},
		{"lives", Lives{Records: []Record{widestRecord, sampleRecord}}},
		{"ends", Ends{Ends: []End{sampleEnd, widestEnd}}},
		{"life_digest", LifeDigest{Lo: 1, Hi: 1<<64 - 1, Members: []LifeTag{{1, 5}, {2, 4}, {1<<64 - 1, 1}}, Reply: true}},
		{"life_digest/empty", LifeDigest{}},
		{"want", Want{IDs: []uint64{1, 2}}},
	}
}

func stateSamples() []sample {
	return []sample{
		{"delta", Delta{Owner: sampleOwner, From: 4, To: 300, Floor: 2, Entries: []Entry{
			{Key: "color", Value: []byte("grün"), Version: 5},
			{Key: "_tags/zone", Version: 200, Deleted: true},
			{Key: "empty", Version: 299},
			{Key: "raw", Value: []byte{0xff, 0}, Version: 300},
		}}},
		{"delta/nothing_left", Delta{Owner: sampleOwner, From: 4, To: 9}},
		{"delta/widest", Delta{Owner: widestOwner, From: 0, To: MaxCounter - 1, Floor: MaxCounter - 1, Entries: []Entry{
			{Key: strings.Repeat("k", MaxKey), Value: make([]byte, 300), Version: MaxCounter - 1},
		}}},
		{"announce", Announce{Versions: []Versioned{{sampleOwner, 7}, {widestOwner, MaxCounter - 1}}}},
		{"request", Request{Wants: []From{{sampleOwner, 7, 0}, {widestOwner, MaxCounter - 1, MaxCounter - 1}}}},
		{"recent", Recent{Versions: []Versioned{{sampleOwner, 7}}}},
		{"digest", Digest{Lo: 0, Hi: 1<<64 - 1, Versions: []Versioned{{sampleOwner, 7}, {widestOwner, 0}}, Reply: true}},
		{"digest/empty", Digest{Lo: 5, Hi: 5}},
		{"bulk", Bulk{Owners: []Owner{sampleOwner, widestOwner}}},
		{"more", More{Wants: []Progress{
			{From{sampleOwner, 7, 0}, 9000}, {From{widestOwner, MaxCounter - 1, MaxCounter - 1}, MaxCounter - 1},
		}}},
		{"part", Part{Owner: sampleOwner, From: 4, To: 5, Floor: 2, Size: PartSize + 3, Index: 1, Bytes: []byte{1, 2, 3}}},
		{"part/widest", Part{
			Owner: widestOwner, To: MaxCounter - 1, Floor: MaxCounter - 1, Size: maxEntry, Index: 62, Bytes: make([]byte, PartSize),
		}},
		{"sketch", Sketch{View: 6, State: 1 << 63, First: 24, Cells: []uint64{1, 1<<64 - 1}}},
		{"sketch/go_on", Sketch{View: 6, State: 7, First: 1<<32 - 1}},
		{"versions", Versions{View: 6, First: 1<<32 - 1, Versions: []uint64{0, 127, 128, MaxCounter - 1}, Reply: true}},
		{"places", Places{View: 6, Held: []Place{{0, 7}, {1<<32 - 1, MaxCounter - 1}}}},
		{"congestion", Congestion{Age: 1500 * time.Millisecond, Ago: 20 * time.Millisecond}},
		{"fill", Fill{Holes: []Hole{{sampleOwner, 7, 9, 0}, {widestOwner, 0, MaxCounter - 1, 1<<64 - 1}}}},
	}
}
