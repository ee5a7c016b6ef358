package scenario

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2"

	"github.com/grapevine-gossip/grapevine/internal/sim"
)

// File is a scenario in a file: which one, and what is not as by default.
type File struct {
	Scenario *Scenario
	Params   Params
	Seed     uint64 // 0: not said
	Seeds    int    // 0: not said
}

// document is the form of the file. Settings stand under [set] by their names.
type document struct {
	Scenario string            `toml:"scenario"`
	Nodes    int               `toml:"nodes"`
	Seed     uint64            `toml:"seed"`
	Seeds    int               `toml:"seeds"`
	Duration string            `toml:"duration"`
	Loss     string            `toml:"loss"`
	Latency  string            `toml:"latency"`
	Set      map[string]any    `toml:"set"`
	Faults   []documentedFault `toml:"fault"`
}

type documentedFault struct {
	Deed   string   `toml:"deed"`
	At     string   `toml:"at"`
	For    string   `toml:"for"`
	Delay  string   `toml:"delay"`
	Who    []string `toml:"who"`
	Share  float64  `toml:"share"`
	Count  int      `toml:"count"`
	Kept   bool     `toml:"kept"`
	Moved  bool     `toml:"moved"`
	OneWay bool     `toml:"one_way"`
}

// ReadFile reads a scenario in TOML. What it does not know is an error.
func ReadFile(data []byte) (*File, error) {
	var d document
	dec := toml.NewDecoder(bytes.NewReader(data)).DisallowUnknownFields()
	if err := dec.Decode(&d); err != nil {
		return nil, explained(err)
	}
	if d.Scenario == "" {
		return nil, errors.New(`it does not say which scenario: scenario = "crash"`)
	}
	s, err := Find(d.Scenario)
	if err != nil {
		return nil, err
	}
	f := &File{Scenario: s, Params: s.Defaults, Seed: d.Seed, Seeds: d.Seeds}
	if d.Seeds < 0 {
		return nil, fmt.Errorf("seeds = %d is below 0", d.Seeds)
	}
	return f, f.fill(&d)
}

func (f *File) fill(d *document) error {
	p := &f.Params
	if d.Nodes != 0 {
		p.Nodes = d.Nodes
	}
	for _, one := range [][2]string{{"duration", d.Duration}, {"loss", d.Loss}, {"latency", d.Latency}} {
		if one[1] == "" {
			continue
		}
		if err := f.Scenario.Set(p, one[0], one[1]); err != nil {
			return err
		}
	}
	for name, value := range flat("", d.Set) {
		if err := f.Scenario.Set(p, name, fmt.Sprint(value)); err != nil {
			return err
		}
	}
	if err := f.faults(d.Faults); err != nil {
		return err
	}
	return p.Check()
}

// flat gives the values of nested tables by names with dots: TOML reads detector.phi = 6 as a table.
func flat(prefix string, table map[string]any) map[string]any {
	out := map[string]any{}
	for k, v := range table {
		if inner, ok := v.(map[string]any); ok {
			for name, value := range flat(prefix+k+".", inner) {
				out[name] = value
			}
			continue
		}
		out[prefix+k] = v
	}
	return out
}

func (f *File) faults(list []documentedFault) error {
	if f.Scenario == faults && len(list) == 0 {
		return errors.New("the scenario faults wants entries [[fault]]")
	}
	if f.Scenario != faults && len(list) > 0 {
		return fmt.Errorf("entries [[fault]] belong to the scenario faults, not to %s", f.Scenario.Name)
	}
	for i, d := range list {
		one, err := d.read()
		if err != nil {
			return fmt.Errorf("fault %d: %w", i+1, err)
		}
		one.Number, one.Seed = i, uint64(i)+1
		f.Params.Faults = append(f.Params.Faults, one)
	}
	return nil
}

func (d *documentedFault) read() (sim.Fault, error) {
	f := sim.Fault{Who: d.Who, Share: d.Share, Count: d.Count, Kept: d.Kept, Moved: d.Moved, OneWay: d.OneWay}
	deed, err := sim.DeedOf(d.Deed)
	if err != nil {
		return f, err
	}
	f.Deed = deed
	for _, one := range []struct {
		name, value string
		to          *time.Duration
	}{{"at", d.At, &f.At}, {"for", d.For, &f.For}, {"delay", d.Delay, &f.Delay}} {
		if one.value == "" {
			continue
		}
		at, err := time.ParseDuration(one.value)
		if err != nil || at < 0 {
			return f, fmt.Errorf("%s = %q is no duration such as 10s", one.name, one.value)
		}
		*one.to = at
	}
	return f, f.Check()
}

// explained says where in the file the error is.
func explained(err error) error {
	if strict, ok := errors.AsType[*toml.StrictMissingError](err); ok {
		var where []string
		for _, e := range strict.Errors {
			row, _ := e.Position()
			where = append(where, fmt.Sprintf("line %d: there is no %q here", row, strings.Join(e.Key(), ".")))
		}
		return errors.New(strings.Join(where, "; "))
	}
	if bad, ok := errors.AsType[*toml.DecodeError](err); ok {
		row, _ := bad.Position()
		return fmt.Errorf("line %d: %s", row, strings.TrimPrefix(bad.Error(), "toml: "))
	}
	return err
}
