package wire

import (
	"encoding/hex"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

func specification(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/wire.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestTheWorkedExampleIsTrue(t *testing.T) {
	_, block, _ := strings.Cut(specification(t), "```hex\n")
	block, _, found := strings.Cut(block, "```")
	if !found {
		t.Fatal("docs/wire.md has no block of hex")
	}
	var frame []byte
	for line := range strings.Lines(block) {
		digits, _, _ := strings.Cut(line, "|")
		b, err := hex.DecodeString(strings.Join(strings.Fields(digits), ""))
		if err != nil {
			t.Fatal(err)
		}
		frame = append(frame, b...)
	}
	n1 := Life{Generation: 3, Boot: 0x1122334455667788, Incarnation: 1}
	n2 := Life{Generation: 1, Boot: 42}
	wantHeader := Header{
		From:  RefOf(ID("n1"), n1),
		To:    Tag(ID("n2"), n2),
		View:  LifeHash(ID("n1"), n1) + LifeHash(ID("n2"), n2),
		State: VersionHash(ID("n1"), n1, 5),
	}
	want := []Message{Ping{Seq: 0x01020304}, Ack{Seq: 8, Slot: 250 * time.Millisecond, Heard: 9, Missed: 1}}
	h, got, err := codec.Open(frame, nil)
	if err != nil || h != wantHeader || !reflect.DeepEqual(got, want) {
		sections := AppendSection(AppendSection(nil, want[0]), want[1])
		t.Errorf("the example reads as %+v %+v (%v); should be % x", h, got, err, codec.AppendFrame(nil, wantHeader, sections))
	}
}

func TestEveryKindIsSpecified(t *testing.T) {
	var want []string
	got := regexp.MustCompile(`(?m)^### \d+ .*$`).FindAllString(specification(t), -1)
	for k, info := range kinds {
		if info.read != nil {
			want = append(want, fmt.Sprintf("### %d %s", k, info.name))
		}
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("docs/wire.md specifies %q, want %q", got, want)
	}
}

// The table of limits in the specification, by the name of the constant.
func TestTheLimitsAreSpecified(t *testing.T) {
	limits := map[string]uint64{
		"MaxDatagram": MaxDatagram, "MaxStreamFrame": MaxStreamFrame, "MaxSection": MaxSection, "FrameOverhead": FrameOverhead,
		"MaxName": MaxName, "MaxKey": MaxKey, "MaxValue": MaxValue, "MaxAddrs": MaxAddrs, "MaxNames": MaxNames,
		"MaxAccusers": MaxAccusers, "MaxDuration": uint64(MaxDuration.Milliseconds()),
		"MaxGeneration": MaxGeneration, "MaxIncarnation": MaxIncarnation, "MaxCounter": MaxCounter,
	}
	for _, m := range regexp.MustCompile("(?m)^\\| `(Max\\w+|FrameOverhead)` \\| ([\\d,]+) ").FindAllStringSubmatch(specification(t), -1) {
		v, err := strconv.ParseUint(strings.ReplaceAll(m[2], ",", ""), 10, 64)
		if err != nil || v != limits[m[1]] {
			t.Errorf("docs/wire.md says that %s is %s, it is %d", m[1], m[2], limits[m[1]])
		}
		delete(limits, m[1])
	}
	for name := range limits {
		t.Errorf("docs/wire.md says nothing of %s", name)
	}
}
