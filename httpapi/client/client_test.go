package client

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"
)

func TestAddresses(t *testing.T) {
	for addr, ok := range map[string]bool{
		"http://127.0.0.1:7788": true, "https://agent.example": true, "127.0.0.1:7788": true, "unix:/run/g.sock": true,
		"unix:": false, "ftp://x": false, "http://": false, "http://%zz": false,
	} {
		if _, err := New(addr, Options{}); (err == nil) != ok {
			t.Errorf("%s: %v", addr, err)
		}
	}
}

func TestUnixSocketTokenAndEscaping(t *testing.T) {
	path := filepath.Join(t.TempDir(), "g.sock")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	var got string
	s := &httptest.Server{Listener: l, Config: &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.Method + " " + r.URL.EscapedPath() + " " + r.Header.Get("Authorization")
		w.Header().Set("ETag", `"7"`)
		fmt.Fprint(w, "value")
	})}}
	s.Start()
	defer s.Close()
	c, err := New("unix:"+path, Options{Token: "s3cret"})
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{
		"colour": "colour", "a/b": "a%2Fb", "..": "%2E%2E", "a b?c": "a%20b%3Fc", "✓": "%E2%9C%93",
	} {
		v, version, err := c.Get(t.Context(), "n1", key)
		if err != nil || string(v) != "value" || version != 7 {
			t.Errorf("%s: %q at %d, %v", key, v, version, err)
		}
		if want := "GET /v1/kv/n1/" + want + " Bearer s3cret"; got != want {
			t.Errorf("%s: sent %s, want %s", key, got, want)
		}
	}
}

func TestErrors(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/view" {
			<-r.Context().Done()
			return
		}
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(404)
		fmt.Fprint(w, `{"title":"Not Found","status":404,"detail":"no member x is known"}`)
	}))
	defer s.Close()
	c, err := New(s.URL, Options{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Member(t.Context(), "x")
	if answer, ok := errors.AsType[*Error](err); !ok || answer.Status != 404 || err.Error() != "no member x is known" {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	_, err = c.View(ctx)
	if _, ok := errors.AsType[*Unreachable](err); !ok || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a silent agent: %v", err)
	}
	boom := errors.New("boom")
	ctx2, cancel2 := context.WithCancelCause(t.Context())
	cancel2(boom)
	if _, err = c.View(ctx2); !errors.Is(err, boom) {
		t.Errorf("a cancelled call: %v", err)
	}
	s.Close()
	if _, err = c.Self(t.Context()); err == nil {
		t.Error("no error from a closed server")
	} else if _, ok := errors.AsType[*Unreachable](err); !ok {
		t.Errorf("a closed server: %v", err)
	}
}
