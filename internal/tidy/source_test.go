package tidy

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

const module = "github.com/grapevine-gossip/grapevine"

// root is the repository, seen from this package.
const root = "../.."

// positions are those of all files, so that the files of a package can be typed together.
var positions = token.NewFileSet()

// file is one Go file of the root module.
type file struct {
	path  string // from the root, with slashes
	pkg   string // its folder; "." for the library
	test  bool
	lines int
	text  string
	ast   *ast.File
}

// A rule looks at one file and complains of lines of it. Rules are functions of a file so that rules_test.go can show
// each of them code that it must find.
type rule func(f *file, complain complaint)

type complaint func(line int, message string)

// obey holds all files to a rule.
func obey(t *testing.T, r rule) {
	t.Helper()
	for _, f := range files(t) {
		r(f, func(line int, message string) { t.Errorf("%s:%d: %s", f.path, line, message) })
	}
}

func newFile(name string, text []byte) (*file, error) {
	parsed, err := parser.ParseFile(positions, name, text, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	return &file{
		path: name, pkg: path.Dir(name), test: strings.HasSuffix(name, "_test.go"),
		lines: strings.Count(string(text), "\n"), text: string(text), ast: parsed,
	}, nil
}

func (f *file) line(n ast.Node) int { return positions.Position(n.Pos()).Line }

// An imported is one import of a file.
type imported struct {
	path string // packages of this module by their folder
	ours bool
	name string // in this file; guessed from the path if not given
	line int
}

func (f *file) imports() []imported {
	var out []imported
	for _, s := range f.ast.Imports {
		i := imported{path: strings.Trim(s.Path.Value, `"`), line: f.line(s)}
		if i.path == module {
			i.path, i.ours, i.name = ".", true, path.Base(module)
		} else if i.path, i.ours = strings.CutPrefix(i.path, module+"/"); i.ours {
			i.name = path.Base(i.path)
		} else {
			i.name = path.Base(strings.TrimSuffix(i.path, "/v2")) // math/rand/v2 is rand
		}
		if s.Name != nil {
			i.name = s.Name.Name
		}
		out = append(out, i)
	}
	return out
}

// uses visits what the file takes from other packages: the import path, the name there, and where.
func (f *file) uses(visit func(from, name string, line int)) {
	paths := map[string]string{}
	for _, i := range f.imports() {
		paths[i.name] = i.path
	}
	ast.Inspect(f.ast, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			// What the parser has resolved is a variable of that name.
			if x, ok := s.X.(*ast.Ident); ok && x.Obj == nil && paths[x.Name] != "" {
				visit(paths[x.Name], s.Sel.Name, f.line(s))
			}
		}
		return true
	})
}

var parsed = sync.OnceValues(func() ([]*file, error) {
	var out []*file
	err := walk(func(name string, text []byte) error {
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		f, err := newFile(name, text)
		out = append(out, f)
		return err
	})
	if err == nil && len(out) < 50 {
		err = fmt.Errorf("only %d Go files found: the test looks in the wrong place", len(out))
	}
	return out, err
})

// files gives the Go files of the root module.
func files(t *testing.T) []*file {
	t.Helper()
	out, err := parsed()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// walk visits the files of the root module. Nested modules are left out, so is what tests read, and hidden folders other
// than .ci are somebody's tools.
func walk(visit func(name string, text []byte) error) error {
	return filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		name = filepath.ToSlash(name)
		switch {
		case name == ".":
			return nil
		case d.IsDir():
			_, nested := os.Stat(filepath.Join(p, "go.mod"))
			hidden := strings.HasPrefix(d.Name(), ".") && name != ".ci"
			if nested == nil || hidden || d.Name() == "testdata" || d.Name() == "node_modules" {
				return filepath.SkipDir
			}
			return nil
		case !readable(name):
			return nil
		}
		text, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		return visit(name, text)
	})
}

// readable tells what people write in this repository.
func readable(name string) bool {
	switch path.Ext(name) {
	case ".go", ".md", ".mod", ".yml", ".yaml", ".toml", ".sh", ".html", ".css", ".js", ".service":
		return true
	}
	return name == ".ci/run" || path.Base(name) == "Makefile"
}
