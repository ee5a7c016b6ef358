package httpapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/grapevine-gossip/grapevine"
	"github.com/grapevine-gossip/grapevine/httpapi/api"
)

// self stands for the answering member's own name in paths.
const self = "self"

type getInput struct {
	Node        string `path:"node" doc:"a member's name, or self"`
	Key         string `path:"key"`
	IfNoneMatch string `header:"If-None-Match"`
}

type rawOutput struct {
	Type   string `header:"Content-Type"`
	ETag   string `header:"ETag"`
	Status int
	Body   []byte
}

type deleteInput struct {
	Node    string `path:"node" doc:"this member's name, or self"`
	Key     string `path:"key"`
	IfMatch string `header:"If-Match" doc:"the key's version; the write fails with 412 if it is another"`
}

type putInput struct {
	Node        string `path:"node" doc:"this member's name, or self"`
	Key         string `path:"key"`
	IfMatch     string `header:"If-Match" doc:"the key's version; the write fails with 412 if it is another"`
	IfNoneMatch string `header:"If-None-Match" doc:"* to write only if the key does not exist"`
	TTL         string `query:"ttl" doc:"delete the key after this time, such as 30s"`
	rawInput
}

// rawInput hands the body over unread: how much of it is read depends on who may write.
type rawInput struct {
	length string
	reader io.Reader
}

func (r *rawInput) Resolve(ctx huma.Context) []error {
	r.length, r.reader = ctx.Header("Content-Length"), ctx.BodyReader()
	return nil
}

// read returns the body if it has at most limit bytes; it never reads more than one byte beyond.
func (r *rawInput) read(limit int) ([]byte, error) {
	tooLarge := huma.NewError(http.StatusRequestEntityTooLarge, fmt.Sprintf("the value is larger than %d bytes", limit))
	if n, err := strconv.ParseInt(r.length, 10, 64); err == nil && n > int64(limit) {
		return nil, tooLarge
	}
	b, err := io.ReadAll(io.LimitReader(r.reader, int64(limit)+1))
	switch {
	case err != nil:
		return nil, huma.Error400BadRequest("the body ends early")
	case len(b) > limit:
		return nil, tooLarge
	}
	return b, nil
}

type writtenOutput struct {
	ETag string `header:"ETag"`
	Body api.Written
}

var rawBody = &huma.RequestBody{
	Description: "the value, as it is, whatever its Content-Type",
	Content:     map[string]*huma.MediaType{"application/octet-stream": {Schema: &huma.Schema{Type: "string", Format: "binary"}}},
}

func (s *server) registerKeys(a huma.API) {
	const path = "/v1/kv/{node}/{key...}"
	huma.Register(a, huma.Operation{
		OperationID: "keys", Method: http.MethodGet, Path: "/v1/kv", Summary: "Keys of all members, by owner and key",
	}, s.listKeys)
	huma.Register(a, huma.Operation{
		OperationID: "get-key", Method: http.MethodGet, Path: path, Summary: "The value of a key, as it is",
		Errors: []int{http.StatusNotFound},
	}, s.getKey)
	huma.Register(a, huma.Operation{
		OperationID: "put-key", Method: http.MethodPut, Path: path, Summary: "Write one of this member's own keys", RequestBody: rawBody,
		Errors: []int{http.StatusForbidden, http.StatusPreconditionFailed, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity, http.StatusInsufficientStorage},
	}, s.putKey)
	huma.Register(a, huma.Operation{
		OperationID: "delete-key", Method: http.MethodDelete, Path: path, Summary: "Delete one of this member's own keys",
		DefaultStatus: http.StatusNoContent,
		Errors:        []int{http.StatusForbidden, http.StatusNotFound, http.StatusPreconditionFailed},
	}, s.deleteKey)
}

// owner resolves self.
func (s *server) owner(name string) string {
	if name == self {
		return s.node.Self().Name
	}
	return name
}

// mine refuses to write for others, whether what they would write exists or not.
func (s *server) mine(name string) error {
	if own := s.node.Self().Name; name != self && name != own {
		return huma.Error403Forbidden("this member writes its own keys only, those of " + own + ", not of " + name)
	}
	return nil
}

func (s *server) getKey(_ context.Context, in *getInput) (*rawOutput, error) {
	owner := s.owner(in.Node)
	if _, ok := s.node.Member(owner); !ok {
		return nil, unknownMember(owner)
	}
	v, ok := s.node.Get(owner, in.Key)
	if !ok {
		return nil, huma.Error404NotFound(fmt.Sprintf("%s has no key %q", owner, in.Key))
	}
	out := &rawOutput{Type: "application/octet-stream", ETag: etag(v.Version), Status: http.StatusOK, Body: v.Bytes}
	if in.IfNoneMatch == out.ETag || in.IfNoneMatch == "*" {
		out.Status, out.Body = http.StatusNotModified, nil
	}
	return out, nil
}

