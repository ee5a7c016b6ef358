package tidy

import (
	"go/ast"
	"slices"
	"strings"
	"testing"
)

// The core is internal/gossip and all that it imports: code that must give the same trace for the same seed, on every
// processor. It does no IO, reads no clock, has no chance of its own, and starts no goroutine.
func core(t *testing.T) []string {
	t.Helper()
	out := below(files(t), "internal/gossip")
	for _, pkg := range []string{"internal/store", "internal/view", "internal/detector", "internal/phi", "internal/wire"} {
		if !slices.Contains(out, pkg) {
			t.Fatalf("internal/gossip does not reach %s: the test looks in the wrong place", pkg)
		}
	}
	return out
}

// The simulator's worlds replay as well. Around them it may write files and run several at once.
func simulator(pkg string) bool {
	return pkg == "internal/sim" || strings.HasPrefix(pkg, "internal/sim/")
}

func TestCoreIsDeterministic(t *testing.T) {
	core := core(t)
	obey(t, func(f *file, complain complaint) {
		if f.test {
			return
		}
		if slices.Contains(core, f.pkg) {
			doesNoIO(f, complain)
		}
		if slices.Contains(core, f.pkg) || simulator(f.pkg) {
			takesTimeAndChance(f, complain)
		}
	})
}

// ioPackages do IO, wait for others or lock them out, or depend on the machine. What lies below them is meant too.
var ioPackages = []string{
	"context", "database", "embed", "expvar", "io/fs", "io/ioutil", "log", "net", "os", "path/filepath", "plugin",
	"runtime", "sync", "syscall", "testing", "unsafe",
}

// doesNoIO holds for the core.
func doesNoIO(f *file, complain complaint) {
	for _, i := range f.imports() {
		io := slices.ContainsFunc(ioPackages, func(p string) bool { return i.path == p || strings.HasPrefix(i.path, p+"/") })
		switch {
		case io && i.path != "net/netip": // only a type
			complain(i.line, "the core must not import "+i.path+": it does no IO and locks nothing; give it to the runtime")
		case i.name == "." || i.name == "_":
			complain(i.line, "import "+i.path+" by its name: what is called must be seen")
		}
	}
	ast.Inspect(f.ast, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			complain(f.line(n), "the core starts no goroutine: ask the runtime, and let it call back in a later turn")
		case *ast.SelectStmt:
			complain(f.line(n), "the core waits for nobody: select chooses by chance")
		}
		return true
	})
}

// chancePackages have chance of their own.
var chancePackages = []string{"crypto/rand", "hash/maphash", "math/rand"}

// clock is what package time reads from the machine.
var clock = []string{
	"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "NewTimer", "NewTicker", "Tick", "Local", "LoadLocation",
}

// generators is all that the core may take of math/rand/v2; the other functions draw from a global.
var generators = []string{"Rand", "New", "Source", "PCG", "NewPCG", "ChaCha8", "NewChaCha8", "Zipf", "NewZipf"}

// exact is what gives the same bits on every processor. The others are assembly on some of them, with other last bits.
var exact = []string{
	"Abs", "Ceil", "Copysign", "Float32bits", "Float32frombits", "Float64bits", "Float64frombits", "Floor", "Frexp", "Inf",
	"IsInf", "IsNaN", "Ldexp", "Max", "Min", "Mod", "Modf", "NaN", "Nextafter", "Round", "RoundToEven", "Signbit", "Sqrt",
	"Trunc", "E", "Ln10", "Ln2", "Log10E", "Log2E", "Phi", "Pi", "Sqrt2", "SqrtE", "SqrtPhi", "SqrtPi",
}

// takesTimeAndChance holds for the core and for the simulator.
func takesTimeAndChance(f *file, complain complaint) {
	for _, i := range f.imports() {
		network := i.path == "net" || strings.HasPrefix(i.path, "net/") && i.path != "net/netip"
		if slices.Contains(chancePackages, i.path) || network {
			complain(i.line, "import of "+i.path+": time, chance and the network are given to this code, as arguments")
		}
	}
	f.uses(func(from, name string, line int) {
		switch {
		case from == "time" && slices.Contains(clock, name):
			complain(line, "time."+name+": take the time as an argument")
		case from == "math/rand/v2" && !slices.Contains(generators, name):
			complain(line, "rand."+name+": draw from the generator that is given")
		case from == "math" && !slices.Contains(exact, name) && !limit(name):
			complain(line, "math."+name+": other processors give other last bits; use internal/phi, or write it out")
		}
	})
}

// limit tells math.MaxInt64 and the like.
func limit(name string) bool {
	return strings.HasPrefix(name, "Max") || strings.HasPrefix(name, "Min") || strings.HasPrefix(name, "Smallest")
}
