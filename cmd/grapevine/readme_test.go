//go:build unix

package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/grapevine-gossip/grapevine/transport"
)

// TestReadmeTour runs the operator's tour of the README: the commands in its sh blocks, in order. Agents are started and
// left running, "pkill" kills the one it names, and a command with "# => PATTERN" is repeated until its output matches.
// Ports are replaced by free ones.
func TestReadmeTour(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	bin, err := program()
	if err != nil {
		t.Fatal(err)
	}
	tour := &tour{t: t, bin: bin, ports: map[string]string{}, agents: map[string]*exec.Cmd{}, dir: t.TempDir()}
	commands := 0
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		for line := range strings.Lines(block[1]) {
			tour.run(strings.TrimSpace(line))
			commands++
		}
	}
	if commands < 10 {
		t.Errorf("the README has only %d commands in sh blocks", commands)
	}
}

type tour struct {
	t      *testing.T
	bin    string
	ports  map[string]string
	agents map[string]*exec.Cmd // by name
	dir    string               // where commands write
}

func (r *tour) run(line string) {
	command, want, _ := strings.Cut(line, "# => ")
	args := strings.Fields(command)
	switch {
	case len(args) == 0:
	case args[0] == "pkill":
		name := strings.Trim(args[len(args)-1], "'") // of -f 'name NAME'
		cmd := r.agents[name]
		if cmd == nil {
			r.t.Fatalf("%q: no such agent", line)
		}
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	case args[0] == "grapevine" && args[1] == "agent":
		r.agent(args[1:])
	case args[0] == "grapevine":
		r.ask(args[1:], strings.TrimSpace(want))
	default:
		r.t.Fatalf("%q: the tour can't run this", line)
	}
}

func (r *tour) agent(args []string) {
	cmd := exec.Command(r.bin, r.replacePorts(args)...)
	var log bytes.Buffer
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	for i, a := range args {
		if a == "--name" {
			r.agents[args[i+1]] = cmd
		}
	}
	r.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if r.t.Failed() {
			r.t.Logf("%s said:\n%s", strings.Join(args, " "), log.String())
		}
	})
}

// ask runs a command against an agent, again and again until it succeeds and says what the README promises.
func (r *tour) ask(args []string, want string) {
	r.t.Helper()
	pattern := regexp.MustCompile(want)
	deadline := time.Now().Add(60 * time.Second)
	for {
		full := args
		if args[0] != "--addr" && args[0] != "sim" {
			full = append([]string{"--addr", "http://127.0.0.1:7788"}, args...)
		}
		cmd := exec.Command(r.bin, r.replacePorts(full)...)
		cmd.Dir = r.dir
		out, err := cmd.CombinedOutput()
		if err == nil && pattern.Match(out) {
			return
		}
		if time.Now().After(deadline) {
			r.t.Fatalf("grapevine %s: %v, want %q, got:\n%s", strings.Join(args, " "), err, want, out)
		}
	}
}

var loopback = regexp.MustCompile(`127\.0\.0\.1:\d+`)

func (r *tour) replacePorts(args []string) []string {
	out := make([]string, len(args))
	for i, a := range args {
		out[i] = loopback.ReplaceAllStringFunc(a, func(addr string) string {
			if r.ports[addr] == "" {
				r.ports[addr] = freePort(r.t)
			}
			return r.ports[addr]
		})
	}
	return out
}

// freePort is an address that was free a moment ago for both UDP and TCP. It is below the ports that systems give to
// outgoing connections: one of those can be taken by anybody between two uses.
func freePort(t *testing.T) string {
	t.Helper()
	for range 100 {
		addr := fmt.Sprintf("127.0.0.1:%d", 10000+rand.IntN(20000))
		if tr, err := transport.Listen(addr, transport.Options{}); err == nil {
			_ = tr.Close()
			return addr
		}
	}
	t.Fatal("no port is free")
	return ""
}
