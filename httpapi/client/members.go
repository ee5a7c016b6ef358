package client

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"github.com/grapevine-gossip/grapevine/httpapi/api"
)

// MembersQuery selects members. Its zero value is the view and what failed or left within an hour.
type MembersQuery struct {
	All   bool     // the ended of any age too
	State []string // alive, suspect, failed, leaving, left
	Tags  []string // k=v, all of them
	Limit int
	After string
}

// Values is the query as it is sent.
func (q MembersQuery) Values() url.Values {
	v := url.Values{}
	if q.All {
		v.Set("all", "true")
	}
	for _, s := range q.State {
		v.Add("state", s)
	}
	for _, t := range q.Tags {
		v.Add("tag", t)
	}
	if q.Limit > 0 {
		v.Set("limit", strconv.Itoa(q.Limit))
	}
	if q.After != "" {
		v.Set("after", q.After)
	}
	return v
}

// Self returns what the agent is and how it stands in the cluster.
func (c *Client) Self(ctx context.Context) (api.Self, error) {
	return get[api.Self](ctx, c, "/v1/self", nil)
}

// Members lists members by name.
func (c *Client) Members(ctx context.Context, q MembersQuery) (api.Members, error) {
	return get[api.Members](ctx, c, "/v1/members", q.Values())
}

// Member returns one member.
func (c *Client) Member(ctx context.Context, name string) (api.Member, error) {
	return get[api.Member](ctx, c, "/v1/members/"+segment(name), nil)
}

// View returns the view.
func (c *Client) View(ctx context.Context) (api.View, error) {
	return get[api.View](ctx, c, "/v1/view", nil)
}

// Phi returns what the agent measures of the members it watches.
func (c *Client) Phi(ctx context.Context) (api.Phi, error) {
	return get[api.Phi](ctx, c, "/v1/phi", nil)
}

// Config returns the agent's settings.
func (c *Client) Config(ctx context.Context) (api.Config, error) {
	return get[api.Config](ctx, c, "/v1/config", nil)
}

// Join contacts seeds.
func (c *Client) Join(ctx context.Context, seeds ...string) error {
	return c.post(ctx, "/v1/join", api.Join{Seeds: seeds})
}

// Leave makes the agent leave the cluster.
func (c *Client) Leave(ctx context.Context) error { return c.post(ctx, "/v1/leave", nil) }

// Reload makes the agent read its files again.
func (c *Client) Reload(ctx context.Context) error { return c.post(ctx, "/v1/reload", nil) }

// Forget removes a member that has ended.
func (c *Client) Forget(ctx context.Context, name string) error {
	return c.discard(ctx, request{method: http.MethodDelete, path: "/v1/members/" + segment(name)})
}

// Ready tells whether the agent is ready to serve, and if not, why.
func (c *Client) Ready(ctx context.Context) (api.Health, error) {
	h, err := get[api.Health](ctx, c, "/readyz", nil)
	if answer, ok := errors.AsType[*Error](err); ok && answer.Status == http.StatusServiceUnavailable {
		return api.Health{Reason: answer.Detail}, nil
	}
	return h, err
}