func (s *server) putKey(_ context.Context, in *putInput) (*writtenOutput, error) {
	if err := s.mine(in.Node); err != nil {
		return nil, err
	}
	opts, err := conditions(in.IfMatch, in.IfNoneMatch)
	if err != nil {
		return nil, err
	}
	if in.TTL != "" {
		ttl, err := time.ParseDuration(in.TTL)
		if err != nil || ttl <= 0 {
			return nil, huma.Error422UnprocessableEntity("ttl is a time above zero such as 30s, not " + in.TTL)
		}
		opts = append(opts, grapevine.TTL(ttl))
	}
	value, err := in.read(s.node.Limits().Value)
	if err != nil {
		return nil, err
	}
	version, err := s.node.Set(in.Key, value, opts...)
	if err != nil {
		return nil, writeError(err)
	}
	return &writtenOutput{etag(version), api.Written{Node: s.node.Self().Name, Key: in.Key, Version: version}}, nil
}

func (s *server) deleteKey(_ context.Context, in *deleteInput) (*struct{}, error) {
	if err := s.mine(in.Node); err != nil {
		return nil, err
	}
	opts, err := conditions(in.IfMatch, "")
	if err != nil {
		return nil, err
	}
	if _, ok := s.node.Get(s.node.Self().Name, in.Key); !ok && len(opts) == 0 {
		return nil, huma.Error404NotFound(fmt.Sprintf("%s has no key %q", s.node.Self().Name, in.Key))
	}
	return nil, writeError(s.node.Delete(in.Key, opts...))
}

// conditions turns the conditional headers into one of Set's options.
func conditions(ifMatch, ifNoneMatch string) ([]grapevine.SetOption, error) {
	switch {
	case ifNoneMatch == "*":
		return []grapevine.SetOption{grapevine.IfVersion(0)}, nil
	case ifNoneMatch != "":
		return nil, huma.Error422UnprocessableEntity("If-None-Match can only be * here")
	case ifMatch == "":
		return nil, nil
	}
	v, err := strconv.ParseUint(strings.Trim(strings.TrimPrefix(ifMatch, "W/"), `"`), 10, 64)
	if err != nil {
		return nil, huma.Error422UnprocessableEntity("If-Match is a version as ETag gives it, not " + ifMatch)
	}
	return []grapevine.SetOption{grapevine.IfVersion(v)}, nil
}

func etag(version uint64) string { return strconv.Quote(strconv.FormatUint(version, 10)) }

// writeError gives the node's errors their status.
func writeError(err error) error {
	status := http.StatusUnprocessableEntity
	switch {
	case err == nil:
		return nil
	case errors.Is(err, grapevine.ErrTooLarge):
		status = http.StatusRequestEntityTooLarge
	case errors.Is(err, grapevine.ErrFull):
		status = http.StatusInsufficientStorage
	case errors.Is(err, grapevine.ErrConflict):
		status = http.StatusPreconditionFailed
	case errors.Is(err, grapevine.ErrClosed):
		status = http.StatusServiceUnavailable
	}
	return huma.NewError(status, err.Error())
}

type keysInput struct {
	Node   string `query:"node" doc:"only keys of this member; self for this one"`
	Prefix string `query:"prefix" doc:"only keys that begin so"`
	Limit  int    `query:"limit" minimum:"0" doc:"at most so many; 0 for all"`
	After  string `query:"after" doc:"only keys after this one, node/key, for pages"`
}

func (s *server) listKeys(_ context.Context, in *keysInput) (*body[api.Keys], error) {
	out := api.Keys{Keys: []api.Key{}}
	owners := []string{s.owner(in.Node)}
	if in.Node == "" {
		owners = owners[:0]
		for _, m := range s.everybody() {
			owners = append(owners, m.Name)
		}
	} else if _, ok := s.node.Member(owners[0]); !ok {
		return nil, unknownMember(owners[0])
	}
	afterNode, afterKey, _ := strings.Cut(in.After, "/")
	for _, owner := range owners {
		if owner < afterNode {
			continue
		}
		for _, key := range slices.Sorted(s.node.Keys(owner)) {
			if !strings.HasPrefix(key, in.Prefix) || owner == afterNode && key <= afterKey {
				continue
			}
			v, ok := s.node.Get(owner, key)
			if !ok {
				continue // deleted meanwhile
			}
			if in.Limit > 0 && len(out.Keys) == in.Limit {
				last := out.Keys[in.Limit-1]
				out.Next = last.Node + "/" + last.Key
				return &body[api.Keys]{out}, nil
			}
			out.Keys = append(out.Keys, keyOf(owner, key, v))
		}
	}
	return &body[api.Keys]{out}, nil
}

// keepKeys keeps the mux from cleaning a key as if it were a path of files: a//b and a/../b are keys of their own.
func keepKeys(next http.Handler) http.Handler {
	const prefix = "/v1/kv/"
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rest, ok := strings.CutPrefix(r.URL.EscapedPath(), prefix)
		node, key, hasKey := strings.Cut(rest, "/")
		padded := "/" + key + "/"
		if ok && hasKey && (strings.Contains(padded, "//") || strings.Contains(padded, "/.")) {
			r = r.Clone(r.Context())
			r.URL.RawPath = prefix + node + "/" + strings.NewReplacer("/", "%2F", ".", "%2E").Replace(key)
		}
		next.ServeHTTP(w, r)
	})
}
