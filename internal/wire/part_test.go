package wire

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func partWith(change func(*Part)) []byte {
	return frameOf(with(Part{Owner: sampleOwner, From: 4, To: 5, Size: PartSize + 3, Index: 1, Bytes: make([]byte, 3)}, change))
}

func joined(parts []Part) []byte {
	var whole []byte
	for _, p := range parts {
		whole = append(whole, p.Bytes...)
	}
	return whole
}

func TestWhatIsCutCanBeJoined(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := Delta{Owner: widestOwner, From: rapid.Uint64Range(0, MaxCounter-3).Draw(t, "from"), Floor: 7}
		d.To = d.From + rapid.Uint64Range(1, 2).Draw(t, "span")
		value := bytes.Repeat([]byte{'v'}, rapid.IntRange(1, MaxValue).Draw(t, "size"))
		d.Entries = []Entry{{Key: strings.Repeat("k", rapid.IntRange(1, MaxKey).Draw(t, "key")), Value: value, Version: d.To}}
		parts := Cut(d)
		for i := range parts {
			if n := SectionSize(parts[i]); n > MaxSection {
				t.Fatalf("part of %d bytes", n)
			}
			if parts[i].Count() != len(parts) || parts[i].Count() > MaxParts || parts[i].Index != uint8(i) {
				t.Fatalf("part %+v of %d", parts[i], len(parts))
			}
			_, got, err := codec.Open(frameOf(parts[i]), nil)
			if err != nil || !reflect.DeepEqual(got[0], parts[i]) {
				t.Fatalf("part %d: %v", i, err)
			}
		}
		if got, err := parts[0].Join(joined(parts)); err != nil || !reflect.DeepEqual(got, d) {
			t.Fatalf("joined to something else: %v", err)
		}
	})
}

func TestPartsOfNoEntryAreNotJoined(t *testing.T) {
	d := Delta{Owner: sampleOwner, From: 4, To: 6, Entries: []Entry{{Key: "k", Value: make([]byte, 2000), Version: 6}}}
	parts := Cut(d)
	whole := joined(parts)
	for name, c := range map[string]struct {
		whole []byte
		to    uint64
		want  error
	}{
		"short":          {whole[1:], 6, ErrMalformed},
		"cut off":        {whole[:len(whole)-1], 6, ErrTruncated},
		"left over":      {append(whole, 0), 6, ErrMalformed},
		"beyond its end": {whole, 5, ErrMalformed},
	} {
		p := parts[0]
		p.To = c.to
		if _, err := p.Join(c.whole); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}
