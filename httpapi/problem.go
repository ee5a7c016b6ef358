package httpapi

import (
	"encoding/json"
	"net/http"

	"github.com/grapevine-gossip/grapevine/httpapi/api"
)

// problem writes an error as problem+json (RFC 9457).
func problem(w http.ResponseWriter, r *http.Request, status int, detail string) {
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Del("Content-Length")
	w.WriteHeader(status)
	if r.Method == http.MethodHead {
		return
	}
	// A client that is gone has no use for the error.
	_ = json.NewEncoder(w).Encode(api.Problem{Title: http.StatusText(status), Status: status, Detail: detail})
}

// withProblems turns the plain texts of a mux for an unknown path and a wrong method into problems.
func withProblems(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, pattern := mux.Handler(r); pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		plain := &statusOnly{header: w.Header()}
		mux.ServeHTTP(plain, r)
		switch plain.status {
		case http.StatusNotFound:
			problem(w, r, plain.status, "nothing is served at "+r.URL.Path+"; /v1/openapi.yaml lists what is")
		case http.StatusMethodNotAllowed:
			problem(w, r, plain.status, r.Method+" is not possible here, only "+w.Header().Get("Allow"))
		default:
			w.WriteHeader(plain.status)
		}
	})
}

// statusOnly keeps a response's status and headers and drops its body.
type statusOnly struct {
	header http.Header
	status int
}

func (s *statusOnly) Header() http.Header { return s.header }

func (s *statusOnly) WriteHeader(status int) { s.status = status }

func (s *statusOnly) Write(b []byte) (int, error) { return len(b), nil }
