package tidy

import (
	"fmt"
	"go/ast"
	"strings"
	"testing"
)

// Limits of size, in lines. What grows beyond them has more than one subject.
const (
	maxFunction = 70   // a screen
	maxFile     = 500  // tests may be longer: a table is read by its lines
	maxGossip   = 1500 // internal/gossip without tests
)

func isSmall(f *file, complain complaint) {
	if f.test {
		return
	}
	if f.lines > maxFile {
		complain(maxFile+1, fmt.Sprintf("%d lines, more than %d: split the file by subject", f.lines, maxFile))
	}
	ast.Inspect(f.ast, func(n ast.Node) bool {
		name := "the function"
		switch n := n.(type) {
		case *ast.FuncDecl:
			name = n.Name.Name
		case *ast.FuncLit:
		default:
			return true
		}
		lines := positions.Position(n.End()).Line - f.line(n) + 1
		if lines > maxFunction {
			complain(f.line(n), fmt.Sprintf("%s has %d lines, more than %d: give its steps names", name, lines, maxFunction))
		}
		return lines <= maxFunction // one complaint is enough
	})
}

func TestFunctionsAndFilesAreSmall(t *testing.T) { obey(t, isSmall) }

func TestMachineOnlyComposes(t *testing.T) {
	lines := 0
	for _, f := range files(t) {
		if f.pkg == "internal/gossip" && !f.test {
			lines += f.lines
		}
	}
	if lines > maxGossip {
		t.Errorf("internal/gossip has %d lines, more than %d: move what is not composition into the part that it belongs to", lines, maxGossip)
	}
}

func TestEveryPackageSaysWhatItIs(t *testing.T) {
	said := map[string]bool{}
	for _, f := range files(t) {
		if !f.test {
			program := f.ast.Name.Name == "main"
			said[f.pkg] = said[f.pkg] || f.ast.Doc != nil && (program || strings.HasPrefix(f.ast.Doc.Text(), "Package "))
		}
	}
	for pkg, ok := range said {
		if !ok {
			t.Errorf("%s has no package comment: say above a package clause what it is for", pkg)
		}
	}
}
