package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// smallModule is a module with a machine of one line, and a swarm that finds it wrong in the third world.
var smallModule = map[string]string{
	"go.mod": "module example.org/small\n\ngo 1.26\n",
	"machine/machine.go": `// Package machine adds.
package machine

func Add(a, b int) int {
	return a + b
}

func Wait() bool { return true }
`,
	"machine/machine_test.go": `package machine

import "testing"

func TestAdd(t *testing.T) {
	if Add(0, 1) != 1 {
		t.Error("0 + 1")
	}
}
`,
	"sim/sim_test.go": `package sim

import (
	"flag"
	"fmt"
	"testing"

	"example.org/small/machine"
)

var (
	worlds = flag.Int("swarm", 1, "")
	first  = flag.Int("swarm.seed", 1, "")
	_      = flag.Int("swarm.most", 1, "")
)

func TestSwarm(t *testing.T) {
	for i := range *worlds {
		seed := *first + i
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			for !machine.Wait() {
			}
			if machine.Add(seed, 3) != seed+3 && seed >= 5 || seed == 9 {
				t.Errorf("%s at %v, n1: it is not", "sums_are_right", seed)
			}
		})
	}
}
`,
}

func smallJudge(t *testing.T) *judge {
	t.Helper()
	root := t.TempDir()
	for name, text := range smallModule {
		file := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return &judge{root: root, dir: t.TempDir(), swarm: "./sim", within: time.Minute}
}

func TestJudge(t *testing.T) {
	j := smallJudge(t)
	wrong := mutant{name: "wrong", file: "machine/machine.go", old: "a + b", new: "a - b", seed: 3, worlds: 5}
	for _, c := range []struct {
		name string
		mutant
		want verdict
		err  string
	}{
		{"caught", wrong, verdict{by: "sums_are_right", seed: 5, worlds: 3}, ""},
		{"not caught", with(wrong, func(m *mutant) { m.worlds = 2 }), verdict{seed: 4, worlds: 2}, ""},
		{"caught by a unit test", with(wrong, func(m *mutant) { m.unit = "./machine TestAdd" }), verdict{by: "TestAdd"}, ""},
		{"does not compile", with(wrong, func(m *mutant) { m.new = "a +" }), verdict{}, "does not compile"},
		{"does not fit", with(wrong, func(m *mutant) { m.old = "a * b" }), verdict{}, "does not contain"},
		{"no such test", with(wrong, func(m *mutant) { m.unit = "./machine TestSub" }), verdict{}, "nothing was run"},
		{"wrong without it", with(wrong, func(m *mutant) { m.seed = 9 }), verdict{by: "sums_are_right", seed: 9, worlds: 1}, "without the mutant too"},
	} {
		t.Run(c.name, func(t *testing.T) {
			v, err := j.try(t.Context(), c.mutant)
			if v != c.want || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("%+v, %v", v, err)
			}
		})
	}
}

func TestHangsAreBounded(t *testing.T) {
	j := smallJudge(t)
	j.within = time.Second
	m := mutant{file: "machine/machine.go", old: "return true", new: "return false", seed: 1, worlds: 1}
	if v, err := j.try(t.Context(), m); err == nil || !strings.Contains(err.Error(), "only if the entry says so") {
		t.Errorf("%+v, %v", v, err)
	}
	m.hangs = true
	if v, err := j.try(t.Context(), m); err != nil || v.by != "does not end" {
		t.Errorf("%+v, %v", v, err)
	}
}

func TestScore(t *testing.T) {
	j := smallJudge(t)
	good := mutant{name: "minus", file: "machine/machine.go", old: "a + b", new: "a - b", seed: 5, worlds: 1}
	var out strings.Builder
	if err := score(t.Context(), &out, j, []mutant{good}); err != nil {
		t.Error(err)
	}
	if !strings.Contains(out.String(), "1 of 1 caught") || !strings.Contains(out.String(), "sums_are_right") {
		t.Error(out.String())
	}
	out.Reset()
	same := with(good, func(m *mutant) { m.name, m.new = "same", "b + a" })
	broken := with(good, func(m *mutant) { m.name, m.new = "broken", "a +" })
	if err := score(t.Context(), &out, j, []mutant{good, same, broken}); err == nil {
		t.Error("two that are not caught are no error")
	}
	for _, want := range []string{"1 of 3 caught", "NOTHING", "ERROR", "does not compile"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}

func with(m mutant, change func(*mutant)) mutant {
	change(&m)
	return m
}
