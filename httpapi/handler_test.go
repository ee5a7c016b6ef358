package httpapi

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/grapevine-gossip/grapevine"
	"github.com/grapevine-gossip/grapevine/httpapi/api"
)

// deadline is for what must happen; generous, because other tests may have the processors.
const deadline = 60 * time.Second

func node(t *testing.T, c grapevine.Config) *grapevine.Node {
	t.Helper()
	c.Bind = "127.0.0.1:0"
	n, err := grapevine.Start(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Close() })
	return n
}

func serve(t *testing.T, n *grapevine.Node, o Options) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(Handler(n, o))
	t.Cleanup(func() {
		n.Close() // ends the streams, for which the server waits
		s.Close()
	})
	return s
}

// settled waits until the nodes are one stable view.
func settled(t *testing.T, nodes ...*grapevine.Node) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	for _, n := range nodes {
		if _, err := n.WaitStable(ctx, len(nodes)); err != nil {
			t.Fatalf("%s: %v; %+v", n.Self().Name, err, n.View())
		}
	}
}

// eventually polls.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	end := time.After(deadline)
	for !ok() {
		select {
		case <-time.After(5 * time.Millisecond):
		case <-end:
			t.Fatalf("not within %v: %s", deadline, what)
		}
	}
}

type reply struct {
	status int
	header http.Header
	body   string
}

func do(t *testing.T, s *httptest.Server, method, path, body string, header ...string) reply {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := s.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply{resp.StatusCode, resp.Header, string(b)}
}

func decode[T any](t *testing.T, body string) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	return v
}

func TestKeysOverHTTP(t *testing.T) {
	a := node(t, grapevine.Config{Name: "a"})
	b := node(t, grapevine.Config{Name: "b", Seeds: []string{a.Addr().String()}})
	settled(t, a, b)
	s, other := serve(t, a, Options{}), serve(t, b, Options{})

	put := do(t, s, "PUT", "/v1/kv/self/colour", "blue", "Content-Type", "application/json")
	if put.status != 200 || put.header.Get("ETag") == "" {
		t.Fatalf("put: %+v", put)
	}
	w := decode[api.Written](t, put.body)
	if w.Node != "a" || w.Key != "colour" || fmt.Sprintf("%q", fmt.Sprint(w.Version)) != put.header.Get("ETag") {
		t.Errorf("written: %+v", w)
	}
	eventually(t, "the value is at b", func() bool {
		return do(t, other, "GET", "/v1/kv/a/colour", "").body == "blue"
	})
	got := do(t, other, "GET", "/v1/kv/a/colour", "")
	if got.header.Get("ETag") != put.header.Get("ETag") {
		t.Errorf("etag at b: %v", got.header)
	}
	tag := put.header.Get("ETag")
	big := strings.Repeat("x", a.Limits().Value+1)
	for _, c := range []struct {
		method, path, body string
		header             []string
		want               int
	}{
		{"GET", "/v1/kv/a/colour", "", []string{"If-None-Match", tag}, 304},
		{"GET", "/v1/kv/a/none", "", nil, 404},
		{"GET", "/v1/kv/nobody/colour", "", nil, 404},
		{"PUT", "/v1/kv/b/colour", "x", nil, 403},
		{"PUT", "/v1/kv/nobody/colour", "x", nil, 403},
		{"DELETE", "/v1/kv/b/colour", "", nil, 403},
		{"PUT", "/v1/kv/self/colour", "x", []string{"If-Match", `"999999"`}, 412},
		{"PUT", "/v1/kv/self/colour", "x", []string{"If-None-Match", "*"}, 412},
		{"PUT", "/v1/kv/self/colour", "x", []string{"If-Match", "soon"}, 422},
		{"DELETE", "/v1/kv/self/colour", "", []string{"If-Match", `"999999"`}, 412},
		{"PUT", "/v1/kv/self/colour", "green", []string{"If-Match", tag}, 200},
		{"PUT", "/v1/kv/self/new", "x", []string{"If-None-Match", "*"}, 200},
		{"PUT", "/v1/kv/self/brief?ttl=1h", "x", nil, 200},
		{"PUT", "/v1/kv/self/brief?ttl=soon", "x", nil, 422},
		{"PUT", "/v1/kv/self/brief?tl=3s", "x", nil, 422},
		{"PUT", "/v1/kv/self/big", big, nil, 413},
		{"PUT", "/v1/kv/self/big", big[1:], nil, 200},
		{"PUT", "/v1/kv/self/" + strings.Repeat("k", 300), "x", nil, 413},
		{"PUT", "/v1/kv/self/_reserved", "x", nil, 422},
		{"PUT", "/v1/kv/self/a%00b", "x", nil, 422},
		{"PUT", "/v1/kv/self/", "x", nil, 422},
		{"DELETE", "/v1/kv/self/new", "", nil, 204},
		{"DELETE", "/v1/kv/self/new", "", nil, 404},
		{"POST", "/v1/kv/self/new", "", nil, 405},
	} {
		r := do(t, s, c.method, c.path, c.body, c.header...)
		if r.status != c.want {
			t.Errorf("%s %s: %d, want %d: %.200s", c.method, c.path, r.status, c.want, r.body)
		}
		if r.status >= 400 && r.header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s %s: error as %s", c.method, c.path, r.header.Get("Content-Type"))
		}
	}
}

