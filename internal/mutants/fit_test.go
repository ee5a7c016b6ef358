package main

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// Whoever changes a line that a mutant changes has to see it at once, not when the mutant has its turn.
func TestEveryEntryFitsTheCode(t *testing.T) {
	var names []string
	for _, m := range mutants {
		text, err := os.ReadFile(filepath.Join("../..", filepath.FromSlash(m.file)))
		if err == nil {
			_, err = m.change(string(text))
		}
		if err != nil {
			t.Errorf("%s: %v", m.name, err)
		}
		if m.breaks == "" {
			t.Errorf("%s does not say what it breaks", m.name)
		}
		if slices.Contains(names, m.name) {
			t.Errorf("there are two of the name %s", m.name)
		}
		names = append(names, m.name)
	}
	if len(mutants) < 20 {
		t.Errorf("only %d mutants", len(mutants))
	}
}

func TestWhatDoesNotFitIsSaid(t *testing.T) {
	for _, c := range []struct{ text, old, new, want string }{
		{"a b c", "b", "x", ""},
		{"a c", "b", "x", `f.go does not contain "b": the code has changed, so the entry must too`},
		{"b b", "b", "x", `f.go contains "b" 2 times: let the entry name more of the line`},
		{"a b", "b", "b", "the entry changes nothing"},
	} {
		got, err := mutant{file: "f.go", old: c.old, new: c.new}.change(c.text)
		switch {
		case c.want == "" && (err != nil || got != "a x c"):
			t.Errorf("%q: %q, %v", c.text, got, err)
		case c.want != "" && (err == nil || err.Error() != c.want):
			t.Errorf("%q: %v, want %s", c.text, err, c.want)
		}
	}
}

func TestEachHasItsTurn(t *testing.T) {
	seen := map[string]int{}
	for day := range (len(mutants) + perDay - 1) / perDay {
		chosen, err := choice{day: day}.of(mutants)
		if err != nil || len(chosen) != perDay {
			t.Fatalf("day %d: %d chosen, %v", day, len(chosen), err)
		}
		for _, m := range chosen {
			seen[m.name]++
		}
	}
	if len(seen) != len(mutants) {
		t.Errorf("%d of %d have a turn", len(seen), len(mutants))
	}
}

func TestChoiceByName(t *testing.T) {
	chosen, err := choice{day: -1, only: mutants[2].name, seed: 7, worlds: 3}.of(mutants)
	if err != nil || len(chosen) != 1 || chosen[0].seed != 7 || chosen[0].worlds != 3 {
		t.Errorf("%+v, %v", chosen, err)
	}
	if mutants[2].seed == 7 {
		t.Error("the list itself was changed")
	}
	if _, err := (choice{day: -1, only: "nobody"}).of(mutants); err == nil {
		t.Error("a name that nobody has was accepted")
	}
}
