package wire

import (
	"fmt"
	"testing"
)

func benchmarkDelta() Delta {
	d := Delta{Owner: sampleOwner, From: 1000, To: 1020}
	for i := range 20 {
		d.Entries = append(d.Entries, Entry{
			Key: fmt.Sprintf("metric/%d", i), Value: []byte("0123456789abcdef"), Version: 1001 + uint64(i),
		})
	}
	return d
}

func BenchmarkEncode(b *testing.B) {
	for name, messages := range benchmarkFrames() {
		b.Run(name, func(b *testing.B) {
			var sections, frame []byte
			b.ReportAllocs()
			for b.Loop() {
				sections = sections[:0]
				for _, m := range messages {
					sections = AppendSection(sections, m)
				}
				frame = codec.AppendFrame(frame[:0], sampleHeader, sections)
			}
			b.SetBytes(int64(len(frame)))
		})
	}
}

func BenchmarkDecode(b *testing.B) {
	for name, messages := range benchmarkFrames() {
		b.Run(name, func(b *testing.B) {
			frame := frameOf(messages...)
			b.SetBytes(int64(len(frame)))
			b.ReportAllocs()
			var into []Message
			for b.Loop() {
				var err error
				if _, into, err = codec.Open(frame, into[:0]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func benchmarkFrames() map[string][]Message {
	return map[string][]Message{
		"ping+ack": {Ping{Seq: 1}, Ack{Seq: 2, Heard: 10}},
		"delta20":  {benchmarkDelta()},
	}
}
