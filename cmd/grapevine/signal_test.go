//go:build unix

package main

import (
	"strings"
	"syscall"
	"testing"
	"time"
)

func (p *process) signal(sig syscall.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(sig); err != nil {
		p.t.Fatal(err)
	}
}

// freeze makes the process stand still, and waits until it does: on a busy machine the signal takes a moment.
func (p *process) freeze() {
	p.t.Helper()
	p.signal(syscall.SIGSTOP)
	var status syscall.WaitStatus
	for !status.Stopped() {
		if _, err := syscall.Wait4(p.cmd.Process.Pid, &status, syscall.WUNTRACED, nil); err != nil {
			p.t.Fatal(err)
		}
		if status.Exited() || status.Signaled() {
			p.t.Fatalf("%s ended", p.name)
		}
	}
}

// ends waits for the end of the process and checks its exit code and last words.
func (p *process) ends(code int, words string) {
	p.t.Helper()
	stuck := time.AfterFunc(deadline, func() { _ = p.cmd.Process.Signal(syscall.SIGQUIT) }) // the stacks say where
	defer stuck.Stop()
	_ = p.cmd.Wait() // the code below says it all
	if got := p.cmd.ProcessState.ExitCode(); got != code || !strings.Contains(p.log.String(), words) {
		p.t.Errorf("%s ended with %d, want %d and %q in:\n%s", p.name, got, code, words, p.log.String())
	}
}

// The other member stands still, so the goodbye can't be acknowledged: the first signal waits for that, the second not.
func TestSecondSignalEndsAtOnce(t *testing.T) {
	t.Parallel()
	dir, agents := startAgents(t, 1)
	leaver := startAgent(t, dir, "leaver", "127.0.0.1:0", "--seed", agents[0].addr, "--leave-timeout", "1h")
	waitAgents(t, append(agents, leaver))
	agents[0].freeze()
	leaver.signal(syscall.SIGTERM)
	wait(t, "it is leaving", func() bool {
		self, err := leaver.api.Self(t.Context())
		return err == nil && self.Standing == "leaving"
	})
	if ready, err := leaver.api.Ready(t.Context()); err != nil || ready.OK {
		t.Errorf("while leaving: ready %v, %v", ready, err)
	}
	leaver.signal(syscall.SIGTERM)
	leaver.ends(exitError, "second signal")
}

// A process that stood still while another one took its name finds out when it wakes, and ends.
func TestSupersededAgentEnds(t *testing.T) {
	t.Parallel()
	_, agents := startAgents(t, 1)
	old := startAgent(t, t.TempDir(), "x", "127.0.0.1:0", "--seed", agents[0].addr)
	waitAgents(t, append(agents, old))
	old.freeze()
	fresh := startAgent(t, t.TempDir(), "x", "127.0.0.1:0", "--seed", agents[0].addr)
	now := []*process{agents[0], fresh}
	waitAgents(t, now)
	old.signal(syscall.SIGCONT)
	old.ends(exitError, "the name is taken")
	waitAgents(t, now)
}
