package httpapi

import (
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// open are the paths that answer without credentials: probes and scrapers rarely have any.
var open = map[string]bool{"/livez": true, "/readyz": true, "/healthz": true, "/metrics": true}

// guard keeps out who may not come in: pages of other sites in a browser on this machine, and, off loopback, everybody
// without a token or a verified client certificate.
func guard(token func() string, next http.Handler) http.Handler {
	checked := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch want := token(); {
		case open[r.URL.Path] || verified(r):
			next.ServeHTTP(w, r)
		case want != "":
			if !bearer(r, want) {
				w.Header().Set("WWW-Authenticate", `Bearer realm="grapevine"`)
				problem(w, r, http.StatusUnauthorized, "the bearer token is missing or wrong")
				return
			}
			next.ServeHTTP(w, r)
		case !local(r):
			w.Header().Set("WWW-Authenticate", `Bearer realm="grapevine"`)
			problem(w, r, http.StatusUnauthorized, "off loopback this API needs a token or client certificates, and the agent has neither set")
		case !localName(r.Host):
			// A page whose name was rebound to a loopback address would otherwise be of the same origin.
			problem(w, r, http.StatusForbidden, "without a token the Host must be localhost or an address, not "+r.Host)
		default:
			next.ServeHTTP(w, r)
		}
	})
	origins := http.NewCrossOriginProtection()
	origins.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		problem(w, r, http.StatusForbidden, "a page of another origin may not change anything here")
	}))
	return origins.Handler(checked)
}

func verified(r *http.Request) bool { return r.TLS != nil && len(r.TLS.VerifiedChains) > 0 }

// bearer compares hashes, in constant time, so that not even the token's length shows.
func bearer(r *http.Request, want string) bool {
	scheme, got, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	a, b := sha256.Sum256([]byte(got)), sha256.Sum256([]byte(want))
	return strings.EqualFold(scheme, "Bearer") && subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

// local reports whether the connection arrived at a loopback address or a unix socket.
func local(r *http.Request) bool {
	switch a := r.Context().Value(http.LocalAddrContextKey).(type) {
	case *net.TCPAddr:
		return a.IP.IsLoopback()
	case *net.UnixAddr:
		return true
	default:
		return false
	}
}

func localName(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.Trim(host, "[]")
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}
