package tidy

import (
	"go/ast"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// undone is split so that this file does not find itself.
var undone = regexp.MustCompile(`\b(` + "TO" + `DO|FIX` + `ME|XX` + `X)\b`)

func TestNothingIsLeftForLater(t *testing.T) {
	for _, f := range files(t) {
		for i, line := range strings.Split(f.text, "\n") {
			if undone.MatchString(line) {
				t.Errorf("%s:%d: do it, or write it into the issues", f.path, i+1)
			}
		}
	}
}

// A test that sleeps is slow, and flaky on a slower machine: poll with a deadline, or use testing/synctest.
func TestTestsDoNotSleep(t *testing.T) {
	for _, f := range files(t) {
		if !f.test || strings.Contains(f.text, `"testing/synctest"`) {
			continue
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok && s.Sel.Name == "Sleep" {
				if x, ok := s.X.(*ast.Ident); ok && x.Name == "time" {
					t.Errorf("%s: a test must not sleep", f.at(n))
				}
			}
			return true
		})
	}
}

var link = regexp.MustCompile(`\]\(([^)#:\[{ ]+)(#[^)]*)?\)`)

func TestLinksInDocumentsResolve(t *testing.T) {
	documents := 0
	walk(t, func(name string) {
		if !strings.HasSuffix(name, ".md") {
			return
		}
		documents++
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			if _, err := os.Stat(filepath.Join(root, path.Dir(name), m[1])); err != nil {
				t.Errorf("%s: %s is not there", name, m[1])
			}
		}
	})
	if documents < 5 {
		t.Errorf("only %d documents found", documents)
	}
}
