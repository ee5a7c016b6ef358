package tidy

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

const module = "github.com/grapevine-gossip/grapevine"

// root is the repository, seen from this package.
const root = "../.."

// file is one Go file of the root module.
type file struct {
	path  string // from the root, with slashes
	pkg   string // its folder; "." for the library
	test  bool
	lines int
	text  string
	ast   *ast.File
	fset  *token.FileSet
}

func (f *file) at(n ast.Node) string {
	return f.path + ":" + strings.TrimPrefix(f.fset.Position(n.Pos()).String(), f.fset.Position(f.ast.Pos()).Filename+":")
}

// imports lists what the file imports; packages of this module by their folder.
func (f *file) imports() (ours, others []string) {
	for _, s := range f.ast.Imports {
		p := strings.Trim(s.Path.Value, `"`)
		switch {
		case p == module:
			ours = append(ours, ".")
		case strings.HasPrefix(p, module+"/"):
			ours = append(ours, strings.TrimPrefix(p, module+"/"))
		default:
			others = append(others, p)
		}
	}
	return ours, others
}

// files parses the root module.
func files(t *testing.T) []*file {
	t.Helper()
	var out []*file
	walk(t, func(name string) {
		if !strings.HasSuffix(name, ".go") {
			return
		}
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		fset := token.NewFileSet()
		parsed, err := parser.ParseFile(fset, name, text, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, &file{
			path: name, pkg: path.Dir(name), test: strings.HasSuffix(name, "_test.go"),
			lines: strings.Count(string(text), "\n"), text: string(text), ast: parsed, fset: fset,
		})
	})
	if len(out) < 50 {
		t.Fatalf("only %d Go files found: the test looks in the wrong place", len(out))
	}
	return out
}

// walk visits the files of the root module; nested modules and hidden folders are left out.
func walk(t *testing.T, visit func(name string)) {
	t.Helper()
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		name = filepath.ToSlash(name)
		if !d.IsDir() {
			visit(name)
			return nil
		}
		if name == "." {
			return nil
		}
		_, nested := os.Stat(filepath.Join(p, "go.mod"))
		if nested == nil || strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "node_modules" {
			return filepath.SkipDir
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
