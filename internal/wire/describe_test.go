package wire

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

func TestDescribe(t *testing.T) {
	const path = "testdata/described.json"
	body := appendHeader(nil, sampleHeader)
	for _, s := range samples() {
		if !strings.HasSuffix(s.name, "/widest") {
			body = AppendSection(body, s.message)
		}
	}
	body = append(body, 77, 3, 'x', 'y', 'z')
	described, err := Describe(rawFrame(body))
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.MarshalIndent(described, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	if *update {
		if err := os.WriteFile(path, got, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Errorf("got %s\nwant what %s holds; run with -update and look at the difference", got, path)
	}
}

func TestDescribeNeedsNoClusterName(t *testing.T) {
	frame := NewCodec("other").AppendFrame(nil, sampleHeader, nil)
	if _, err := Describe(frame); err != nil {
		t.Error(err)
	}
}

func TestDescribeRejectsWhatOpenRejects(t *testing.T) {
	for _, frame := range [][]byte{nil, {2}, rawFrame(nil), rawSection(KindPing, nil)} {
		_, err := Describe(frame)
		_, _, want := codec.Open(frame, nil)
		if err == nil || DropReason(err) != DropReason(want) {
			t.Errorf("%x: got %v, want %v", frame, err, want)
		}
	}
}
