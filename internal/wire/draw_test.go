package wire

import (
	"cmp"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"
)

// drawMessage draws any valid message of the type of like.
func drawMessage(t *rapid.T, like Message) Message {
	v := reflect.New(reflect.TypeOf(like)).Elem()
	fill(t, v, v.Type().Name())
	return v.Interface().(Message)
}

// optional are the fields that may be absent.
var optional = []string{"Notice.Known", "Refuse.Known", "Refuse.Addr", "Wait.Elsewhere", "Check.Holder"}

// below has the exclusive limits of numbers by the name of their field.
var below = map[string]uint64{
	"Generation": MaxGeneration, "Incarnation": MaxIncarnation,
	"AddrVersion": MaxCounter, "Version": MaxCounter, "Base": MaxCounter, "From": MaxCounter, "To": MaxCounter, "Floor": MaxCounter,
	"Rumour.Seq": MaxCounter, "Got": MaxCounter, "Versions.Versions": MaxCounter,
}

var longest = map[string]int{"Accusers": MaxAccusers, "Addrs": MaxAddrs, "Names": MaxNames, "HoldOuts.IDs": MaxNames}

var drawName = rapid.StringMatching(`[A-Za-z0-9]([A-Za-z0-9._-]{0,126}[A-Za-z0-9])?`)

var drawKey = rapid.OneOf(
	rapid.StringMatching(`[a-z_][a-z/]{0,255}`),
	rapid.StringN(1, 64, MaxKey).Filter(validKey),
)

// fill draws v; path is the type and the name of the field that it is.
func fill(t *rapid.T, v reflect.Value, path string) {
	if slices.Contains(optional, path) && rapid.Bool().Draw(t, path+" absent") {
		return
	}
	switch v.Interface().(type) {
	case netip.AddrPort:
		v.Set(reflect.ValueOf(drawAddr(t)))
		return
	case time.Duration:
		v.SetInt(rapid.Int64Range(0, MaxDuration.Milliseconds()).Draw(t, path) * int64(time.Millisecond))
		return
	case Cause:
		v.SetUint(rapid.Uint64Range(1, 3).Draw(t, path))
		return
	case Reason:
		v.SetUint(rapid.Uint64Range(1, 6).Draw(t, path))
		return
	case Phase:
		v.SetUint(rapid.Uint64Range(1, 2).Draw(t, path))
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i), v.Type().Name()+"."+v.Type().Field(i).Name)
		}
		repair(v.Addr().Interface())
	case reflect.Slice:
		n := rapid.IntRange(0, cmp.Or(longest[path], longest[fieldOf(path)], 20)).Draw(t, path+" length")
		if n > 0 {
			v.Set(reflect.MakeSlice(v.Type(), n, n))
		}
		for i := range n {
			fill(t, v.Index(i), path)
		}
	case reflect.String:
		if path == "Entry.Key" {
			v.SetString(drawKey.Draw(t, path))
		} else {
			v.SetString(drawName.Draw(t, path))
		}
	case reflect.Bool:
		v.SetBool(rapid.Bool().Draw(t, path))
	default:
		most := uint64(1)<<(v.Type().Bits()-1)*2 - 1
		if b := cmp.Or(below[path], below[fieldOf(path)]); b != 0 && v.Kind() == reflect.Uint64 {
			most = b - 1
		}
		v.SetUint(rapid.Uint64Range(0, most).Draw(t, path))
	}
}

func fieldOf(path string) string { return path[1+strings.LastIndexByte(path, '.'):] }

func drawAddr(t *rapid.T) netip.AddrPort {
	raw := [16]byte(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "address"))
	a := netip.AddrFrom16(raw).Unmap()
	if rapid.Bool().Draw(t, "v4") {
		a = netip.AddrFrom4([4]byte(raw[:4]))
	}
	return netip.AddrPortFrom(a, rapid.Uint16().Draw(t, "port"))
}

// repair makes what was drawn field by field consistent.
func repair(p any) {
	switch p := p.(type) {
	case *Life:
		p.Generation, p.Boot = max(p.Generation, 1), max(p.Boot, 1)
	case *Ref:
		p.Generation = max(p.Generation, 1)
	case *Owner:
		p.Generation = max(p.Generation, 1)
	case *Record:
		p.MinVersion = max(p.MinVersion, 1)
		p.MaxVersion = max(p.MaxVersion, p.MinVersion)
	case *Wait:
		p.MinVersion = max(p.MinVersion, 1)
		p.MaxVersion = max(p.MaxVersion, p.MinVersion)
	case *Rumour:
		for i := range p.Vouched {
			p.Vouched[i].Grey = false
		}
	case *Roster:
		p.Parts = max(p.Parts, 1)
		p.Part %= p.Parts
	case *LifeDigest:
		id := func(t LifeTag) uint64 { return t.ID }
		p.Members = rising(p.Members, id)
		p.Lo, p.Hi = around(p.Lo, p.Hi, p.Members, id)
	case *Digest:
		id := func(v Versioned) uint64 { return v.Owner.ID }
		p.Versions = rising(p.Versions, id)
		p.Lo, p.Hi = around(p.Lo, p.Hi, p.Versions, id)
	case *Entry:
		if p.Deleted {
			p.Value = nil
		}
	case *Part:
		p.From, p.To = min(p.From, p.To), max(p.From, p.To)
		p.Size = 1 + p.Size%maxEntry
		p.Index %= uint8(p.Count())
		p.Bytes = make([]byte, min(PartSize, int(p.Size)-int(p.Index)*PartSize))
	case *Hole:
		p.From = min(p.From, MaxCounter-2)
		p.To = max(p.From+1, p.To)
	case *Delta:
		id := func(e Entry) uint64 { return e.Version }
		p.Entries = rising(p.Entries, id)
		if len(p.Entries) > 0 && p.Entries[0].Version == 0 {
			p.Entries[0].Version = 1
			p.Entries = rising(p.Entries, id)
		}
		p.From, p.To = around(p.From, p.To, p.Entries, id)
		if len(p.Entries) > 0 && p.From == p.Entries[0].Version {
			p.From--
		}
	}
}

func rising[T any](l []T, id func(T) uint64) []T {
	slices.SortFunc(l, func(a, b T) int { return cmp.Compare(id(a), id(b)) })
	return slices.CompactFunc(l, func(a, b T) bool { return id(a) == id(b) })
}

// around widens a range so that it holds all of l.
func around[T any](lo, hi uint64, l []T, id func(T) uint64) (uint64, uint64) {
	lo, hi = min(lo, hi), max(lo, hi)
	if len(l) > 0 {
		lo, hi = min(lo, id(l[0])), max(hi, id(l[len(l)-1]))
	}
	return lo, hi
}
