package wire

import (
	"testing"

	"pgregory.net/rapid"
)

func TestFrameOverheadIsTheMost(t *testing.T) {
	if got := len(codec.AppendFrame(nil, widestHeader, nil)); got != FrameOverhead {
		t.Errorf("the widest header takes %d bytes, FrameOverhead is %d", got, FrameOverhead)
	}
}

// What is sent in datagrams only and has no list that a packer could split must fit whatever it holds.
func TestUnsplittableMessagesFitIntoADatagram(t *testing.T) {
	for _, like := range oneOfEach() {
		switch like.(type) {
		case Rumour, Roster, Lives, Ends, LifeDigest, Want, Delta, Announce, Request, Recent, Digest, Bulk, More, Fill:
			continue
		}
		t.Run(like.Kind().String(), rapid.MakeCheck(func(t *rapid.T) {
			m := drawMessage(t, like)
			if n := SectionSize(m); n > MaxSection {
				t.Fatalf("%+v takes %d bytes", m, n)
			}
		}))
	}
	for _, s := range samples() {
		if n := SectionSize(s.message); n > MaxSection {
			t.Errorf("%s takes %d bytes", s.name, n)
		}
	}
}

func TestSizesAreBounds(t *testing.T) {
	check := func(t rapid.TB, what any, size, bound, slack int) {
		t.Helper()
		if size > bound || size < bound-slack {
			t.Fatalf("%+v takes %d bytes, bound %d", what, size, bound)
		}
	}
	all := func(t rapid.TB, m Message) {
		t.Helper()
		sum, slack := MaxListOverhead, 4 // at the most 1 byte of 3 and of 3 is used
		switch m := m.(type) {
		case Lives:
			for _, r := range m.Records {
				sum += RecordSize(r)
				slack += 12
			}
		case Ends:
			for _, e := range m.Ends {
				sum += EndSize(e)
				slack += 4
			}
		case Delta:
			sum = DeltaSize(&m)
			slack += 5 + 3*7 + 7*len(m.Entries)
		case Announce:
			sum += len(m.Versions) * MaxVersionedSize
			slack += len(m.Versions) * 12
		case Request:
			sum += len(m.Wants) * MaxFromSize
			slack += len(m.Wants) * 19
		case More:
			sum += len(m.Wants) * MaxProgressSize
			slack += len(m.Wants) * 26
		case Fill:
			sum += len(m.Holes) * MaxHoleSize
			slack += len(m.Holes) * 19
		case Bulk:
			sum += len(m.Owners) * MaxOwnerSize
			slack += len(m.Owners) * 5
		case Digest:
			sum = DigestOverhead + len(m.Versions)*MaxVersionedSize
			slack += len(m.Versions) * 12
		case Sketch:
			sum = SketchOverhead + 8*len(m.Cells)
			slack += 4
		case Versions:
			sum = VersionsOverhead
			for _, v := range m.Versions {
				sum += VersionSize(v)
			}
			slack += 4
		case Places:
			sum = PlacesOverhead
			for _, p := range m.Held {
				sum += PlaceSize(p)
			}
		case LifeDigest:
			sum = DigestOverhead + len(m.Members)*LifeTagSize
		default:
			return
		}
		check(t, m, SectionSize(m), sum, slack)
	}
	for _, s := range samples() {
		all(t, s.message)
	}
	for _, like := range oneOfEach() {
		t.Run(like.Kind().String(), rapid.MakeCheck(func(t *rapid.T) { all(t, drawMessage(t, like)) }))
	}
}
