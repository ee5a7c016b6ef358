package sim

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// tracedSeeds have among them every shape of latency, bursts, streams and all that floats are used for.
var tracedSeeds = []uint64{17, 20, 22, 40}

func traces() string {
	var b strings.Builder
	for _, seed := range tracedSeeds {
		fmt.Fprintf(&b, "trace of seed %d: %016x\n", seed, Swarm(seed).Trace)
	}
	return b.String()
}

func TestTraceDependsOnTheSeedAlone(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	first := traces()
	for _, procs := range []int{1, 3} {
		runtime.GOMAXPROCS(procs)
		if again := traces(); again != first {
			t.Errorf("with GOMAXPROCS %d:\n%swant:\n%s", procs, again, first)
		}
	}
	t.Log("\n" + first) // read by the test below
}

// Sharing is for the sake of memory alone, and who reads what members measure must not change them. In this world a view
// comes back within one turn, and a probe stays unanswered for longer than members remember what they sent.
func TestTraceIsTheSameIfMembersShareNothing(t *testing.T) {
	const seed = 34
	apart := Draw(seed)
	apart.Config.apart = true
	if a, b := Swarm(seed).Trace, apart.Run().Trace; a != b {
		t.Errorf("trace %016x, and %016x if nothing is shared and measurements are read", a, b)
	}
	for _, c := range []Config{{}, {apart: true}} {
		w := New(c)
		nodes := w.StartMany(3)
		if _, ok := w.Until(5*time.Second, func() bool { return Stable(nodes) }); !ok {
			t.Fatal("not stable")
		}
		a, _ := nodes[0].Snapshot().Members.Get("n2")
		b, _ := nodes[1].Snapshot().Members.Get("n2")
		if shared := a == b; shared == c.apart {
			t.Errorf("apart: %v, shared: %v", c.apart, shared)
		}
	}
}

// A 386 has other integers and other assembly.
func TestTraceIsTheSameOn386(t *testing.T) {
	if testing.Short() || runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		t.Skip("needs a linux/amd64 machine, which runs programs for 386 too")
	}
	program := filepath.Join(t.TempDir(), "sim386")
	build := exec.Command("go", "test", "-c", "-o", program, ".")
	build.Env = append(os.Environ(), "GOARCH=386", "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	out, err := exec.Command(program, "-test.v", "-test.run", "TestTraceDependsOnTheSeedAlone").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for line := range strings.Lines(traces()) {
		if !strings.Contains(string(out), strings.TrimSpace(line)) {
			t.Errorf("386 does not give the %s%s", line, out)
		}
	}
}
