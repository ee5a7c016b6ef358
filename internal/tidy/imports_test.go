package tidy

import (
	"slices"
	"strings"
	"testing"
)

// layers says what each package may import of this module. A package that is not named here is a mistake: decide where
// it belongs.
var layers = map[string][]string{
	"internal/wire":    {},
	"internal/cow":     {},
	"internal/overlay": {},
	"internal/phi":     {},
	"internal/datadir": {},

	"internal/view":  {"internal/overlay", "internal/wire"},
	"internal/store": {"internal/cow", "internal/view", "internal/wire"},

	// These five don't know each other: what one needs of another goes through internal/gossip.
	"internal/spread":      {"internal/store", "internal/view", "internal/wire"},
	"internal/antientropy": {"internal/store", "internal/view", "internal/wire"},
	"internal/detector":    {"internal/overlay", "internal/phi", "internal/view", "internal/wire"},
	"internal/admission":   {"internal/store", "internal/view", "internal/wire"},
	"internal/stability":   {"internal/view", "internal/wire"},

	// What the application sees.
	"internal/publish": {"internal/cow", "internal/store", "internal/view", "internal/wire"},

	"internal/gossip": {
		"internal/admission", "internal/antientropy", "internal/cow", "internal/detector", "internal/publish",
		"internal/spread", "internal/stability", "internal/store", "internal/view", "internal/wire",
	},
	"internal/sim": {"internal/cow", "internal/gossip", "internal/publish", "internal/store", "internal/view", "internal/wire"},

	"transport":               {},
	"transport/transporttest": {"transport"},
	"grapevinetest":           {"transport"},
	".":                       {"internal/datadir", "internal/gossip", "internal/publish", "internal/store", "internal/wire", "transport"},
	"prom":                    {"."},
	"httpapi/api":             {},
	"httpapi/client":          {"httpapi/api"},
	"httpapi":                 {".", "httpapi/api", "internal/wire", "prom"},
	"internal/local":          {".", "transport"},
	"internal/settings":       {},
	"internal/measure":        {".", "internal/local", "transport"},
	"internal/demo":           {".", "httpapi", "internal/local", "transport"},
	"internal/agent":          {".", "httpapi", "httpapi/api", "internal/local", "internal/settings"},
	"internal/tidy":           {},
	"cmd/grapevine": {
		".", "httpapi", "httpapi/api", "httpapi/client", "internal/agent", "internal/demo", "internal/local", "internal/measure",
		"internal/settings", "internal/sim", "internal/wire", "transport",
	},
}

func TestImportsPointOneWay(t *testing.T) {
	for _, f := range files(t) {
		allowed, known := layers[f.pkg]
		if !known {
			t.Errorf("%s: package %s is in no layer: add it to layers in internal/tidy, or move the file", f.path, f.pkg)
			continue
		}
		if f.test {
			continue // a test may look from above; what it imports is nobody's dependency
		}
		ours, _ := f.imports()
		for _, p := range ours {
			if !slices.Contains(allowed, p) {
				t.Errorf("%s: %s must not import %s", f.path, f.pkg, p)
			}
		}
	}
}

// Whoever embeds the library gets nothing but the standard library.
func TestLibraryImportsOnlyTheStandardLibrary(t *testing.T) {
	byPackage := map[string][]*file{}
	for _, f := range files(t) {
		if !f.test {
			byPackage[f.pkg] = append(byPackage[f.pkg], f)
		}
	}
	seen := map[string]bool{}
	var visit func(pkg string)
	visit = func(pkg string) {
		if seen[pkg] {
			return
		}
		seen[pkg] = true
		for _, f := range byPackage[pkg] {
			ours, others := f.imports()
			for _, p := range others {
				if first, _, _ := strings.Cut(p, "/"); strings.Contains(first, ".") {
					t.Errorf("%s imports %s, and the library imports %s", f.path, p, pkg)
				}
			}
			for _, p := range ours {
				visit(p)
			}
		}
	}
	for _, pkg := range []string{".", "transport", "grapevinetest"} {
		visit(pkg)
	}
	if !seen["internal/gossip"] {
		t.Error("the library does not reach internal/gossip: the test looks in the wrong place")
	}
}
