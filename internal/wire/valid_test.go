package wire

import (
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestNames(t *testing.T) {
	pattern := regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._-]{0,126}[A-Za-z0-9])?$`)
	check := func(t rapid.TB, name string) {
		t.Helper()
		if got, want := ValidName(name) == nil, pattern.MatchString(name); got != want {
			t.Errorf("%q valid: %t, want %t", name, got, want)
		}
	}
	for _, name := range []string{
		"", "a", "9", "-", "a-", "-a", ".a", "a_b.c-d", "a b", "é", "a\n",
		strings.Repeat("a", MaxName), strings.Repeat("a", MaxName+1),
	} {
		check(t, name)
	}
	rapid.Check(t, func(t *rapid.T) {
		check(t, rapid.StringOfN(rapid.SampledFrom([]rune("aZ09._- é")), 0, 5, -1).Draw(t, "name"))
	})
}

func TestKeys(t *testing.T) {
	for key, want := range map[string]bool{
		"": false, "a": true, "/": false, "/a": false, "a/": true, "a//b": true, "_a": true, " ": true, "grün": true, "世界": true,
		"a\x00": false, "a\n": false, "\x7f": false, "\u0085": false, "\xff": false, "\ufffd": true,
		strings.Repeat("k", MaxKey): true, strings.Repeat("k", MaxKey+1): false, strings.Repeat("é", MaxKey/2+1): false,
	} {
		if got := ValidKey(key) == nil; got != want {
			t.Errorf("%q valid: %t, want %t", key, got, want)
		}
	}
}

func TestErrorsSayWhatIsAllowed(t *testing.T) {
	for want, err := range map[string]error{
		`invalid name "a b": want 1 to 128 letters`:          ValidName("a b"),
		`invalid key "/k": want 1 to 256 bytes`:              ValidKey("/k"),
		`invalid name "` + strings.Repeat("n", 160) + `..."`: ValidName(strings.Repeat("n", 1<<20)),
	} {
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %.200q, want %q", err, want)
		}
	}
}
