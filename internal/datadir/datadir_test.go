package datadir

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func open(t *testing.T, path string) *Dir {
	t.Helper()
	d, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

func TestWhatIsSavedIsThereAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "not", "there", "yet")
	d := open(t, path)
	if s := d.State(); s.Generation != 0 || len(s.Peers) > 0 {
		t.Errorf("a new directory has %+v", s)
	}
	want := State{Generation: 3, Peers: []Peer{{"n1", "10.0.0.1:7787"}, {"n2", "[fd00::2]:7787"}}}
	for _, s := range []State{{Generation: 2}, want} {
		if err := d.Save(s); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if got := open(t, path).State(); !reflect.DeepEqual(got, want) {
		t.Errorf("there is %+v, saved was %+v", got, want)
	}
}

func TestSecondHolderIsRefusedUntilTheFirstIsGone(t *testing.T) {
	path := t.TempDir()
	first := open(t, path)
	if _, err := Open(path); !errors.Is(err, ErrLocked) {
		t.Errorf("error %v", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, path)
}

// A process that ended while it wrote leaves half a file beside the whole one.
func TestHalfASaveIsNotRead(t *testing.T) {
	path := t.TempDir()
	d := open(t, path)
	if err := d.Save(State{Generation: 7}); err != nil {
		t.Fatal(err)
	}
	_ = d.Close()
	if err := os.WriteFile(filepath.Join(path, stateFile+".new"), []byte(`{"gen`), 0o600); err != nil {
		t.Fatal(err)
	}
	d = open(t, path)
	if g := d.State().Generation; g != 7 {
		t.Errorf("generation %d", g)
	}
	if err := d.Save(State{Generation: 8}); err != nil {
		t.Fatal(err)
	}
	if files, _ := filepath.Glob(filepath.Join(path, "*")); len(files) != 2 {
		t.Errorf("there are %q, want the state and the lock", files)
	}
}

func TestDamagedFileIsNamed(t *testing.T) {
	for _, text := range []string{"", "{", `{"generation":-1}`, `{"generation":"x"}`, `{"generation":1099511627775}`, "[]"} {
		path := t.TempDir()
		name := filepath.Join(path, stateFile)
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(path); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%q: error %v", text, err)
		}
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
		if d, err := Open(path); err != nil {
			t.Errorf("%q: once removed: %v", text, err)
		} else {
			_ = d.Close()
		}
	}
}

func TestPathThatCannotBe(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{file, filepath.Join(file, "below")} {
		if _, err := Open(path); err == nil || errors.Is(err, ErrLocked) {
			t.Errorf("%s: error %v", path, err)
		}
	}
}