func TestValuesThatAreNotText(t *testing.T) {
	s := serve(t, node(t, grapevine.Config{Name: "a"}), Options{})
	do(t, s, "PUT", "/v1/kv/self/bytes", "\xff\x00")
	do(t, s, "PUT", "/v1/kv/self/text", "<b>")
	keys := decode[api.Keys](t, do(t, s, "GET", "/v1/kv?node=self", "").body).Keys
	if len(keys) != 2 || keys[0].Value != nil || string(keys[0].Bytes()) != "\xff\x00" || *keys[1].Value != "<b>" {
		t.Errorf("got %+v", keys)
	}
	if r := do(t, s, "GET", "/v1/kv/a/text", ""); r.header.Get("Content-Type") != "application/octet-stream" {
		t.Errorf("a value is served as %s", r.header.Get("Content-Type"))
	}
	page := decode[api.Keys](t, do(t, s, "GET", "/v1/kv?limit=1", "").body)
	if len(page.Keys) != 1 || page.Next != "a/bytes" {
		t.Errorf("first page: %+v", page)
	}
	page = decode[api.Keys](t, do(t, s, "GET", "/v1/kv?limit=1&after="+page.Next, "").body)
	if len(page.Keys) != 1 || page.Keys[0].Key != "text" || page.Next != "" {
		t.Errorf("second page: %+v", page)
	}
}

func TestBadRequestsAreProblems(t *testing.T) {
	s := serve(t, node(t, grapevine.Config{Name: "a"}), Options{})
	for _, c := range []struct {
		method, path, body string
		want               int
	}{
		{"GET", "/v1/nothing", "", 404},
		{"GET", "/v1/members/nobody", "", 404},
		{"DELETE", "/v1/members/nobody", "", 404},
		{"DELETE", "/v1/members/a", "", 409},
		{"PATCH", "/v1/members", "", 405},
		{"POST", "/v1/self", "{}", 405},
		{"GET", "/v1/join", "", 405},
		{"POST", "/v1/join", "", 400},
		{"POST", "/v1/join", "{", 400},
		{"POST", "/v1/join", `{"seeds":["127.0.0.1:1"],"force":true}`, 422},
		{"POST", "/v1/join", `{"seeds":[]}`, 422},
		{"POST", "/v1/join", `{"seeds":"x"}`, 422},
		{"POST", "/v1/join", `{"seeds":["nowhere"]}`, 422},
		{"GET", "/v1/members?sate=alive", "", 422},
		{"GET", "/v1/members?state=dead", "", 422},
		{"GET", "/v1/members?tag=zone", "", 422},
		{"GET", "/v1/members?limit=-1", "", 422},
		{"GET", "/v1/events?since=now", "", 422},
		{"GET", "/v1/kv?node=nobody", "", 404},
		{"DELETE", "/v1/tags/none", "", 404},
		{"PUT", "/v1/tags/" + strings.Repeat("k", 300), "x", 413},
		{"POST", "/v1/reload", "", 501},
	} {
		r := do(t, s, c.method, c.path, c.body, "Content-Type", "application/json")
		if r.status != c.want || r.header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s %s: %d %s, want %d: %s", c.method, c.path, r.status, r.header.Get("Content-Type"), c.want, r.body)
			continue
		}
		if p := decode[api.Problem](t, r.body); p.Status != c.want || p.Title == "" || p.Detail == "" {
			t.Errorf("%s %s: %+v", c.method, c.path, p)
		}
	}
}

