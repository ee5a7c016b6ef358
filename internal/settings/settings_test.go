package settings

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"
)

func flags(t *testing.T, args ...string) (*pflag.FlagSet, *string, *time.Duration, *[]string) {
	t.Helper()
	fs := pflag.NewFlagSet("test", pflag.ContinueOnError)
	name := fs.String("name", "host", "the name")
	interval := fs.Duration("probe-interval", time.Second, "how often")
	seeds := fs.StringArray("seed", nil, "seeds")
	if err := fs.Parse(args); err != nil {
		t.Fatal(err)
	}
	return fs, name, interval, seeds
}

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "g.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

var keys = map[string]string{"name": "name", "probe-interval": "probe-interval", "seed": "seed"}

var known = []string{"name", "probe-interval", "seed", "wait.members"}

func TestLayersInOrder(t *testing.T) {
	path := write(t, "name = 'file'\nprobe-interval = '3s'\nseed = ['a:1', 'b:2']\n[wait]\nmembers = 3\n")
	fs, name, interval, seeds := flags(t, "--name", "flag")
	got, err := Resolve(Input{Flags: fs, Keys: keys, Known: known, File: path, Environ: []string{
		"GRAPEVINE_NAME=env", "GRAPEVINE_PROBE_INTERVAL=5s", "GRAPEVINE_PORT=tcp://10.0.0.1:80", "GRAPEVINE_SEED=",
	}})
	if err != nil {
		t.Fatal(err)
	}
	if *name != "flag" || *interval != 5*time.Second || strings.Join(*seeds, " ") != "a:1 b:2" {
		t.Errorf("got %q %v %v", *name, *interval, *seeds)
	}
	want := []string{"name=flag", "probe-interval=env", "seed=file"}
	for i, s := range got {
		if s.Key+"="+s.Source != want[i] {
			t.Errorf("setting %d: %s from %s, want %s", i, s.Key, s.Source, want[i])
		}
	}
}

func TestEnvironmentListsHaveCommas(t *testing.T) {
	fs, _, _, seeds := flags(t)
	if _, err := Resolve(Input{Flags: fs, Keys: keys, Environ: []string{"GRAPEVINE_SEED=a:1, b:2"}}); err != nil {
		t.Fatal(err)
	}
	if strings.Join(*seeds, "|") != "a:1|b:2" {
		t.Errorf("got %v", *seeds)
	}
}

func TestBadSettingsSayWhere(t *testing.T) {
	for _, c := range []struct{ text, env, want, hint string }{
		{text: "nmae = 'x'", want: `unknown key "nmae"`, hint: `"name"`},
		{text: "[wait]\nmember = 1", want: `unknown key "wait.member"`, hint: `"wait.members"`},
		{text: "probe-interval = 1", want: "probe-interval: time: missing unit"},
		{text: "name = ['a']", want: "name: takes one value"},
		{text: "name = ", want: "g.toml: "},
		{env: "GRAPEVINE_PROBE_INTERVAL=soon", want: "GRAPEVINE_PROBE_INTERVAL: time: invalid"},
	} {
		fs, _, _, _ := flags(t)
		_, err := Resolve(Input{Flags: fs, Keys: keys, Known: known, File: write(t, c.text), Environ: []string{c.env}})
		var bad *Error
		if !errors.As(err, &bad) || !strings.Contains(err.Error(), c.want) || !strings.Contains(bad.Hint, c.hint) || bad.Hint == "" {
			t.Errorf("%q %q: got %v, hint %+v", c.text, c.env, err, bad)
		}
	}
	fs, _, _, _ := flags(t)
	if _, err := Resolve(Input{Flags: fs, File: "/nowhere/g.toml"}); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("missing file: %v", err)
	}
}
