package tidy

import (
	"go/ast"
	"slices"
	"strings"
	"testing"
)

// core is the code that must give the same trace for the same seed, on every processor: no IO, no clock, no chance of
// its own, no goroutine.
var core = []string{
	"internal/wire", "internal/cow", "internal/overlay", "internal/phi", "internal/view", "internal/store", "internal/spread",
	"internal/antientropy", "internal/detector", "internal/admission", "internal/stability", "internal/publish", "internal/gossip", "internal/sim",
}

// bannedImports do IO, wait, or hide chance. net/netip is only a type.
var bannedImports = []string{"net", "os", "io/fs", "sync", "sync/atomic", "syscall", "math/rand", "crypto/rand", "context", "log", "log/slog"}

// bannedCalls by package name. The functions of math are assembly on some processors, with other last bits.
var bannedCalls = map[string][]string{
	"time": {"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "NewTimer", "NewTicker", "Tick"},
	"rand": {"Int", "IntN", "Int64", "Int64N", "Uint32", "Uint64", "Uint64N", "Float64", "Perm", "Shuffle", "N", "NormFloat64", "ExpFloat64"},
	"math": {"Exp", "Exp2", "Log", "Log2", "Log10", "Log1p", "Pow", "Erf", "Erfc", "Gamma", "Sin", "Cos"},
}

func TestCoreIsDeterministic(t *testing.T) {
	for _, f := range files(t) {
		if f.test || !slices.Contains(core, f.pkg) {
			continue
		}
		_, others := f.imports()
		for _, p := range others {
			if slices.Contains(bannedImports, p) {
				t.Errorf("%s imports %s: the core takes time and chance as arguments and does no IO", f.path, p)
			}
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.GoStmt:
				t.Errorf("%s: the core starts no goroutine", f.at(n))
			case *ast.SelectorExpr:
				if x, ok := n.X.(*ast.Ident); ok && x.Obj == nil && slices.Contains(bannedCalls[x.Name], n.Sel.Name) {
					t.Errorf("%s: %s.%s: the core takes time and chance as arguments, and logarithms from internal/phi",
						f.at(n), x.Name, n.Sel.Name)
				}
			}
			return true
		})
	}
}

// Limits of size. What grows beyond them has more than one subject.
const (
	maxFunction = 70   // lines
	maxFile     = 500  // lines
	maxGossip   = 1500 // lines of internal/gossip, which only composes
)

func TestSizes(t *testing.T) {
	gossip := 0
	for _, f := range files(t) {
		if f.test {
			continue
		}
		if f.lines > maxFile {
			t.Errorf("%s has %d lines, more than %d: split it by subject", f.path, f.lines, maxFile)
		}
		if f.pkg == "internal/gossip" {
			gossip += f.lines
		}
		for _, d := range f.ast.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			if n := f.fset.Position(fn.End()).Line - f.fset.Position(fn.Pos()).Line + 1; n > maxFunction {
				t.Errorf("%s: %s has %d lines, more than %d", f.at(fn), fn.Name.Name, n, maxFunction)
			}
		}
	}
	if gossip > maxGossip {
		t.Errorf("internal/gossip has %d lines, more than %d: it composes, the parts do the work", gossip, maxGossip)
	}
}

func TestEveryPackageSaysWhatItIs(t *testing.T) {
	said := map[string]bool{}
	for _, f := range files(t) {
		if !f.test && f.ast.Doc != nil && (strings.HasPrefix(f.ast.Doc.Text(), "Package ") || f.ast.Name.Name == "main") {
			said[f.pkg] = true
		} else if _, ok := said[f.pkg]; !ok && !f.test {
			said[f.pkg] = false
		}
	}
	for pkg, ok := range said {
		if !ok {
			t.Errorf("%s has no package comment", pkg)
		}
	}
}
