package client

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/grapevine-gossip/grapevine/httpapi/api"
)

// Self stands for the agent's own name in the KV calls.
const Self = "self"

// KeysQuery selects keys; its zero value is all keys of all members.
type KeysQuery struct {
	Node   string
	Prefix string
	Limit  int
	After  string // node/key
}

// Values is the query as it is sent.
func (q KeysQuery) Values() url.Values {
	v := url.Values{}
	if q.Node != "" {
		v.Set("node", q.Node)
	}
	if q.Prefix != "" {
		v.Set("prefix", q.Prefix)
	}
	if q.Limit > 0 {
		v.Set("limit", strconv.Itoa(q.Limit))
	}
	if q.After != "" {
		v.Set("after", q.After)
	}
	return v
}

// Keys lists keys by owner and key.
func (c *Client) Keys(ctx context.Context, q KeysQuery) (api.Keys, error) {
	return get[api.Keys](ctx, c, "/v1/kv", q.Values())
}

// KeyPath is where the HTTP API has a key.
func KeyPath(node, key string) string { return "/v1/kv/" + segment(node) + "/" + segment(key) }

// Get returns a value and its version.
func (c *Client) Get(ctx context.Context, node, key string) ([]byte, uint64, error) {
	resp, err := c.send(ctx, request{method: http.MethodGet, path: KeyPath(node, key)})
	if err != nil {
		return nil, 0, err
	}
	defer resp.Body.Close()
	value, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	return value, version(resp), err
}

// PutOptions are the optional parts of Put.
type PutOptions struct {
	TTL       time.Duration // 0: for ever
	IfVersion *uint64       // the key's present version; 0: it does not exist
}

// Put writes one of the agent's own keys and returns its version.
func (c *Client) Put(ctx context.Context, key string, value []byte, o PutOptions) (uint64, error) {
	r := request{
		method: http.MethodPut, path: KeyPath(Self, key), body: bytes.NewReader(value),
		contentType: "application/octet-stream", query: url.Values{}, header: ifMatch(o.IfVersion),
	}
	if o.TTL > 0 {
		r.query.Set("ttl", o.TTL.String())
	}
	return c.written(ctx, r)
}

// Delete removes one of the agent's own keys.
func (c *Client) Delete(ctx context.Context, key string, ifVersion *uint64) error {
	return c.discard(ctx, request{method: http.MethodDelete, path: KeyPath(Self, key), header: ifMatch(ifVersion)})
}

// SetTag writes one of the agent's own tags.
func (c *Client) SetTag(ctx context.Context, key, value string) error {
	return c.discard(ctx, request{
		method: http.MethodPut, path: "/v1/tags/" + segment(key), body: bytes.NewReader([]byte(value)),
		contentType: "application/octet-stream",
	})
}

// DeleteTag removes one of the agent's own tags.
func (c *Client) DeleteTag(ctx context.Context, key string) error {
	return c.discard(ctx, request{method: http.MethodDelete, path: "/v1/tags/" + segment(key)})
}

func (c *Client) written(ctx context.Context, r request) (uint64, error) {
	resp, err := c.send(ctx, r)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	var w api.Written
	err = json.NewDecoder(resp.Body).Decode(&w)
	return w.Version, err
}

func ifMatch(v *uint64) http.Header {
	switch {
	case v == nil:
		return nil
	case *v == 0:
		return http.Header{"If-None-Match": {"*"}}
	default:
		return http.Header{"If-Match": {strconv.Quote(strconv.FormatUint(*v, 10))}}
	}
}

func version(resp *http.Response) uint64 {
	tag, err := strconv.Unquote(resp.Header.Get("ETag"))
	if err != nil {
		return 0
	}
	v, _ := strconv.ParseUint(tag, 10, 64)
	return v
}
