package httpapi

import (
	"context"
	"fmt"
	"maps"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/grapevine-gossip/grapevine/httpapi/api"
)

type tagPath struct {
	Key string `path:"key"`
}

type tagInput struct {
	Key string `path:"key"`
	rawInput
}

func (s *server) registerTags(a huma.API) {
	huma.Register(a, huma.Operation{
		OperationID: "put-tag", Method: http.MethodPut, Path: "/v1/tags/{key}", Summary: "Set a tag of this member", RequestBody: rawBody,
		Errors: []int{http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity},
	}, func(_ context.Context, in *tagInput) (*body[api.Tag], error) {
		limits := s.node.Limits()
		if len(in.Key) > limits.Key {
			return nil, huma.NewError(http.StatusRequestEntityTooLarge, fmt.Sprintf("the tag's name is longer than %d bytes", limits.Key))
		}
		value, err := in.read(limits.Value)
		if err != nil {
			return nil, err
		}
		err = s.changeTags(func(tags map[string]string) bool {
			tags[in.Key] = string(value)
			return true
		})
		return &body[api.Tag]{api.Tag{Key: in.Key, Value: string(value)}}, err
	})
	huma.Register(a, huma.Operation{
		OperationID: "delete-tag", Method: http.MethodDelete, Path: "/v1/tags/{key}", Summary: "Remove a tag of this member",
		DefaultStatus: http.StatusNoContent, Errors: []int{http.StatusNotFound},
	}, func(_ context.Context, in *tagPath) (*struct{}, error) {
		known := false
		err := s.changeTags(func(tags map[string]string) bool {
			_, known = tags[in.Key]
			delete(tags, in.Key)
			return known
		})
		if err == nil && !known {
			err = huma.Error404NotFound("this member has no tag " + in.Key)
		}
		return nil, err
	})
}

// changeTags writes all tags with a change; the change says whether there is one.
func (s *server) changeTags(change func(map[string]string) bool) error {
	s.tags.Lock()
	defer s.tags.Unlock()
	tags := map[string]string{}
	maps.Copy(tags, s.node.Self().Tags)
	if !change(tags) {
		return nil
	}
	return writeError(s.node.SetTags(tags))
}
