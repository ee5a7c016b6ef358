package wire

import (
	"fmt"
	"unicode"
	"unicode/utf8"
)

// ValidName reports whether name can be the name of a member or of a cluster; the error says what is allowed.
func ValidName(name string) error {
	if validName(name) {
		return nil
	}
	return fmt.Errorf("invalid name %q: want 1 to %d letters, digits, '.', '_' and '-' of ASCII, the first and the last a letter or digit",
		clip(name), MaxName)
}

// ValidKey reports whether key can be a key on the wire; the error says what is allowed. Keys that begin with '_' pass:
// they belong to the system, and it is the library that keeps users from them.
func ValidKey(key string) error {
	if validKey(key) {
		return nil
	}
	return fmt.Errorf("invalid key %q: want 1 to %d bytes of UTF-8 without control characters and without a leading '/'",
		clip(key), MaxKey)
}

func validName(s string) bool {
	if len(s) == 0 || len(s) > MaxName || !alphanumeric(s[0]) || !alphanumeric(s[len(s)-1]) {
		return false
	}
	for i := range len(s) {
		if c := s[i]; !alphanumeric(c) && c != '.' && c != '_' && c != '-' {
			return false
		}
	}
	return true
}

func alphanumeric(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

func validKey(s string) bool {
	if len(s) == 0 || len(s) > MaxKey || s[0] == '/' || !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if unicode.IsControl(r) {
			return false
		}
	}
	return true
}

// clip keeps an error readable when somebody passes a whole file as a name.
func clip(s string) string {
	const most = 160
	if len(s) <= most {
		return s
	}
	return s[:most] + "..."
}
