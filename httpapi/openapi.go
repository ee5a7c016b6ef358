package httpapi

import (
	"net/http"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"
)

// document serves the OpenAPI document. The mux's {key...} becomes {key}, the only form that OpenAPI knows.
func document(a huma.API) http.Handler {
	text := sync.OnceValues(func() ([]byte, error) {
		doc := *a.OpenAPI()
		doc.Paths = map[string]*huma.PathItem{}
		for path, item := range a.OpenAPI().Paths {
			doc.Paths[strings.Replace(path, "...}", "}", 1)] = item
		}
		return doc.YAML()
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := text()
		if err != nil {
			problem(w, r, http.StatusInternalServerError, err.Error())
			return
		}
		w.Header().Set("Content-Type", "application/yaml")
		// A client that is gone has no use for the rest.
		_, _ = w.Write(b)
	})
}
