package tidy

import (
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// layers says what each package may import of this module. A package that is not named here is a mistake: decide where
// it belongs.
var layers = map[string][]string{
	"internal/wire":      {},
	"internal/cow":       {},
	"internal/overlay":   {},
	"internal/phi":       {},
	"internal/reconcile": {},
	"internal/intern":    {},
	"internal/datadir":   {},

	"internal/view":  {"internal/intern", "internal/overlay", "internal/wire"},
	"internal/store": {"internal/cow", "internal/view", "internal/wire"},

	// These five don't know each other: what one needs of another goes through internal/gossip.
	"internal/spread":      {"internal/store", "internal/view", "internal/wire"},
	"internal/antientropy": {"internal/reconcile", "internal/store", "internal/view", "internal/wire"},
	"internal/detector":    {"internal/phi", "internal/view", "internal/wire"},
	"internal/admission":   {"internal/roster", "internal/store", "internal/view", "internal/wire"},
	"internal/roster":      {"internal/view", "internal/wire"},
	"internal/stability":   {"internal/view", "internal/wire"},

	// What the application sees.
	"internal/publish": {"internal/cow", "internal/intern", "internal/store", "internal/view", "internal/wire"},

	"internal/gossip": {
		"internal/admission", "internal/antientropy", "internal/detector", "internal/intern", "internal/publish",
		"internal/spread", "internal/stability", "internal/store", "internal/view", "internal/wire",
	},
	"internal/sim":      {"internal/cow", "internal/gossip", "internal/phi", "internal/publish", "internal/store", "internal/view", "internal/wire"},
	"internal/scenario": {"internal/chart", "internal/gossip", "internal/publish", "internal/report", "internal/sim", "internal/wire"},

	"transport":               {},
	"transport/transporttest": {"transport"},
	"grapevinetest":           {"transport"},
	".":                       {"internal/datadir", "internal/gossip", "internal/publish", "internal/store", "internal/wire", "transport"},
	"prom":                    {"."},
	"httpapi/api":             {},
	"httpapi/client":          {"httpapi/api"},
	"httpapi":                 {".", "httpapi/api", "prom"},
	"internal/local":          {".", "transport"},
	"internal/settings":       {},
	"internal/chart":          {},
	"internal/report":         {"internal/chart"},
	"internal/measure":        {".", "internal/local"},
	"internal/demo":           {".", "internal/local"},
	"internal/agent":          {".", "httpapi", "httpapi/api"},
	"internal/tidy":           {},
	"internal/mutants":        {},
	"cmd/grapevine": {
		".", "httpapi", "httpapi/api", "httpapi/client", "internal/agent", "internal/demo", "internal/local", "internal/measure",
		"internal/report", "internal/scenario", "internal/settings", "internal/sim", "internal/wire", "transport",
	},
}

// A test may look from above: what it imports is nobody's dependency.
func importsPointOneWay(f *file, complain complaint) {
	allowed, known := layers[f.pkg]
	if !known {
		complain(f.line(f.ast.Name), f.pkg+" is in no layer: add it to layers in internal/tidy, or move the file")
		return
	}
	for _, i := range f.imports() {
		if !f.test && i.ours && !slices.Contains(allowed, i.path) {
			complain(i.line, f.pkg+" must not import "+i.path+": let the package above connect them by an interface, or move what is needed down")
		}
	}
}

func TestImportsPointOneWay(t *testing.T) { obey(t, importsPointOneWay) }

// The compiler refuses circles of imports; this refuses permissions that would make one possible.
func TestLayersHaveNoCircle(t *testing.T) {
	const open, closed = 1, 2
	state := map[string]int{}
	var visit func(pkg string, trail []string)
	visit = func(pkg string, trail []string) {
		trail = append(trail, pkg)
		allowed, known := layers[pkg]
		if !known {
			t.Errorf("layers lets %s import a package that is in no layer", strings.Join(trail, " -> "))
		}
		if state[pkg] == open {
			t.Errorf("layers has a circle: %s", strings.Join(trail, " -> "))
		}
		if state[pkg] != 0 {
			return
		}
		state[pkg] = open
		for _, p := range allowed {
			visit(p, trail)
		}
		state[pkg] = closed
	}
	for pkg := range layers {
		visit(pkg, nil)
	}
}

// below gives a package and all of this module that it imports, in the order found.
func below(all []*file, pkgs ...string) []string {
	var out []string
	for len(pkgs) > 0 {
		pkg := pkgs[0]
		pkgs = pkgs[1:]
		if slices.Contains(out, pkg) {
			continue
		}
		out = append(out, pkg)
		for _, f := range all {
			if f.pkg != pkg || f.test {
				continue
			}
			for _, i := range f.imports() {
				if i.ours {
					pkgs = append(pkgs, i.path)
				}
			}
		}
	}
	return out
}

func importsOnlyTheStandardLibrary(f *file, complain complaint) {
	for _, i := range f.imports() {
		if first, _, _ := strings.Cut(i.path, "/"); !f.test && !i.ours && strings.Contains(first, ".") {
			complain(i.line, "the library imports "+f.pkg+", so this must not import "+i.path+": whoever embeds it gets the standard library only")
		}
	}
}

func TestLibraryImportsOnlyTheStandardLibrary(t *testing.T) {
	library := below(files(t), ".", "transport", "transport/transporttest", "grapevinetest")
	if !slices.Contains(library, "internal/gossip") {
		t.Fatal("the library does not reach internal/gossip: the test looks in the wrong place")
	}
	obey(t, func(f *file, complain complaint) {
		if slices.Contains(library, f.pkg) {
			importsOnlyTheStandardLibrary(f, complain)
		}
	})
}

// A module that go.mod lists as a direct dependency is one that some file imports.
func TestDirectDependenciesAreImported(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	imported := map[string]bool{}
	for _, f := range files(t) {
		for _, i := range f.imports() {
			for p := i.path; p != "."; p = path.Dir(p) {
				imported[p] = true
			}
		}
	}
	for i, line := range strings.Split(string(text), "\n") {
		fields := strings.Fields(strings.TrimPrefix(line, "require "))
		if len(fields) == 2 && strings.HasPrefix(fields[1], "v") && !imported[fields[0]] {
			t.Errorf("go.mod:%d: nothing imports %s: run go mod tidy", i+1, fields[0])
		}
	}
}
