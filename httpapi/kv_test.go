package httpapi

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestKeysAreNotCleanedLikePaths(t *testing.T) {
	mux := http.NewServeMux()
	var node, key string
	mux.HandleFunc("GET /v1/kv/{node}/{key...}", func(_ http.ResponseWriter, r *http.Request) {
		node, key = r.PathValue("node"), r.PathValue("key")
	})
	h := keepKeys(withProblems(mux))
	for target, want := range map[string]string{
		"/v1/kv/n1/a":           "a",
		"/v1/kv/n1/a/b":         "a/b",
		"/v1/kv/n1/a%2Fb":       "a/b",
		"/v1/kv/n1/a//b":        "a//b",
		"/v1/kv/n1/a/../b":      "a/../b",
		"/v1/kv/n1/a/./b":       "a/./b",
		"/v1/kv/n1/..":          "..",
		"/v1/kv/n1/%2E":         ".",
		"/v1/kv/n1/.hidden":     ".hidden",
		"/v1/kv/n1/a/":          "a/",
		"/v1/kv/n1/a%20b":       "a b",
		"/v1/kv/n1/%E2%9C%93//": "✓//",
		"/v1/kv/n1/100%25//":    "100%//",
	} {
		node, key = "", ""
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", target, nil))
		if node != "n1" || key != want || w.Code != 200 {
			t.Errorf("%s: %d, node %q, key %q, want %q", target, w.Code, node, key, want)
		}
	}
}
