package httpapi

import (
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/grapevine-gossip/grapevine"
	"github.com/grapevine-gossip/grapevine/httpapi/api"
)

type joinInput struct{ Body api.Join }

func (s *server) registerControl(a huma.API) {
	huma.Register(a, huma.Operation{
		OperationID: "join", Method: http.MethodPost, Path: "/v1/join", Summary: "Contact seeds and join their cluster",
		Errors: []int{http.StatusConflict, http.StatusUnprocessableEntity, http.StatusBadGateway},
	}, func(ctx context.Context, in *joinInput) (*body[api.Self], error) {
		if err := s.node.Join(ctx, in.Body.Seeds...); err != nil {
			return nil, joinError(err)
		}
		return &body[api.Self]{s.self()}, nil
	})
	huma.Register(a, huma.Operation{
		OperationID: "leave", Method: http.MethodPost, Path: "/v1/leave", Summary: "Leave the cluster; an agent then exits",
		DefaultStatus: http.StatusNoContent,
	}, func(ctx context.Context, _ *struct{}) (*struct{}, error) {
		return nil, callError(s.opts.Leave(ctx))
	})
	huma.Register(a, huma.Operation{
		OperationID: "reload", Method: http.MethodPost, Path: "/v1/reload", Summary: "Read tags, seeds, log level and token again",
		DefaultStatus: http.StatusNoContent, Errors: []int{http.StatusNotImplemented, http.StatusUnprocessableEntity},
	}, func(context.Context, *struct{}) (*struct{}, error) {
		if s.opts.Reload == nil {
			return nil, huma.Error501NotImplemented("this program has nothing to reload")
		}
		if err := s.opts.Reload(); err != nil {
			return nil, huma.Error422UnprocessableEntity(err.Error())
		}
		return nil, nil
	})
	huma.Register(a, huma.Operation{
		OperationID: "forget", Method: http.MethodDelete, Path: "/v1/members/{name}", Summary: "Remove a member that has ended, with its keys",
		DefaultStatus: http.StatusNoContent, Errors: []int{http.StatusNotFound, http.StatusConflict},
	}, s.forget)
	huma.Register(a, huma.Operation{
		OperationID: "config", Method: http.MethodGet, Path: "/v1/config", Summary: "The agent's settings and where they come from",
	}, func(context.Context, *struct{}) (*body[api.Config], error) {
		out := api.Config{Settings: []api.Setting{}}
		if s.opts.Config != nil {
			out.Settings = s.opts.Config()
		}
		return &body[api.Config]{out}, nil
	})
}

func (s *server) forget(ctx context.Context, in *nameInput) (*struct{}, error) {
	if _, ok := s.node.Member(in.Name); !ok {
		return nil, unknownMember(in.Name)
	}
	return nil, callError(s.node.Forget(ctx, in.Name))
}

func joinError(err error) error {
	switch {
	case errors.Is(err, grapevine.ErrConfig):
		return huma.Error422UnprocessableEntity(err.Error())
	case errors.Is(err, grapevine.ErrNoSeeds):
		return huma.Error502BadGateway(err.Error())
	case errors.Is(err, grapevine.ErrWrongCluster), errors.Is(err, grapevine.ErrNameTaken), errors.Is(err, grapevine.ErrVersion):
		return huma.Error409Conflict(err.Error())
	default:
		return callError(err)
	}
}

// callError is for calls that fail because of the state the node is in.
func callError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, grapevine.ErrClosed):
		return huma.Error503ServiceUnavailable(err.Error())
	case errors.Is(err, context.DeadlineExceeded):
		return huma.Error504GatewayTimeout(err.Error())
	default:
		return huma.Error409Conflict(err.Error())
	}
}
