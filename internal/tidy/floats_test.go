package tidy

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/ast"
	"go/constant"
	"go/importer"
	"go/token"
	"go/types"
	"io"
	"maps"
	"math"
	"os"
	"os/exec"
	"path"
	"slices"
	"testing"
)

// A processor with a fused multiply-add rounds x*y + z once, the others round twice, and a trace would differ. The
// language lets the compiler fuse across statements too; an explicit conversion forbids it. So a product of floats is
// written float64(x*y). Products with a power of two are exact, and quotients are never fused.
func productsAreRounded(f *file, info *types.Info, complain complaint) {
	float := func(e ast.Expr) bool {
		tv := info.Types[e]
		if tv.Type == nil || tv.Value != nil {
			return false
		}
		b, ok := tv.Type.Underlying().(*types.Basic)
		return ok && b.Info()&types.IsFloat != 0
	}
	const advice = "a product of floats may be fused with a sum on some processors: write float64(x*y)"
	rounded := map[ast.Node]bool{}
	ast.Inspect(f.ast, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			if len(n.Args) == 1 && info.Types[n.Fun].IsType() {
				rounded[ast.Unparen(n.Args[0])] = true
			}
		case *ast.BinaryExpr:
			if n.Op == token.MUL && float(n) && !rounded[n] && !powerOfTwo(info, n.X) && !powerOfTwo(info, n.Y) {
				complain(f.line(n), advice)
			}
		case *ast.AssignStmt:
			if n.Tok == token.MUL_ASSIGN && float(n.Lhs[0]) && !powerOfTwo(info, n.Rhs[0]) {
				complain(f.line(n), advice)
			}
		}
		return true
	})
}

func powerOfTwo(info *types.Info, e ast.Expr) bool {
	v := info.Types[e].Value
	if v == nil {
		return false
	}
	x, _ := constant.Float64Val(constant.ToFloat(v))
	m, _ := math.Frexp(math.Abs(x))
	return m == 0.5
}

func TestProductsOfFloatsAreRounded(t *testing.T) {
	core := core(t)
	byPackage := map[string][]*file{}
	for _, f := range files(t) {
		if !f.test && (slices.Contains(core, f.pkg) || simulator(f.pkg)) {
			byPackage[f.pkg] = append(byPackage[f.pkg], f)
		}
	}
	packages := slices.Sorted(maps.Keys(byPackage))
	open := compiled(t, packages)
	for _, pkg := range packages {
		info := typed(t, byPackage[pkg], open)
		for _, f := range byPackage[pkg] {
			productsAreRounded(f, info, func(line int, message string) { t.Errorf("%s:%d: %s", f.path, line, message) })
		}
	}
}

// compiled gives the compiler's summaries of packages and of what they import.
func compiled(t *testing.T, packages []string) importer.Lookup {
	t.Helper()
	args := []string{"list", "-export", "-deps", "-json=ImportPath,Export"}
	for _, pkg := range packages {
		args = append(args, "./"+pkg)
	}
	cmd := exec.Command("go", args...)
	cmd.Dir = root
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v\n%s", cmd, err, &stderr)
	}
	where := map[string]string{}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct{ ImportPath, Export string }
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		where[p.ImportPath] = p.Export
	}
	return func(path string) (io.ReadCloser, error) { return os.Open(where[path]) }
}

// typed finds the types in the files of one package.
func typed(t *testing.T, fs []*file, open importer.Lookup) *types.Info {
	t.Helper()
	var parsed []*ast.File
	for _, f := range fs {
		parsed = append(parsed, f.ast)
	}
	info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}}
	config := types.Config{Importer: importer.ForCompiler(token.NewFileSet(), "gc", open)}
	if _, err := config.Check(path.Join(module, fs[0].pkg), positions, parsed, info); err != nil {
		t.Fatal(err)
	}
	return info
}
