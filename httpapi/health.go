package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/grapevine-gossip/grapevine"
	"github.com/grapevine-gossip/grapevine/httpapi/api"
)

// liveWithin is how long the node's loop may take to answer before it counts as stuck.
const liveWithin = 2 * time.Second

func (s *server) registerHealth(a huma.API) {
	for path, check := range map[string]func(context.Context) string{
		"/livez":   s.notLive,
		"/healthz": s.notLive,
		"/readyz":  s.notReady,
	} {
		huma.Register(a, huma.Operation{
			OperationID: path[1:], Method: http.MethodGet, Path: path, Summary: summaries[path],
			Errors: []int{http.StatusServiceUnavailable},
		}, func(ctx context.Context, _ *struct{}) (*body[api.Health], error) {
			if reason := check(ctx); reason != "" {
				return nil, huma.Error503ServiceUnavailable(reason)
			}
			return &body[api.Health]{api.Health{OK: true}}, nil
		})
	}
}

var summaries = map[string]string{
	"/livez":   "Whether the node's loop turns",
	"/healthz": "The same as /livez",
	"/readyz":  "Whether this member is ready to serve",
}

func (s *server) notLive(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(ctx, liveWithin)
	defer cancel()
	if err := s.node.Ping(ctx); err != nil {
		return "the node's loop does not answer: " + err.Error()
	}
	return ""
}

// notReady says why this member is not ready to serve. It is once it is in a view with others, if it is alone because
// all its seeds are itself, or after it has been alone for long enough; and not while its life is over.
func (s *server) notReady(context.Context) string {
	st := s.node.Status()
	switch st.Standing {
	case grapevine.StandingMember:
		return ""
	case grapevine.StandingAlone:
		if st.SeedsAreSelf || time.Since(s.started) >= s.opts.AloneAfter {
			return ""
		}
		return "no seed has answered yet"
	case grapevine.StandingWaiting:
		return "kept out for now: " + st.Reason
	default:
		return "it is " + st.Standing.String()
	}
}
