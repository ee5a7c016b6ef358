package sim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"
)

// A plan can be kept as a file: what is drawn from a seed changes with the drawing, a file does not. It is JSON with
// durations and kinds as text, and without what is zero.

// MarshalJSON writes the plan.
func (p Plan) MarshalJSON() ([]byte, error) { return json.Marshal(tell(reflect.ValueOf(p))) }

// UnmarshalJSON reads a plan.
func (p *Plan) UnmarshalJSON(data []byte) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return err
	}
	var read Plan
	if err := hear(reflect.ValueOf(&read).Elem(), v, "the plan"); err != nil {
		return err
	}
	if read.Size < 1 {
		return errors.New("the plan has no members")
	}
	*p = read
	return nil
}

// kinds are the values of the types that are written as text.
var kinds = map[reflect.Type][]string{
	reflect.TypeFor[Deed]():   deedNames[:],
	reflect.TypeFor[Layout](): layoutNames[:],
	reflect.TypeFor[Shape]():  shapeNames[:],
}

// tell makes a value of what encoding/json knows.
func tell(v reflect.Value) any {
	if t, ok := v.Interface().(time.Duration); ok {
		return t.String()
	}
	if names, ok := kinds[v.Type()]; ok {
		return names[v.Uint()]
	}
	switch v.Kind() {
	case reflect.Struct:
		out := map[string]any{}
		for i := range v.NumField() {
			if f := v.Field(i); !f.IsZero() && f.Kind() != reflect.Func {
				out[v.Type().Field(i).Name] = tell(f)
			}
		}
		return out
	case reflect.Slice:
		out := make([]any, v.Len())
		for i := range out {
			out[i] = tell(v.Index(i))
		}
		return out
	}
	return v.Interface()
}

// hear is the inverse of tell.
func hear(v reflect.Value, from any, name string) error {
	wrong := fmt.Errorf("%s is not %v", name, from)
	names, isKind := kinds[v.Type()]
	switch from := from.(type) {
	case string:
		switch {
		case isKind:
			for i, known := range names {
				if known == from {
					v.SetUint(uint64(i))
					return nil
				}
			}
			return wrong
		case v.Type() == reflect.TypeFor[time.Duration]():
			d, err := time.ParseDuration(from)
			v.SetInt(int64(d))
			return err
		case v.Kind() == reflect.String:
			v.SetString(from)
			return nil
		}
	case json.Number:
		if isKind || v.Type() == reflect.TypeFor[time.Duration]() {
			return wrong
		}
		return json.Unmarshal([]byte(from), v.Addr().Interface())
	case bool:
		if v.Kind() == reflect.Bool {
			v.SetBool(from)
			return nil
		}
	case []any:
		if v.Kind() == reflect.Slice {
			v.Set(reflect.MakeSlice(v.Type(), len(from), len(from)))
			for i, e := range from {
				if err := hear(v.Index(i), e, fmt.Sprintf("%s %d", name, i)); err != nil {
					return err
				}
			}
			return nil
		}
	case map[string]any:
		if v.Kind() == reflect.Struct {
			return hearFields(v, from, name)
		}
	}
	return wrong
}

func hearFields(v reflect.Value, from map[string]any, name string) error {
	for _, key := range slices.Sorted(maps.Keys(from)) {
		f := v.FieldByName(key)
		if !f.IsValid() || f.Kind() == reflect.Func {
			return fmt.Errorf("%s has no %s", name, key)
		}
		if err := hear(f, from[key], key); err != nil {
			return err
		}
	}
	return nil
}

// Plainly writes what is not zero in a value, with durations to the millisecond, or to the microsecond if shorter ones.
func Plainly(v any) string { return plainly(reflect.ValueOf(v)) }

func plainly(v reflect.Value) string {
	switch x := v.Interface().(type) {
	case time.Duration:
		return brief(x).String()
	case fmt.Stringer:
		return x.String()
	case float64:
		return fmt.Sprintf("%.3g", x)
	}
	if v.Kind() != reflect.Struct {
		return fmt.Sprint(v.Interface())
	}
	var parts []string
	for i := range v.NumField() {
		if f := v.Field(i); !f.IsZero() {
			parts = append(parts, strings.ToLower(v.Type().Field(i).Name)+" "+plainly(f))
		}
	}
	if len(parts) == 0 {
		return "usual"
	}
	return "(" + strings.Join(parts, ", ") + ")"
}

// brief rounds what is printed.
func brief(d time.Duration) time.Duration {
	if d < 10*time.Millisecond {
		return d.Round(10 * time.Microsecond)
	}
	return d.Round(time.Millisecond)
}
