package httpapi

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/grapevine-gossip/grapevine"
	"github.com/grapevine-gossip/grapevine/httpapi/api"
)

// recently is how long the ended are listed unless all are asked for.
const recently = time.Hour

type body[T any] struct{ Body T }

type nameInput struct {
	Name string `path:"name"`
}

type membersInput struct {
	All   bool     `query:"all" doc:"also those that ended more than an hour ago"`
	State []string `query:"state,explode" enum:"alive,suspect,failed,leaving,left,forgotten"`
	Tag   []string `query:"tag,explode" doc:"k=v; several must all match"`
	Limit int      `query:"limit" minimum:"0" doc:"at most so many; 0 for all"`
	After string   `query:"after" doc:"only names after this one, for pages"`
}

func (s *server) registerMembers(a huma.API) {
	huma.Register(a, huma.Operation{
		OperationID: "self", Method: http.MethodGet, Path: "/v1/self", Summary: "This member and how it stands in the cluster",
	}, func(context.Context, *struct{}) (*body[api.Self], error) {
		return &body[api.Self]{s.self()}, nil
	})
	huma.Register(a, huma.Operation{
		OperationID: "members", Method: http.MethodGet, Path: "/v1/members", Summary: "Members by name",
	}, s.listMembers)
	huma.Register(a, huma.Operation{
		OperationID: "member", Method: http.MethodGet, Path: "/v1/members/{name}", Summary: "One member",
		Errors: []int{http.StatusNotFound},
	}, func(_ context.Context, in *nameInput) (*body[api.Member], error) {
		m, ok := s.node.Member(in.Name)
		if !ok {
			return nil, unknownMember(in.Name)
		}
		return &body[api.Member]{member(m)}, nil
	})
	huma.Register(a, huma.Operation{
		OperationID: "view", Method: http.MethodGet, Path: "/v1/view", Summary: "The view and whether all agree on it",
	}, func(context.Context, *struct{}) (*body[api.View], error) {
		return &body[api.View]{view(s.node.View())}, nil
	})
	huma.Register(a, huma.Operation{
		OperationID: "phi", Method: http.MethodGet, Path: "/v1/phi", Summary: "What is measured of the members that this one watches",
	}, func(context.Context, *struct{}) (*body[api.Phi], error) {
		return &body[api.Phi]{peers(s.node.Peers())}, nil
	})
}

func unknownMember(name string) error {
	return huma.Error404NotFound("no member " + name + " is known")
}

func (s *server) listMembers(_ context.Context, in *membersInput) (*body[api.Members], error) {
	for _, t := range in.Tag {
		if k, _, ok := strings.Cut(t, "="); !ok || k == "" {
			return nil, huma.Error422UnprocessableEntity("tag is k=v, not " + t)
		}
	}
	v := s.node.View()
	out := api.Members{View: viewRef(v), Members: []api.Member{}}
	for _, m := range s.everybody() {
		if m.Name <= in.After && in.After != "" || !in.selects(m) {
			continue
		}
		if in.Limit > 0 && len(out.Members) == in.Limit {
			out.Next = out.Members[in.Limit-1].Name
			break
		}
		out.Members = append(out.Members, member(m))
	}
	return &body[api.Members]{out}, nil
}

// everybody are the view and the ended, by name.
func (s *server) everybody() []grapevine.Member {
	all := slices.AppendSeq(slices.Collect(s.node.Members()), s.node.Ended())
	slices.SortFunc(all, func(a, b grapevine.Member) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

func (in *membersInput) selects(m grapevine.Member) bool {
	if len(in.State) > 0 && !slices.Contains(in.State, m.State.String()) {
		return false
	}
	if !in.All && m.EndedFor > recently {
		return false
	}
	for _, t := range in.Tag {
		k, v, _ := strings.Cut(t, "=")
		if got, ok := m.Tags[k]; !ok || got != v {
			return false
		}
	}
	return true
}
