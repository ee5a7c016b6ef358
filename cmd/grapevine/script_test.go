package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"grapevine": main})
}

// TestScripts runs the command line as users do. Agents listen on unix sockets and on port 0, so that scripts can run
// beside each other and beside anything else on the machine.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:      "testdata",
		Deadline: time.Now().Add(3 * deadline), // what hangs is ended, and its output shown
		Setup: func(e *testscript.Env) error {
			e.Values[childrenKey{}] = map[string]*exec.Cmd{}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"code":       cmdCode,
			"eventually": cmdEventually,
			"spawn":      cmdSpawn,
			"signal":     cmdSignal,
			"reap":       cmdReap,
			"bound":      cmdBound,
		},
	})
}

// deadline is for anything that must happen; generous, because other tests may have the processors.
const deadline = 60 * time.Second

// code N COMMAND...: the command exits with N. Its output can be looked at with stdout and stderr, as after exec.
func cmdCode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code N COMMAND...")
	}
	err := ts.Exec(args[1], args[2:]...)
	got := "0"
	if exit, ok := err.(*exec.ExitError); ok {
		got = exit.ProcessState.String()
		got = strings.TrimPrefix(got, "exit status ")
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if got != args[0] {
		ts.Fatalf("exit code %s, want %s", got, args[0])
	}
}

// eventually PATTERN FILE: the file has the text before the deadline.
func cmdEventually(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: eventually TEXT FILE")
	}
	poll(ts, args[0]+" in "+args[1], func() bool {
		b, err := os.ReadFile(ts.MkAbs(args[1]))
		return err == nil && bytes.Contains(b, []byte(args[0]))
	})
}

func poll(ts *testscript.TestScript, what string, ok func() bool) {
	end := time.Now().Add(deadline)
	for !ok() {
		if time.Now().After(end) {
			ts.Fatalf("not within %v: %s", deadline, what)
		}
		<-time.After(20 * time.Millisecond)
	}
}

// spawn NAME COMMAND...: run the command in the background, its output in NAME.out and NAME.err. What still runs at the
// end of the script is killed.
func cmdSpawn(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: spawn NAME COMMAND...")
	}
	path, err := exec.LookPath(args[1])
	ts.Check(err)
	out, err := os.Create(ts.MkAbs(args[0] + ".out"))
	ts.Check(err)
	errs, err := os.Create(ts.MkAbs(args[0] + ".err"))
	ts.Check(err)
	cmd := exec.Command(path, args[2:]...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = ts.Getenv("WORK"), out, errs
	cmd.Env = environment(ts)
	ts.Check(cmd.Start())
	out.Close()
	errs.Close()
	children(ts)[args[0]] = cmd
	ts.Defer(func() {
		if cmd.ProcessState == nil {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
		if b, err := os.ReadFile(ts.MkAbs(args[0] + ".err")); err == nil {
			ts.Logf("-- %s: stderr\n%s", args[0], b)
		}
	})
}

// environment is the script's, as far as the program looks at it.
func environment(ts *testscript.TestScript) []string {
	env := []string{"PATH=" + ts.Getenv("PATH"), "HOME=" + ts.Getenv("HOME"), "TMPDIR=" + ts.Getenv("TMPDIR")}
	for _, k := range []string{"GRAPEVINE_TOKEN_FILE", "GOCOVERDIR", "GORACE"} {
		if v := ts.Getenv(k); v != "" {
			env = append(env, k+"="+v)
		}
	}
	return env
}

type childrenKey struct{}

func children(ts *testscript.TestScript) map[string]*exec.Cmd {
	return ts.Value(childrenKey{}).(map[string]*exec.Cmd)
}

var signals = map[string]syscall.Signal{
	"INT": syscall.SIGINT, "TERM": syscall.SIGTERM, "KILL": syscall.SIGKILL, "HUP": syscall.SIGHUP,
}

// signal NAME SIGNAL
func cmdSignal(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 || children(ts)[args[0]] == nil {
		ts.Fatalf("usage: signal NAME SIGNAL")
	}
	ts.Check(children(ts)[args[0]].Process.Signal(signals[args[1]]))
}

// reap NAME CODE: the spawned command ends with the exit code; "killed" for one that a signal ended.
func cmdReap(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 || children(ts)[args[0]] == nil {
		ts.Fatalf("usage: reap NAME CODE")
	}
	cmd := children(ts)[args[0]]
	done := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(deadline):
		_ = cmd.Process.Signal(syscall.SIGQUIT) // the stacks say what it waits for
		<-done
		ts.Fatalf("%s did not end within %v", args[0], deadline)
	}
	got := "killed"
	if code := cmd.ProcessState.ExitCode(); code >= 0 {
		got = strings.TrimPrefix(cmd.ProcessState.String(), "exit status ")
	}
	if got != args[1] {
		ts.Fatalf("%s ended with %s, want %s", args[0], got, args[1])
	}
}

// bound VARIABLE SOCKET: the gossip address of the agent behind a unix socket.
func cmdBound(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: bound VARIABLE SOCKET")
	}
	path, err := exec.LookPath("grapevine")
	ts.Check(err)
	var addr string
	poll(ts, "an address from "+args[1], func() bool {
		cmd := exec.Command(path, "--addr", "unix:"+filepath.Join(ts.Getenv("WORK"), args[1]), "status")
		cmd.Dir, cmd.Env = ts.Getenv("WORK"), environment(ts)
		b, err := cmd.Output()
		lines := strings.Split(strings.TrimSpace(string(b)), "\n")
		if err != nil || len(lines) < 3 {
			return false
		}
		addr = strings.Fields(lines[2])[1]
		return true
	})
	ts.Setenv(args[0], addr)
}
