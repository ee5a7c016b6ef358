package httpapi

import (
	"bufio"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/grapevine-gossip/grapevine"
	"github.com/grapevine-gossip/grapevine/httpapi/api"
	"github.com/grapevine-gossip/grapevine/httpapi/client"
)

// lines reads a stream line by line. The test's end ends it.
func lines(t *testing.T, s *httptest.Server, path string, header ...string) *bufio.Scanner {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "GET", s.URL+path, nil)
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
	t.Cleanup(func() { resp.Body.Close() })
	if resp.StatusCode != 200 {
		t.Fatalf("%s: %s", path, resp.Status)
	}
	sc := bufio.NewScanner(resp.Body)
	sc.Buffer(nil, 1<<20)
	return sc
}

func set(t *testing.T, n *grapevine.Node, key, value string) {
	t.Helper()
	if _, err := n.Set(key, []byte(value)); err != nil {
		t.Fatal(err)
	}
}

func TestServerSentEventsResume(t *testing.T) {
	n := node(t, grapevine.Config{Name: "a"})
	s := serve(t, n, Options{})
	live := lines(t, s, "/v1/events?type=kv")
	set(t, n, "k1", "v1")
	set(t, n, "k2", "v2")
	var id string
	for _, want := range []string{"id: ", "event: kv.set", `"key":"k1","version":`} {
		if !live.Scan() || !strings.Contains(live.Text(), want) {
			t.Fatalf("got %q, want %q", live.Text(), want)
		}
		if v, ok := strings.CutPrefix(live.Text(), "id: "); ok {
			id = v
		}
	}
	again := lines(t, s, "/v1/events?type=kv", "Last-Event-ID", id)
	for _, want := range []string{"id: ", "event: kv.set", `"key":"k2"`} {
		if !again.Scan() || !strings.Contains(again.Text(), want) {
			t.Fatalf("after coming back: got %q, want %q", again.Text(), want)
		}
	}
}

func TestEventsAsLines(t *testing.T) {
	n := node(t, grapevine.Config{Name: "a"})
	s := serve(t, n, Options{Heartbeat: 10 * time.Millisecond})
	set(t, n, "before", "x")
	sc := lines(t, s, "/v1/events?snapshot=true&prefix=k", "Accept", "application/x-ndjson")
	next := func() api.Event {
		for sc.Scan() {
			if sc.Text() != "" {
				return decode[api.Event](t, sc.Text())
			}
		}
		t.Fatalf("the stream ended: %v", sc.Err())
		return api.Event{}
	}
	first := next()
	if first.Type != "snapshot" || len(first.Members) != 1 || first.View == nil {
		t.Fatalf("first: %+v", first)
	}
	set(t, n, "other", "x")
	set(t, n, "k", "\xff")
	e := next()
	for !strings.HasPrefix(e.Type, "kv.") {
		e = next()
	}
	if e.Node != "a" || e.Key != "k" || e.Value != nil || string(e.ValueBase64) != "\xff" || e.Seq == 0 {
		t.Errorf("event: %+v", e)
	}
	if _, err := time.Parse(time.RFC3339, e.Time); err != nil {
		t.Error(err)
	}
	if !sc.Scan() || sc.Text() != "" {
		t.Errorf("got %q, want a sign of life", sc.Text())
	}
}

func TestWhoMissedMoreThanIsRememberedIsTold(t *testing.T) {
	h := newHistory()
	for i := range historyEvents + 10 {
		h.add(time.Now(), grapevine.KeySet{Key: fmt.Sprint(i)})
	}
	got, missed, more := h.after(3, 5)
	if len(got) != 5 || missed != 7 || got[0].seq != 11 || more == nil {
		t.Errorf("%d entries from %d, %d missed", len(got), got[0].seq, missed)
	}
	got, missed, _ = h.after(historyEvents+10, 5)
	if len(got) != 0 || missed != 0 {
		t.Errorf("at the end: %d entries, %d missed", len(got), missed)
	}
	h.end()
	if _, _, more := h.after(0, 1); more != nil {
		t.Error("more is promised after the end")
	}
	h = newHistory()
	big := make([]byte, historyBytes/4)
	for range 10 {
		h.add(time.Now(), grapevine.KeySet{Value: big})
	}
	if got, _, _ := h.after(0, historyEvents); len(got) > 4 {
		t.Errorf("%d large events are remembered", len(got))
	}
}

func TestComingBackTooLateGivesLaggedAndSnapshot(t *testing.T) {
	n := node(t, grapevine.Config{Name: "a"})
	s := serve(t, n, Options{})
	c, err := client.New(s.URL, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	future := uint64(1 << 40) // of a process before this one
	events, err := c.Events(t.Context(), client.EventsQuery{Since: &future, Types: []string{"kv"}})
	if err != nil {
		t.Fatal(err)
	}
	var seen []string
	for e, err := range events {
		if err != nil {
			t.Fatal(err)
		}
		seen = append(seen, e.Type)
		if e.Type == "snapshot" {
			set(t, n, "k", "v")
		}
		if len(seen) == 3 {
			break
		}
	}
	if fmt.Sprint(seen) != "[lagged snapshot kv.set]" {
		t.Errorf("got %v", seen)
	}
	zero := uint64(0)
	events, err = c.Events(t.Context(), client.EventsQuery{Since: &zero, Stop: true})
	if err != nil {
		t.Fatal(err)
	}
	for e, err := range events {
		if err != nil || e.Type == "lagged" {
			t.Errorf("from the start: %v %v", e.Type, err)
		}
	}
}
