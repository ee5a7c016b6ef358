package wire

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"hash/crc32"
	"os"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "rewrite the files in testdata")

var codec = NewCodec("default")

func frameOf(messages ...Message) []byte {
	var sections []byte
	for _, m := range messages {
		sections = AppendSection(sections, m)
	}
	return codec.AppendFrame(nil, sampleHeader, sections)
}

// rawFrame is a frame with a right checksum around any bytes.
func rawFrame(body []byte) []byte {
	f := binary.LittleEndian.AppendUint32([]byte{frameVersion, 0, 0, 0, 0, 0}, codec.tag)
	f = append(f, body...)
	binary.LittleEndian.PutUint32(f[checksumAt:], crc32.Checksum(f[clusterAt:], castagnoli))
	return f
}

func bodyOf(frame []byte) []byte { return frame[prefixSize:] }

// rawSection is a frame with one section of any kind around any bytes.
func rawSection(kind Kind, payload []byte) []byte {
	b := appendHeader(nil, sampleHeader)
	b = append(b, byte(kind))
	b = binary.AppendUvarint(b, uint64(len(payload)))
	return rawFrame(append(b, payload...))
}

func payloadOf(m Message) []byte {
	return m.(interface{ encode([]byte) []byte }).encode(nil)
}

func TestEveryKindHasASample(t *testing.T) {
	seen := map[Kind]bool{}
	for _, s := range samples() {
		seen[s.message.Kind()] = true
		if name, _, _ := strings.Cut(s.name, "/"); name != s.message.Kind().String() {
			t.Errorf("sample %q is a %s", s.name, s.message.Kind())
		}
	}
	for k, info := range kinds {
		if info.read != nil && !seen[Kind(k)] {
			t.Errorf("no sample of %s", Kind(k))
		}
	}
	if got := len(seen); got != 39 {
		t.Errorf("samples of %d kinds, want 39", got)
	}
}

