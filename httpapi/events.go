package httpapi

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/grapevine-gossip/grapevine"
	"github.com/grapevine-gossip/grapevine/httpapi/api"
)

type eventsInput struct {
	Type        []string `query:"type,explode" doc:"only types that begin so, such as member or kv.set"`
	Prefix      string   `query:"prefix" doc:"of kv events only those whose key begins so"`
	Since       string   `query:"since" doc:"continue after this seq; 0 for all that is remembered. By default only what happens from now on"`
	Snapshot    bool     `query:"snapshot" doc:"begin with a snapshot"`
	Follow      bool     `query:"follow" default:"true" doc:"false to end after what is remembered"`
	LastEventID string   `header:"Last-Event-ID" doc:"like since"`
	Accept      string   `header:"Accept" doc:"application/x-ndjson for a line of JSON each; else text/event-stream"`
}

func (s *server) registerEvents(a huma.API) {
	huma.Register(a, huma.Operation{
		OperationID: "events", Method: http.MethodGet, Path: "/v1/events", Summary: "Events as they happen",
		Description: "A client that comes back with Last-Event-ID gets what it missed; one that missed more than is remembered gets `lagged` with the number and a `snapshot`. Quiet streams carry a comment (SSE) or an empty line (NDJSON) now and then.",
		Responses: map[string]*huma.Response{"200": {Description: "a stream", Content: map[string]*huma.MediaType{
			"text/event-stream": {}, "application/x-ndjson": {},
		}}},
	}, func(_ context.Context, in *eventsInput) (*huma.StreamResponse, error) {
		since, err := s.position(in)
		if err != nil {
			return nil, err
		}
		return &huma.StreamResponse{Body: func(ctx huma.Context) {
			r, w := humago.Unwrap(ctx)
			s.stream(r, w, in, since)
		}}, nil
	})
}

// position is the seq after which the stream begins.
func (s *server) position(in *eventsInput) (uint64, error) {
	text := in.LastEventID
	if in.Since != "" {
		text = in.Since
	}
	if text == "" {
		return s.history.newest(), nil
	}
	since, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, huma.Error422UnprocessableEntity("since and Last-Event-ID are a seq, not " + text)
	}
	return since, nil
}

// batch bounds what is copied out of the history at a time.
const batch = 256

// writeTimeout ends a stream whose reader takes nothing for so long.
const writeTimeout = 30 * time.Second

// stream writes events until the client or the node is gone.
func (s *server) stream(r *http.Request, w http.ResponseWriter, in *eventsInput, since uint64) {
	out := newWriter(w, strings.Contains(in.Accept, "application/x-ndjson"))
	if in.Snapshot {
		since = s.history.newest()
		out.event(s.snapshot(since), time.Now())
	}
	quiet := time.NewTicker(s.opts.Heartbeat)
	defer quiet.Stop()
	for out.err == nil {
		got, missed, more := s.history.after(since, batch)
		newest := s.history.newest()
		// A seq that this process has not reached is of the one before it.
		if since > newest || missed > 0 && since > 0 {
			since = newest
			out.event(api.Event{Seq: since, Type: "lagged", Missed: missed}, time.Now())
			out.event(s.snapshot(since), time.Now())
			out.flush()
			continue
		}
		for _, e := range got {
			since = e.seq
			if in.selects(e.event) {
				out.event(s.encode(e), e.at)
			}
		}
		out.flush()
		if len(got) > 0 {
			continue
		}
		if !in.Follow || more == nil {
			return
		}
		select {
		case <-more:
		case <-quiet.C:
			out.heartbeat()
		case <-r.Context().Done():
			return
		}
	}
}

func (in *eventsInput) selects(e grapevine.Event) bool {
	name := e.Type()
	if name == "lagged" || name == "snapshot" {
		return true // without them the rest can't be understood
	}
	if len(in.Type) > 0 && !slices.ContainsFunc(in.Type, func(t string) bool { return strings.HasPrefix(name, t) }) {
		return false
	}
	switch e := e.(type) {
	case grapevine.KeySet:
		return strings.HasPrefix(e.Key, in.Prefix)
	case grapevine.KeyDeleted:
		return strings.HasPrefix(e.Key, in.Prefix)
	default:
		return true
	}
}

// eventWriter writes events in one of the two forms. The first error stays.
type eventWriter struct {
	w       io.Writer
	control *http.ResponseController
	ndjson  bool
	err     error
}

func newWriter(w http.ResponseWriter, ndjson bool) *eventWriter {
	out := &eventWriter{w: w, control: http.NewResponseController(w), ndjson: ndjson}
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	if ndjson {
		h.Set("Content-Type", "application/x-ndjson")
	}
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // nginx would hold events back
	w.WriteHeader(http.StatusOK)
	out.flush()
	return out
}

func (o *eventWriter) event(e api.Event, at time.Time) {
	e.Time = at.UTC().Format(api.TimeFormat)
	line, err := json.Marshal(e)
	if err != nil {
		o.err = err
		return
	}
	if o.ndjson {
		o.write("%s\n", line)
		return
	}
	o.write("id: %d\nevent: %s\ndata: %s\n\n", e.Seq, e.Type, line)
}

func (o *eventWriter) heartbeat() {
	if o.ndjson {
		o.write("\n")
	} else {
		o.write(": still here\n\n")
	}
	o.flush()
}

func (o *eventWriter) write(format string, args ...any) {
	if o.err != nil {
		return
	}
	// Not every ResponseWriter can set a deadline; then the server's own holds.
	_ = o.control.SetWriteDeadline(time.Now().Add(writeTimeout))
	_, o.err = fmt.Fprintf(o.w, format, args...)
}

func (o *eventWriter) flush() {
	if o.err == nil {
		o.err = o.control.Flush()
	}
}