func TestMembersAndView(t *testing.T) {
	a := node(t, grapevine.Config{Name: "a", Tags: map[string]string{"zone": "x"}})
	b := node(t, grapevine.Config{Name: "b", Seeds: []string{a.Addr().String()}})
	settled(t, a, b)
	s := serve(t, a, Options{})
	all := decode[api.Members](t, do(t, s, "GET", "/v1/members", "").body)
	if len(all.Members) != 2 || all.View.Size != 2 || !all.View.Stable || all.Members[0].Tags["zone"] != "x" || all.Members[0].State != "alive" {
		t.Errorf("members: %+v", all)
	}
	page := decode[api.Members](t, do(t, s, "GET", "/v1/members?limit=1", "").body)
	if len(page.Members) != 1 || page.Next != "a" {
		t.Errorf("page: %+v", page)
	}
	page = decode[api.Members](t, do(t, s, "GET", "/v1/members?limit=1&after=a", "").body)
	if len(page.Members) != 1 || page.Members[0].Name != "b" || page.Next != "" {
		t.Errorf("second page: %+v", page)
	}
	if got := decode[api.Members](t, do(t, s, "GET", "/v1/members?tag=zone%3Dx", "").body); len(got.Members) != 1 {
		t.Errorf("by tag: %+v", got)
	}
	if got := decode[api.Members](t, do(t, s, "GET", "/v1/members?state=failed&state=left", "").body); len(got.Members) != 0 {
		t.Errorf("by state: %+v", got)
	}
	v := decode[api.View](t, do(t, s, "GET", "/v1/view", "").body)
	if v.ID != all.View.ID || fmt.Sprint(v.Members) != "[a b]" || v.WaitingFor == nil {
		t.Errorf("view: %+v", v)
	}
	self := decode[api.Self](t, do(t, s, "GET", "/v1/self", "").body)
	if self.Name != "a" || self.Standing != "member" || self.Cluster != "default" {
		t.Errorf("self: %+v", self)
	}
	eventually(t, "a measures b", func() bool {
		p := decode[api.Phi](t, do(t, s, "GET", "/v1/phi", "").body)
		return len(p.Peers) == 1 && p.Peers[0].Name == "b" && p.Peers[0].P50MS != nil
	})
	if err := b.Leave(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "b has left", func() bool {
		return decode[api.Member](t, do(t, s, "GET", "/v1/members/b", "").body).State == "left"
	})
	m := decode[api.Member](t, do(t, s, "GET", "/v1/members/b", "").body)
	if m.EndedForMS == nil || m.Cause != "left" || m.Phi != nil {
		t.Errorf("an ended member: %+v", m)
	}
	if r := do(t, s, "DELETE", "/v1/members/b", ""); r.status != 204 {
		t.Errorf("forget: %+v", r)
	}
}

func TestHealthMetricsAndDocument(t *testing.T) {
	n := node(t, grapevine.Config{Name: "a"})
	s := serve(t, n, Options{Config: func() []api.Setting { return []api.Setting{{Key: "name", Value: "a"}} }})
	for _, path := range []string{"/livez", "/readyz", "/healthz"} {
		if r := do(t, s, "GET", path, ""); r.status != 200 {
			t.Errorf("%s: %+v", path, r)
		}
	}
	m := do(t, s, "GET", "/metrics", "").body
	for _, want := range []string{
		`grapevine_dropped_total{reason="checksum"} 0`, `grapevine_members{state="alive"} 1`, `grapevine_view_stable`,
		`grapevine_backlog_seconds 0`, `grapevine_sent_packets_total`,
	} {
		if !strings.Contains(m, want) {
			t.Errorf("metrics lack %s", want)
		}
	}
	doc := do(t, s, "GET", "/v1/openapi.yaml", "").body
	for _, want := range []string{"/v1/kv/{node}/{key}:", "/v1/members:", "/v1/events:", "/readyz:", "problem+json"} {
		if !strings.Contains(doc, want) {
			t.Errorf("the document lacks %s", want)
		}
	}
	if c := decode[api.Config](t, do(t, s, "GET", "/v1/config", "").body); len(c.Settings) != 1 {
		t.Errorf("config: %+v", c)
	}
	if r := do(t, s, "GET", "/debug/pprof/", ""); r.status != 404 {
		t.Errorf("profiles are served without being asked for: %d", r.status)
	}
	n.Close()
	for _, path := range []string{"/livez", "/readyz"} {
		if r := do(t, s, "GET", path, ""); r.status != 503 {
			t.Errorf("%s after Close: %+v", path, r)
		}
	}
}

func TestAloneWithSilentSeedsIsNotReady(t *testing.T) {
	n := node(t, grapevine.Config{Name: "a", Seeds: []string{"127.0.0.1:1"}, JoinTimeout: time.Millisecond})
	early := serve(t, n, Options{AloneAfter: time.Hour})
	if r := do(t, early, "GET", "/readyz", ""); r.status != 503 || !strings.Contains(r.body, "no seed") {
		t.Errorf("early: %+v", r)
	}
	late := serve(t, n, Options{AloneAfter: time.Nanosecond})
	if r := do(t, late, "GET", "/readyz", ""); r.status != 200 {
		t.Errorf("late: %+v", r)
	}
}
