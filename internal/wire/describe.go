package wire

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Describe reads a frame of any cluster and gives a value that encoding/json renders for a human eye: hashes and ids
// as hexadecimal strings, durations in milliseconds, kinds and causes by name, values as "value" where they are UTF-8
// and as "value_base64" elsewhere. The name of the cluster can't be told from a frame, only its tag.
func Describe(frame []byte) (any, error) {
	tag, body, err := unwrap(frame)
	if err != nil {
		return nil, err
	}
	r := reader{b: body}
	h := r.header()
	if r.err != nil {
		return nil, fmt.Errorf("%w: header: %s", r.err, r.what)
	}
	messages := []object{}
	for len(r.b) > 0 {
		kind, m, size := r.section()
		if r.err != nil {
			return nil, fmt.Errorf("%w: section %s: %s", r.err, kind, r.what)
		}
		o := object{{"kind", kind.String()}}
		if m == nil {
			o = append(o, field{"length", size})
		} else {
			o = append(o, describeStruct(reflect.ValueOf(m))...)
		}
		messages = append(messages, o)
	}
	return object{
		{"version", frameVersion},
		{"bytes", len(frame)},
		{"cluster_tag", fmt.Sprintf("%08x", tag)},
		{"header", object{
			{"from", describeStruct(reflect.ValueOf(h.From))},
			{"to", fmt.Sprintf("%08x", h.To)},
			{"view", fmt.Sprintf("%016x", h.View)},
			{"state", fmt.Sprintf("%016x", h.State)},
		}},
		{"messages", messages},
	}, nil
}

// object is a JSON object that keeps the order of its fields, which is that of the frame.
type object []field

type field struct {
	name  string
	value any
}

// MarshalJSON renders the fields in their order.
func (o object) MarshalJSON() ([]byte, error) {
	b := []byte{'{'}
	for i, f := range o {
		name, err := json.Marshal(f.name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(f.value)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(append(b, name...), ':'), value...)
	}
	return append(b, '}'), nil
}

// hexFields are the integers that are hashes or random: as numbers they would say nothing, and JSON readers that keep
// numbers as floats would round them.
var hexFields = []string{"ID", "IDs", "Boot", "Subject", "Joiner", "Tag", "View", "Lo", "Hi", "Accusers", "Mask", "State", "Cells"}

func describeStruct(v reflect.Value) object {
	o := object{}
	for i := range v.NumField() {
		name := v.Type().Field(i).Name
		switch x := v.Field(i).Interface().(type) {
		case time.Duration:
			o = append(o, field{snake(name) + "_ms", x.Milliseconds()})
		case []byte:
			if deleted := v.FieldByName("Deleted"); !deleted.IsValid() || !deleted.Bool() {
				o = append(o, describeValue(snake(name), x))
			}
		default:
			o = append(o, field{snake(name), describeField(name, v.Field(i))})
		}
	}
	return o
}

func describeValue(name string, value []byte) field {
	if utf8.Valid(value) {
		return field{name, string(value)}
	}
	return field{name + "_base64", base64.StdEncoding.EncodeToString(value)}
}

func describeField(name string, v reflect.Value) any {
	switch x := v.Interface().(type) {
	case fmt.Stringer:
		if a, ok := x.(netip.AddrPort); ok && !a.IsValid() {
			return nil
		}
		return x.String()
	case Life:
		if x.IsZero() {
			return nil
		}
	}
	switch v.Kind() {
	case reflect.Struct:
		return describeStruct(v)
	case reflect.Slice:
		l := make([]any, v.Len())
		for i := range l {
			l[i] = describeField(name, v.Index(i))
		}
		return l
	case reflect.Uint32, reflect.Uint64:
		if slices.Contains(hexFields, name) {
			return fmt.Sprintf("%0*x", 2*int(v.Type().Size()), v.Uint())
		}
	}
	return v.Interface()
}

// snake turns a field's name from Go's spelling to JSON's: AddrVersion to addr_version, IDs to ids.
func snake(name string) string {
	var b strings.Builder
	for i := range len(name) {
		c := name[i]
		upper := 'A' <= c && c <= 'Z'
		if upper && i > 0 && 'a' <= name[i-1] && name[i-1] <= 'z' {
			b.WriteByte('_')
		}
		if upper {
			c += 'a' - 'A'
		}
		b.WriteByte(c)
	}
	return b.String()
}
