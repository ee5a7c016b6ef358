package client

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strconv"

	"github.com/grapevine-gossip/grapevine/httpapi/api"
)

// EventsQuery selects events.
type EventsQuery struct {
	Types    []string // prefixes, such as "member" or "kv.set"; none for all
	Prefix   string   // of keys, for kv events
	Since    *uint64  // continue after this seq; nil for events from now on
	Snapshot bool     // begin with a snapshot
	Stop     bool     // end after what is there already instead of following
}

// Values is the query as it is sent.
func (q EventsQuery) Values() url.Values {
	v := url.Values{}
	for _, t := range q.Types {
		v.Add("type", t)
	}
	if q.Prefix != "" {
		v.Set("prefix", q.Prefix)
	}
	if q.Since != nil {
		v.Set("since", strconv.FormatUint(*q.Since, 10))
	}
	if q.Snapshot {
		v.Set("snapshot", "true")
	}
	if q.Stop {
		v.Set("follow", "false")
	}
	return v
}

// Event is an event and the line it came in.
type Event struct {
	api.Event
	Line []byte
}

// maxLine bounds one event; a snapshot holds every key.
const maxLine = 128 << 20

// Events connects and returns the events as they come. The sequence ends with the stream, or with an error in its last
// element; ctx ends it too.
func (c *Client) Events(ctx context.Context, q EventsQuery) (iter.Seq2[Event, error], error) {
	resp, err := c.send(ctx, request{
		method: http.MethodGet, path: "/v1/events", query: q.Values(),
		header: http.Header{"Accept": {"application/x-ndjson"}},
	})
	if err != nil {
		return nil, err
	}
	return func(yield func(Event, error) bool) {
		defer resp.Body.Close()
		lines := bufio.NewScanner(resp.Body)
		lines.Buffer(nil, maxLine)
		for lines.Scan() {
			if len(lines.Bytes()) == 0 {
				continue // a heartbeat
			}
			e := Event{Line: append([]byte(nil), lines.Bytes()...)}
			err := json.Unmarshal(e.Line, &e.Event)
			if !yield(e, err) || err != nil {
				return
			}
		}
		if err := lines.Err(); err != nil && ctx.Err() == nil {
			yield(Event{}, &Unreachable{c.base, err})
		} else if !q.Stop && ctx.Err() == nil {
			yield(Event{}, &Unreachable{c.base, io.ErrUnexpectedEOF})
		}
	}, nil
}
