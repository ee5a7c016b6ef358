package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// mutant is one way to break the contract of a member.
type mutant struct {
	name   string
	breaks string // what it does to the others, or to its application
	file   string // from the root of the module
	old    string // exactly once in the file
	new    string

	seed   uint64 // of the first world that judges it; 0: 1
	worlds int    // at most so many, one after the other; 0: fewWorlds
	large  bool   // small worlds can't show it
	unit   string // in place of worlds, where none can tell: "package TestName"
	hangs  bool   // that it does not end counts as caught
}

const (
	fewWorlds = 150
	small     = 14 // members of a small world: it takes a fraction of a second
)

// within is how long the worlds of one mutant, or a test, may take. What hangs is ended then.
const within = 10 * time.Minute

// judge builds mutants and runs what has to catch them.
type judge struct {
	root   string // of the module
	dir    string // for what is built
	swarm  string // the package with TestSwarm
	within time.Duration

	sound map[string]string // binaries of the unchanged code, by package
}

// verdict is what became of one mutant.
type verdict struct {
	by     string // the checker or test that caught it; "": nothing did
	seed   uint64 // of the world in which it was caught, or of the last one
	worlds int    // run
}

// try applies a mutant and runs its worlds, or its test. What catches it must pass without it.
func (j *judge) try(ctx context.Context, m mutant) (verdict, error) {
	overlay, err := m.apply(j.root, j.dir)
	if err != nil {
		return verdict{}, err
	}
	pkg, _ := m.judgedBy(j)
	binary := filepath.Join(j.dir, "mutant.test")
	if err := j.build(ctx, pkg, binary, "-overlay", overlay); err != nil {
		return verdict{}, err
	}
	v, err := j.ask(ctx, binary, m)
	if err != nil || v.by == "" {
		return v, err
	}
	return v, j.confirm(ctx, m, v)
}

// confirm runs the unchanged code in the world, or the test, that caught a mutant.
func (j *judge) confirm(ctx context.Context, m mutant, v verdict) error {
	pkg, _ := m.judgedBy(j)
	binary := j.sound[pkg]
	if binary == "" {
		binary = filepath.Join(j.dir, fmt.Sprintf("sound%d.test", len(j.sound)))
		if err := j.build(ctx, pkg, binary); err != nil {
			return fmt.Errorf("without any mutant: %w", err)
		}
		if j.sound == nil {
			j.sound = map[string]string{}
		}
		j.sound[pkg] = binary
	}
	m.seed, m.worlds, m.hangs = v.seed, 1, false
	sound, err := j.ask(ctx, binary, m)
	if err != nil {
		return fmt.Errorf("without the mutant: %w", err)
	}
	if sound.by != "" {
		return fmt.Errorf("%s fails without the mutant too: this proves nothing", sound.by)
	}
	return nil
}

// apply writes the changed file and the overlay that puts it in the place of the real one.
func (m mutant) apply(root, dir string) (overlay string, err error) {
	real := filepath.Join(root, filepath.FromSlash(m.file))
	text, err := os.ReadFile(real)
	if err != nil {
		return "", err
	}
	changed, err := m.change(string(text))
	if err != nil {
		return "", err
	}
	fake := filepath.Join(dir, filepath.Base(real))
	body, err := json.Marshal(map[string]any{"Replace": map[string]string{real: fake}})
	if err != nil {
		return "", err
	}
	overlay = filepath.Join(dir, "overlay.json")
	return overlay, errors.Join(os.WriteFile(fake, []byte(changed), 0o600), os.WriteFile(overlay, body, 0o600))
}

// change puts the new text in the place of the old one.
func (m mutant) change(text string) (string, error) {
	switch n := strings.Count(text, m.old); {
	case n == 0:
		return "", fmt.Errorf("%s does not contain %q: the code has changed, so the entry must too", m.file, m.old)
	case n > 1:
		return "", fmt.Errorf("%s contains %q %d times: let the entry name more of the line", m.file, m.old, n)
	case m.old == m.new:
		return "", errors.New("the entry changes nothing")
	}
	return strings.Replace(text, m.old, m.new, 1), nil
}

// build makes the test binary of a package. That it can't is an error: what does not compile is not caught.
func (j *judge) build(ctx context.Context, pkg, binary string, flags ...string) error {
	args := append([]string{"test", "-c", "-vet=off", "-ldflags=-s -w", "-o", binary}, flags...)
	cmd := exec.CommandContext(ctx, "go", append(args, pkg)...)
	cmd.Dir = j.root
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("it does not compile:\n%s", lastLines(out))
	}
	if _, err := os.Stat(binary); err != nil {
		return fmt.Errorf("%s has no tests", pkg)
	}
	return nil
}

// judgedBy gives the package whose tests have to fail, and the arguments of its test binary.
func (m mutant) judgedBy(j *judge) (pkg string, args []string) {
	if m.unit == "" {
		args = []string{
			"-test.run=^TestSwarm$", "-test.failfast",
			fmt.Sprintf("-swarm=%d", cmp.Or(m.worlds, fewWorlds)), fmt.Sprintf("-swarm.seed=%d", cmp.Or(m.seed, 1)),
		}
		if !m.large {
			args = append(args, fmt.Sprintf("-swarm.most=%d", small))
		}
		return j.swarm, args
	}
	pkg, test, _ := strings.Cut(m.unit, " ")
	return pkg, []string{"-test.run=^" + test + "$"}
}

// ask runs a test binary and reads what it says.
func (j *judge) ask(ctx context.Context, binary string, m mutant) (verdict, error) {
	pkg, args := m.judgedBy(j)
	limited, cancel := context.WithTimeout(ctx, j.within)
	defer cancel()
	cmd := exec.CommandContext(limited, binary, append(args, "-test.v", "-test.timeout=0")...)
	cmd.Dir = filepath.Join(j.root, filepath.FromSlash(pkg))
	cmd.WaitDelay = time.Second // for what it may have started
	out, err := cmd.CombinedOutput()
	v := read(out)
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return v, ctx.Err()
	case limited.Err() != nil && m.hangs:
		v.by = "does not end"
		return v, nil
	case limited.Err() != nil:
		return v, fmt.Errorf("it did not end within %v: that counts as caught only if the entry says so", j.within)
	case err == nil && v.by == "":
		if !bytes.Contains(out, []byte("--- PASS")) {
			return v, fmt.Errorf("nothing was run:\n%s", lastLines(out))
		}
		return v, nil
	case errors.As(err, &exit) && v.by != "":
		return v, nil
	}
	return v, fmt.Errorf("it ended without a verdict: %w\n%s", err, lastLines(out))
}

var (
	began  = regexp.MustCompile(`(?m)^=== RUN +TestSwarm/(\d+)$`)
	failed = regexp.MustCompile(`(?m)^ *--- FAIL: (\S+)`)
	found  = regexp.MustCompile(`(?m)^ +\w+_test\.go:\d+: (\w+) at `) // a Violation
)

// read finds the verdict in the output of a test.
func read(out []byte) (v verdict) {
	worlds := began.FindAllSubmatch(out, -1)
	v.worlds = len(worlds)
	if v.worlds > 0 {
		v.seed, _ = strconv.ParseUint(string(worlds[len(worlds)-1][1]), 10, 64) // digits alone
	}
	switch f, check := failed.FindSubmatch(out), found.FindSubmatch(out); {
	case f == nil:
	case check != nil:
		v.by = string(check[1])
	default:
		v.by = string(f[1])
	}
	return v
}

// lastLines is the end of what a program said.
func lastLines(out []byte) string {
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return strings.Join(lines[max(0, len(lines)-20):], "\n")
}
