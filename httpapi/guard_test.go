package httpapi

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestGuard(t *testing.T) {
	loopback := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 7788}
	public := &net.TCPAddr{IP: net.IPv4(10, 0, 0, 1), Port: 7788}
	unix := &net.UnixAddr{Name: "/run/g.sock", Net: "unix"}
	cert := &tls.ConnectionState{VerifiedChains: [][]*x509.Certificate{{}}}
	for _, c := range []struct {
		name, method, path, token string
		local                     net.Addr
		tls                       *tls.ConnectionState
		header                    map[string]string
		host                      string
		want                      int
	}{
		{name: "loopback needs nothing", local: loopback, want: 200},
		{name: "unix socket needs nothing", local: unix, want: 200},
		{name: "off loopback without a token", local: public, want: 401},
		{name: "unknown connection", want: 401},
		{name: "health off loopback", path: "/readyz", local: public, want: 200},
		{name: "metrics off loopback", path: "/metrics", local: public, want: 200},
		{name: "path that only begins like health", path: "/livez/x", local: public, want: 401},
		{name: "client certificate", local: public, tls: cert, want: 200},
		{name: "TLS without a certificate", local: public, tls: &tls.ConnectionState{}, want: 401},
		{name: "right token", token: "s3cret", local: public, header: map[string]string{"Authorization": "bearer s3cret"}, want: 200},
		{name: "wrong token", token: "s3cret", local: public, header: map[string]string{"Authorization": "Bearer s3cre"}, want: 401},
		{name: "no token on loopback", token: "s3cret", local: loopback, want: 401},
		{name: "empty token", token: "s3cret", local: loopback, header: map[string]string{"Authorization": "Bearer "}, want: 401},
		{name: "rebound name", local: loopback, host: "evil.example", want: 403},
		{name: "localhost", local: loopback, host: "localhost:7788", want: 200},
		{name: "IPv6", local: loopback, host: "[::1]:7788", want: 200},
		{name: "name with a token", token: "s3cret", local: public, host: "agent.example", header: map[string]string{"Authorization": "Bearer s3cret"}, want: 200},
		{name: "write from another page", method: "POST", local: loopback, header: map[string]string{"Sec-Fetch-Site": "cross-site"}, want: 403},
		{name: "write from another origin", method: "PUT", local: loopback, header: map[string]string{"Origin": "http://evil.example"}, want: 403},
		{name: "write from no browser", method: "POST", local: loopback, want: 200},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := guard(func() string { return c.token }, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
			r := httptest.NewRequest(or(c.method, "GET"), or(c.path, "/v1/self"), nil)
			r.Host, r.TLS = or(c.host, "127.0.0.1:7788"), c.tls
			for k, v := range c.header {
				r.Header.Set(k, v)
			}
			if c.local != nil {
				r = r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, c.local))
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != c.want {
				t.Errorf("got %d, want %d: %s", w.Code, c.want, w.Body)
			}
			if w.Code != 200 && w.Header().Get("Content-Type") != "application/problem+json" {
				t.Errorf("error as %s", w.Header().Get("Content-Type"))
			}
		})
	}
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
