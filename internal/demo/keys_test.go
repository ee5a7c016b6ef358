package demo

import (
	"strings"
	"testing"
)

func TestKeysAreTheFirstLettersOfLines(t *testing.T) {
	keys, restore, err := readKeys(t.Context(), strings.NewReader("kill\n\n  h\nq"))
	if err != nil {
		t.Fatal(err)
	}
	defer restore()
	for _, want := range "khq" {
		if got := <-keys; got != byte(want) {
			t.Errorf("got %c, want %c", got, want)
		}
	}
	select {
	case k, ok := <-keys:
		t.Errorf("after the end: %c %v", k, ok)
	default:
	}
}
