package tidy

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// undone is split so that this file does not find itself.
var undone = regexp.MustCompile(`\b(` + "TO" + `DO|FIX` + `ME|XX` + `X)\b`)

func TestNothingIsLeftForLater(t *testing.T) {
	err := walk(func(name string, text []byte) error {
		for i, line := range strings.Split(string(text), "\n") {
			if undone.MatchString(line) {
				t.Errorf("%s:%d: do it, or open an issue", name, i+1)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// hasNoCodeInComments finds a line of a comment that is a statement. Code that explains is indented, as go doc wants it.
func hasNoCodeInComments(f *file, complain complaint) {
	for _, group := range f.ast.Comments {
		for _, c := range group.List {
			line, ok := strings.CutPrefix(c.Text, "//")
			if ok && !strings.HasPrefix(line, "\t") && isStatement(strings.TrimSpace(line)) {
				complain(f.line(c), "a comment that is code: take it out, or indent it if it explains")
			}
		}
	}
}

func isStatement(line string) bool {
	if strings.HasSuffix(line, "{") {
		line += "}"
	}
	parsed, err := parser.ParseFile(token.NewFileSet(), "", "package p; func f() {\n"+line+"\n}", 0)
	if err != nil || len(parsed.Decls) != 1 {
		return false
	}
	body := parsed.Decls[0].(*ast.FuncDecl).Body.List
	if len(body) == 0 {
		return false
	}
	switch s := body[0].(type) {
	case *ast.AssignStmt, *ast.DeclStmt, *ast.DeferStmt, *ast.ForStmt, *ast.GoStmt, *ast.IfStmt, *ast.IncDecStmt,
		*ast.RangeStmt, *ast.SelectStmt, *ast.SendStmt, *ast.SwitchStmt, *ast.TypeSwitchStmt:
		return true
	case *ast.ReturnStmt:
		return len(s.Results) > 0
	case *ast.ExprStmt:
		_, ok := s.X.(*ast.CallExpr)
		return ok
	}
	return false
}

func TestNoCodeIsCommentedOut(t *testing.T) { obey(t, hasNoCodeInComments) }

// A test that sleeps is slow, and flaky on a slower machine. In the bubbles of testing/synctest sleeping costs nothing.
func doesNotSleep(f *file, complain complaint) {
	if !f.test || slices.ContainsFunc(f.imports(), func(i imported) bool { return i.path == "testing/synctest" }) {
		return
	}
	f.uses(func(from, name string, line int) {
		if from == "time" && name == "Sleep" {
			complain(line, "a test must not sleep: poll with a deadline, or use testing/synctest")
		}
	})
}

func TestTestsDoNotSleep(t *testing.T) { obey(t, doesNotSleep) }

var (
	link    = regexp.MustCompile(`\]\(([^)#:\[{ ]*)(#[^)\s]*)?\)`)
	heading = regexp.MustCompile(`(?m)^#+ +(.*?) *$`)
	unslug  = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
	fenced  = regexp.MustCompile("(?ms)^ *```.*?^ *```")
)

// anchors are the places in a document that a link can name, as GitHub names them.
func anchors(document string) map[string]bool {
	out := map[string]bool{"": true}
	for _, m := range heading.FindAllStringSubmatch(fenced.ReplaceAllString(document, ""), -1) {
		slug := strings.ReplaceAll(unslug.ReplaceAllString(strings.ToLower(m[1]), ""), " ", "-")
		for i, s := 1, slug; ; i++ {
			if !out[s] {
				out[s] = true
				break
			}
			s = fmt.Sprintf("%s-%d", slug, i)
		}
	}
	return out
}

// brokenLinks tells which links of a document lead nowhere. Links to other sites are not looked at.
func brokenLinks(name, text string, complain complaint) {
	for i, line := range strings.Split(text, "\n") {
		for _, m := range link.FindAllStringSubmatch(line, -1) {
			to, there := name, text
			if m[1] != "" {
				to = path.Join(path.Dir(name), m[1])
				content, err := os.ReadFile(filepath.Join(root, to))
				if _, missing := os.Stat(filepath.Join(root, to)); missing != nil {
					complain(i+1, m[1]+" is not there: mend the link, or commit the file")
					continue
				} else if err != nil {
					continue // a folder
				}
				there = string(content)
			}
			if anchor := strings.TrimPrefix(m[2], "#"); path.Ext(to) == ".md" && !anchors(there)[anchor] {
				complain(i+1, to+" has no heading #"+anchor)
			}
		}
	}
}

func TestLinksInDocumentsResolve(t *testing.T) {
	documents := 0
	err := walk(func(name string, text []byte) error {
		if path.Ext(name) == ".md" {
			documents++
			brokenLinks(name, string(text), func(line int, message string) { t.Errorf("%s:%d: %s", name, line, message) })
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if documents < 5 {
		t.Errorf("only %d documents found", documents)
	}
}
