//go:build unix

package main

import (
	"bytes"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/grapevine-gossip/grapevine/httpapi/client"
)

// The tests here are about what only real processes can show: one that stands still, one that is killed and started
// again, one that nobody can reach.

// program is the path of the program: testscript has put this test binary into PATH under its name.
func program() (string, error) { return exec.LookPath("grapevine") }

// process is a running agent.
type process struct {
	t      *testing.T
	name   string
	addr   string // of gossip
	socket string
	cmd    *exec.Cmd
	log    bytes.Buffer
	api    *client.Client
}

func startAgent(t *testing.T, dir, name, bind string, args ...string) *process {
	t.Helper()
	bin, err := program()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{t: t, name: name, addr: bind, socket: filepath.Join(dir, name+".sock")}
	p.cmd = exec.Command(bin, append([]string{"agent", "--name", name, "--bind", bind, "--http", "unix:" + p.socket}, args...)...)
	p.cmd.Stderr = &p.log
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("%s said:\n%s", name, p.log.String())
		}
	})
	if p.api, err = client.New("unix:"+p.socket, client.Options{}); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *process) kill() {
	if p.cmd.ProcessState == nil {
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait()
	}
}

// startAgents starts n agents with the first as the others' seed, and waits until all agree.
func startAgents(t *testing.T, n int) (string, []*process) {
	t.Helper()
	dir := t.TempDir()
	agents := []*process{startAgent(t, dir, "n0", freePort(t))}
	for i := 1; i < n; i++ {
		agents = append(agents, startAgent(t, dir, fmt.Sprintf("n%d", i), "127.0.0.1:0", "--seed", agents[0].addr))
	}
	waitAgents(t, agents)
	return dir, agents
}

func waitAgents(t *testing.T, agents []*process) {
	t.Helper()
	for _, p := range agents {
		wait(t, p.name+" sees one stable view", func() bool {
			v, err := p.api.View(t.Context())
			return err == nil && v.Size == len(agents) && v.Stable
		})
	}
}

func wait(t *testing.T, what string, ok func() bool) {
	t.Helper()
	end := time.After(deadline)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-end:
			t.Fatalf("not within %v: %s", deadline, what)
		}
	}
}

// counts tells how often each kind of event about each member was seen.
func (p *process) counts() map[string]int {
	p.t.Helper()
	out := map[string]int{}
	for line := range strings.Lines(p.run("events", "--type", "member.")) {
		if f := strings.Fields(line); len(f) >= 3 {
			out[f[1]+" "+f[2]]++
		}
	}
	return out
}

func (p *process) run(args ...string) string {
	p.t.Helper()
	bin, _ := program()
	out, err := exec.Command(bin, append([]string{"--addr", "unix:" + p.socket}, args...)...).Output()
	if err != nil {
		p.t.Fatalf("%s: grapevine %s: %v", p.name, strings.Join(args, " "), err)
	}
	return string(out)
}

// A process that stands still for eight seconds is removed, alone, and comes back once; nobody else gets another life.
func TestStoppedProcess(t *testing.T) {
	for _, n := range []int{2, 3, 20} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			_, agents := startAgents(t, n)
			asleep := agents[n-1]
			asleep.freeze()
			<-time.After(8 * time.Second)
			asleep.signal(syscall.SIGCONT)
			for _, p := range agents {
				wait(t, p.name+" has it back", func() bool {
					m, err := p.api.Member(t.Context(), asleep.name)
					return err == nil && m.State == "alive" && m.Incarnation == 1
				})
			}
			waitAgents(t, agents)
			for _, p := range agents {
				checkLives(t, p, agents, asleep.name, 1)
				if p == asleep {
					continue
				}
				c := p.counts()
				if c["member.failed "+asleep.name] != 1 || c["member.returned "+asleep.name] != 1 {
					t.Errorf("%s saw %v", p.name, c)
				}
			}
		})
	}
}

// checkLives checks that everybody but one has the first life of its process.
func checkLives(t *testing.T, p *process, agents []*process, but string, incarnation uint64) {
	t.Helper()
	for _, o := range agents {
		m, err := p.api.Member(t.Context(), o.name)
		want := uint64(0)
		if o.name == but {
			want = incarnation
		}
		if err != nil || o.name != but && m.Generation != 1 || m.Incarnation != want {
			t.Errorf("%s has %s under generation %d, incarnation %d (%v)", p.name, o.name, m.Generation, m.Incarnation, err)
		}
	}
}

// A seed that itself has no seeds and keeps nothing is killed and started again, sooner and later than it is missed.
func TestKilledSeedStartsAgain(t *testing.T) {
	for _, after := range []time.Duration{300 * time.Millisecond, 6 * time.Second} {
		t.Run(after.String(), func(t *testing.T) {
			t.Parallel()
			dir, agents := startAgents(t, 5)
			seed := agents[0]
			if _, err := seed.api.Put(t.Context(), "old", []byte("1"), client.PutOptions{}); err != nil {
				t.Fatal(err)
			}
			wait(t, "the key is known", func() bool {
				_, _, err := agents[4].api.Get(t.Context(), "n0", "old")
				return err == nil
			})
			seed.kill()
			<-time.After(after)
			agents[0] = startAgent(t, dir, "n0", seed.addr)
			wait(t, "it can be asked", func() bool {
				_, err := agents[0].api.Put(t.Context(), "new", []byte("2"), client.PutOptions{})
				return err == nil
			})
			for _, p := range agents {
				wait(t, p.name+" has the new process", func() bool {
					m, err := p.api.Member(t.Context(), "n0")
					_, _, newErr := p.api.Get(t.Context(), "n0", "new")
					return err == nil && m.Generation == 2 && m.State == "alive" && newErr == nil
				})
			}
			waitAgents(t, agents)
			for _, p := range agents[1:] {
				if _, _, err := p.api.Get(t.Context(), "n0", "old"); err == nil {
					t.Errorf("%s still reads the former process's key", p.name)
				}
				if c := p.counts(); c["member.returned n0"] != 1 {
					t.Errorf("%s saw %v", p.name, c)
				}
				checkLives(t, p, agents, "n0", 0)
			}
		})
	}
}

// An agent that advertises an address at which nobody answers is refused, and told who tried.
func TestUnreachableAgentIsRefused(t *testing.T) {
	t.Parallel()
	dir, agents := startAgents(t, 3)
	p := startAgent(t, dir, "shut", "127.0.0.1:0", "--seed", agents[0].addr, "--advertise", freePort(t))
	ended := make(chan error, 1)
	go func() { ended <- p.cmd.Wait() }()
	select {
	case <-ended:
	case <-time.After(deadline):
		t.Fatal("it went on")
	}
	if code := p.cmd.ProcessState.ExitCode(); code != 1 {
		t.Errorf("exit code %d", code)
	}
	for _, want := range []string{"get no answer from", "n1", "/udp"} {
		if !strings.Contains(p.log.String(), want) {
			t.Errorf("%q is not in what it said:\n%s", want, p.log.String())
		}
	}
	waitAgents(t, agents)
}
