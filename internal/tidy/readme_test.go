package tidy

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The README's program is the body of the library's Example, which runs with the tests.
func TestReadmeShowsTheExample(t *testing.T) {
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	between := func(text, from, to string) string {
		_, text, found := strings.Cut(text, from)
		text, _, ended := strings.Cut(text, to)
		if !found || !ended {
			t.Fatalf("nothing between %q and %q", from, to)
		}
		return text
	}
	example := between(read("example_test.go"), "func Example() {\n", "\t// Output:")
	shown := between(read("README.md"), "```go\n", "```")
	var dedented strings.Builder
	for line := range strings.Lines(example) {
		dedented.WriteString(strings.TrimPrefix(line, "\t"))
	}
	if dedented.String() != shown {
		t.Errorf("the README shows\n%s\nand example_test.go has\n%s", shown, dedented.String())
	}
}