func TestGoldenVectors(t *testing.T) {
	const path = "testdata/golden.txt"
	var b strings.Builder
	for _, s := range samples() {
		fmt.Fprintf(&b, "%s %x\n", s.name, frameOf(s.message))
	}
	if *update {
		if err := os.WriteFile(path, []byte(b.String()), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if b.String() != string(want) {
		t.Errorf("frames differ from %s; members of both builds would not understand each other", path)
	}
}

func goldenFrames(t testing.TB) map[string][]byte {
	t.Helper()
	text, err := os.ReadFile("testdata/golden.txt")
	if err != nil {
		t.Fatal(err)
	}
	frames := map[string][]byte{}
	for line := range strings.Lines(string(text)) {
		name, digits, _ := strings.Cut(strings.TrimSpace(line), " ")
		if frames[name], err = hex.DecodeString(digits); err != nil {
			t.Fatal(err)
		}
	}
	return frames
}

func TestRoundTrip(t *testing.T) {
	for _, s := range samples() {
		t.Run(s.name, func(t *testing.T) {
			frame := frameOf(s.message)
			h, got, err := codec.Open(frame, nil)
			if err != nil {
				t.Fatal(err)
			}
			for i := range frame {
				frame[i] ^= 0xff // what was read must not lie in the frame
			}
			if h != sampleHeader || !reflect.DeepEqual(got, []Message{s.message}) {
				t.Errorf("got  %+v\nwant %+v", got, s.message)
			}
		})
	}
}

func TestPointersAreMessagesToo(t *testing.T) {
	m := Ack{Seq: 7}
	if got, want := AppendSection(nil, &m), AppendSection(nil, m); !bytes.Equal(got, want) {
		t.Errorf("got %x, want %x", got, want)
	}
}

func TestAnyValidMessageRoundTrips(t *testing.T) {
	for _, like := range oneOfEach() {
		t.Run(like.Kind().String(), rapid.MakeCheck(func(t *rapid.T) {
			m := drawMessage(t, like)
			frame := frameOf(m, Ping{Seq: 1})
			_, got, err := codec.Open(frame, nil)
			if err != nil {
				t.Fatalf("%+v: %v", m, err)
			}
			if !reflect.DeepEqual(got, []Message{m, Ping{Seq: 1}}) {
				t.Fatalf("got  %+v\nwant %+v", got, m)
			}
			if !bytes.Equal(frameOf(got...), frame) {
				t.Fatalf("%+v does not encode as it was", m)
			}
		}))
	}
}

func oneOfEach() []Message {
	var l []Message
	seen := map[Kind]bool{}
	for _, s := range samples() {
		if !seen[s.message.Kind()] {
			seen[s.message.Kind()] = true
			l = append(l, s.message)
		}
	}
	return l
}

func TestOpenAppends(t *testing.T) {
	first := []Message{Call{Subject: 1}}
	_, got, err := codec.Open(frameOf(Ping{Seq: 1}, Ack{Seq: 2}), first)
	if err != nil {
		t.Fatal(err)
	}
	if want := []Message{Call{Subject: 1}, Ping{Seq: 1}, Ack{Seq: 2}}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if _, got, err := codec.Open(rawFrame(nil), first); err == nil || !reflect.DeepEqual(got, first) {
		t.Errorf("after an error: %v, %v; want what was there", got, err)
	}
}

func TestAMalformedSectionRejectsTheWholeFrame(t *testing.T) {
	body := appendHeader(nil, sampleHeader)
	body = AppendSection(body, Ping{Seq: 1})
	body = append(body, byte(KindCall), 1, 0)
	_, got, err := codec.Open(rawFrame(body), nil)
	if !errors.Is(err, ErrTruncated) || len(got) != 0 {
		t.Errorf("got %v and %v", got, err)
	}
}

func TestUnknownSectionsAreSkipped(t *testing.T) {
	body := appendHeader(nil, sampleHeader)
	body = AppendSection(body, Ping{Seq: 1})
	body = append(body, 77, 3, 'x', 'y', 'z')
	body = AppendSection(body, Ack{Seq: 2})
	_, got, err := codec.Open(rawFrame(body), nil)
	if want := []Message{Ping{Seq: 1}, Ack{Seq: 2}}; err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v and %v, want %v", got, err, want)
	}
}

func TestACutFrameIsRejected(t *testing.T) {
	for name, frame := range goldenFrames(t) {
		for n := range frame {
			if _, _, err := codec.Open(frame[:n], nil); err == nil {
				t.Errorf("%s opens when cut to %d of %d bytes", name, n, len(frame))
			}
		}
	}
}

// The checksum hides from the parser nearly all that goes wrong under way, but not what somebody writes on purpose.
func TestACutBodyWithRightChecksumIsRejectedOrWhole(t *testing.T) {
	for name, frame := range goldenFrames(t) {
		whole := len(appendHeader(nil, sampleHeader))
		for n := range bodyOf(frame) {
			_, got, err := codec.Open(rawFrame(bodyOf(frame)[:n]), nil)
			if n == whole && (err != nil || len(got) != 0) || n != whole && !errors.Is(err, ErrTruncated) {
				t.Errorf("%s cut to %d bytes of body: %v, %v", name, n, got, err)
			}
		}
	}
}

func TestAFlippedBitIsCaught(t *testing.T) {
	for name, frame := range goldenFrames(t) {
		for i := range len(frame) * 8 {
			frame[i/8] ^= 1 << (i % 8)
			_, _, err := codec.Open(frame, nil)
			want := ErrChecksum
			switch {
			case i < 8:
				want = ErrVersion
			case i == 8:
				want = ErrKey
			case i < 16:
				want = ErrMalformed
			}
			if !errors.Is(err, want) {
				t.Errorf("%s with bit %d flipped: %v, want %v", name, i, err, want)
			}
			frame[i/8] ^= 1 << (i % 8)
		}
	}
}

func TestAFlippedBitWithRightChecksumIsRejectedOrCanonical(t *testing.T) {
	for name, frame := range goldenFrames(t) {
		body := bodyOf(frame)
		for i := range len(body) * 8 {
			body[i/8] ^= 1 << (i % 8)
			if err := checkCanonical(rawFrame(body)); err != nil {
				t.Errorf("%s with bit %d of the body flipped: %v", name, i, err)
			}
			body[i/8] ^= 1 << (i % 8)
		}
	}
}

// checkCanonical wants a frame rejected with one of the sentinels or, written again, the same.
func checkCanonical(frame []byte) error {
	h, got, err := codec.Open(frame, nil)
	if err != nil {
		if DropReason(err) == "" {
			return fmt.Errorf("no reason for %w", err)
		}
		return nil
	}
	var sections []byte
	for _, m := range got {
		sections = AppendSection(sections, m)
	}
	again := codec.AppendFrame(nil, h, sections)
	if !bytes.Equal(again, frame) && !hasUnknownSection(frame) {
		return fmt.Errorf("%x\nwritten again as\n%x", frame, again)
	}
	return nil
}

func hasUnknownSection(frame []byte) bool {
	r := reader{b: bodyOf(frame)}
	r.header()
	for len(r.b) > 0 {
		if _, m, _ := r.section(); m == nil {
			return true
		}
	}
	return false
}

func FuzzOpen(f *testing.F) {
	for _, frame := range goldenFrames(f) {
		f.Add(frame)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := checkCanonical(data); err != nil {
			t.Error(err)
		}
		if len(data) < prefixSize {
			return
		}
		frame := rawFrame(bodyOf(data)) // else the checksum would keep the fuzzer out
		if err := checkCanonical(frame); err != nil {
			t.Error(err)
		}
		_, _, openErr := codec.Open(frame, nil)
		if _, err := Describe(frame); (err == nil) != (openErr == nil) {
			t.Errorf("Describe: %v; Open: %v", err, openErr)
		}
	})
}
