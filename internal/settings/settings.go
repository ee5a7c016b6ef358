// Package settings resolves a command's flags from four layers: the flag itself, the environment, a TOML file and the
// default, in that order. It remembers which layer each value came from, and refuses a file with a key it doesn't know:
// a misspelt setting that is silently ignored is found only when it is needed.
package settings

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/knadh/koanf/parsers/toml/v2"
	"github.com/knadh/koanf/providers/env/v2"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/v2"
	"github.com/spf13/pflag"
)

// EnvPrefix begins the name of every variable that is read.
const EnvPrefix = "GRAPEVINE_"

// The layers a value can come from.
const (
	FromDefault = "default"
	FromFile    = "file"
	FromEnv     = "env"
	FromFlag    = "flag"
)

// Setting is one resolved value.
type Setting struct {
	Key    string `json:"key"`
	Value  string `json:"value"`
	Source string `json:"source"`
	Where  string `json:"where,omitempty"` // the file, variable or flag
}

// Input is what Resolve works on.
type Input struct {
	Flags   *pflag.FlagSet    // the command's, already parsed; values of lower layers are stored in it
	Keys    map[string]string // the key in the file of each flag by name; a flag that has none can't be set there
	Known   []string          // every key that some command accepts in a file
	File    string            // "" for none
	Environ []string
}

// Error is a bad setting: whoever wrote it can mend it.
type Error struct {
	Where string // the file or variable
	Msg   string
	Hint  string
}

func (e *Error) Error() string { return e.Where + ": " + e.Msg }

// EnvName is the variable of a flag.
func EnvName(flag string) string {
	return EnvPrefix + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// Resolve stores in every flag that was not given on the command line the value of the highest layer that has one. It
// returns all settings sorted by key.
func Resolve(in Input) ([]Setting, error) {
	fromFile, err := readFile(in.File, in.Known)
	if err != nil {
		return nil, err
	}
	fromEnv, err := readEnv(in.Environ)
	if err != nil {
		return nil, err
	}
	var out []Setting
	in.Flags.VisitAll(func(f *pflag.Flag) {
		s, e := resolveFlag(f, in, fromFile, fromEnv)
		err = errors.Join(err, e)
		out = append(out, s)
	})
	slices.SortFunc(out, func(a, b Setting) int { return strings.Compare(a.Key, b.Key) })
	return out, err
}

func resolveFlag(f *pflag.Flag, in Input, fromFile, fromEnv *koanf.Koanf) (Setting, error) {
	key, inFile := in.Keys[f.Name]
	if !inFile {
		key = f.Name
	}
	s := Setting{Key: key, Source: FromDefault}
	var err error
	switch {
	case f.Changed:
		s.Source, s.Where = FromFlag, "--"+f.Name
	case fromEnv.Exists(f.Name):
		s.Source, s.Where = FromEnv, EnvName(f.Name)
		err = store(f, s.Where, fromEnv.String(f.Name))
	case inFile && fromFile.Exists(key):
		s.Source, s.Where = FromFile, in.File
		err = store(f, in.File+": "+key, fromFile.Get(key))
	}
	s.Value = f.Value.String()
	return s, err
}

// store puts a value from a file or variable into a flag. A flag that may be repeated takes a list, or a text with commas.
func store(f *pflag.Flag, where string, v any) error {
	var err error
	if many, ok := f.Value.(pflag.SliceValue); ok {
		err = many.Replace(list(v))
	} else if _, isList := v.([]any); isList {
		err = errors.New("takes one value, not a list")
	} else {
		err = f.Value.Set(fmt.Sprint(v))
	}
	if err != nil {
		return &Error{Where: where, Msg: err.Error(), Hint: f.Name + ": " + f.Usage}
	}
	return nil
}

func list(v any) []string {
	if s, ok := v.(string); ok {
		var out []string
		for part := range strings.SplitSeq(s, ",") {
			if part = strings.TrimSpace(part); part != "" {
				out = append(out, part)
			}
		}
		return out
	}
	var out []string
	if l, ok := v.([]any); ok {
		for _, e := range l {
			out = append(out, fmt.Sprint(e))
		}
		return out
	}
	return []string{fmt.Sprint(v)}
}

func readFile(path string, known []string) (*koanf.Koanf, error) {
	k := koanf.New(".")
	if path == "" {
		return k, nil
	}
	if err := k.Load(file.Provider(path), toml.Parser()); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, &Error{path, "no such file", "name an existing TOML file with --config, or leave it out"}
		}
		return nil, &Error{path, err.Error(), "correct the file and try 'grapevine config check --config " + path + "'"}
	}
	for _, key := range k.Keys() {
		if slices.Contains(known, key) {
			continue
		}
		return nil, &Error{path, fmt.Sprintf("unknown key %q", key), fmt.Sprintf("the nearest known key is %q; 'grapevine config show' lists all of the agent's", Nearest(key, known))}
	}
	return k, nil
}

// readEnv takes every variable with the prefix; those that no flag asks for are never looked at, because Kubernetes
// injects some for every service. An empty variable counts as unset.
func readEnv(environ []string) (*koanf.Koanf, error) {
	k := koanf.New("/") // no flag has a slash in its name, so nothing nests
	err := k.Load(env.Provider("/", env.Opt{
		Prefix:      EnvPrefix,
		EnvironFunc: func() []string { return environ },
		TransformFunc: func(name, v string) (string, any) {
			if v == "" {
				return "", nil
			}
			return strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(name, EnvPrefix), "_", "-")), v
		},
	}), nil)
	return k, err
}
