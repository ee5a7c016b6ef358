// Package client speaks the HTTP API of a Grapevine agent. It needs nothing but the standard library.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/grapevine-gossip/grapevine/httpapi/api"
)

// maxBody bounds an answer that is read whole.
const maxBody = 256 << 20

// Client is a connection to one agent. It is safe for use by several goroutines.
type Client struct {
	base  string
	http  *http.Client
	token string
}

// Options are the optional parts of a Client.
type Options struct {
	Token     string          // bearer token; "" for none
	Transport *http.Transport // for TLS settings; nil for the default
}

// New returns a client of the agent at addr, an http or https URL, host:port, or unix:PATH.
func New(addr string, opts Options) (*Client, error) {
	t := opts.Transport
	if t == nil {
		t = &http.Transport{}
	}
	if path, ok := strings.CutPrefix(addr, "unix:"); ok {
		if path == "" {
			return nil, fmt.Errorf("address %q has no path after unix:", addr)
		}
		t.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", path)
		}
		addr = "http://localhost"
	}
	if !strings.Contains(addr, "://") {
		addr = "http://" + addr
	}
	u, err := url.Parse(addr)
	switch {
	case err != nil:
		return nil, fmt.Errorf("address %q: %w", addr, err)
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, fmt.Errorf("address %q: the scheme is %q, not http or https", addr, u.Scheme)
	case u.Host == "":
		return nil, fmt.Errorf("address %q has no host", addr)
	}
	return &Client{base: strings.TrimSuffix(addr, "/"), http: &http.Client{Transport: t}, token: opts.Token}, nil
}

// Error is an answer other than success.
type Error struct {
	api.Problem
}

func (e *Error) Error() string {
	msg := e.Detail
	if msg == "" {
		msg = strings.ToLower(e.Title)
	}
	for _, d := range e.Errors {
		msg += "; " + d.Message
		if d.Location != "" {
			msg += " (" + d.Location + ")"
		}
	}
	return msg
}

// Unreachable is the error of a call that no agent answered.
type Unreachable struct {
	Addr string
	Err  error
}

func (e *Unreachable) Error() string { return "no agent answers at " + e.Addr + ": " + e.Err.Error() }

func (e *Unreachable) Unwrap() error { return e.Err }

type request struct {
	method, path string
	query        url.Values
	body         io.Reader
	contentType  string
	header       http.Header
}

// send returns an answer of success, whose body the caller closes, or an error.
func (c *Client) send(ctx context.Context, r request) (*http.Response, error) {
	target := c.base + r.path
	if len(r.query) > 0 {
		target += "?" + r.query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, r.method, target, r.body)
	if err != nil {
		return nil, err
	}
	for k, v := range r.header {
		req.Header[k] = v
	}
	if r.contentType != "" {
		req.Header.Set("Content-Type", r.contentType)
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		if cause := context.Cause(ctx); cause != nil && errors.Is(ctx.Err(), context.Canceled) {
			return nil, cause
		}
		var ue *url.Error
		if errors.As(err, &ue) {
			err = ue.Err
		}
		return nil, &Unreachable{c.base, err}
	}
	if resp.StatusCode >= 200 && resp.StatusCode < 300 {
		return resp, nil
	}
	defer resp.Body.Close()
	return nil, problem(resp)
}

func problem(resp *http.Response) error {
	e := &Error{}
	body, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<16))
	if json.Unmarshal(body, &e.Problem) != nil || e.Title == "" {
		e.Title, e.Detail = http.StatusText(resp.StatusCode), strings.TrimSpace(string(body))
	}
	e.Status = resp.StatusCode
	return e
}

// Raw returns the body of a GET, as it came.
func (c *Client) Raw(ctx context.Context, path string, query url.Values) ([]byte, error) {
	resp, err := c.send(ctx, request{method: http.MethodGet, path: path, query: query})
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	return io.ReadAll(io.LimitReader(resp.Body, maxBody))
}

func get[T any](ctx context.Context, c *Client, path string, query url.Values) (T, error) {
	var v T
	body, err := c.Raw(ctx, path, query)
	if err == nil {
		err = json.Unmarshal(body, &v)
	}
	return v, err
}

// post sends body as JSON and discards the answer.
func (c *Client) post(ctx context.Context, path string, body any) error {
	r := request{method: http.MethodPost, path: path}
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return err
		}
		r.body, r.contentType = bytes.NewReader(b), "application/json"
	}
	return c.discard(ctx, r)
}

func (c *Client) discard(ctx context.Context, r request) error {
	resp, err := c.send(ctx, r)
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

// segment escapes a name or key as one segment of a path. Dots are escaped where a path cleaner would eat them.
func segment(s string) string {
	if s == "." || s == ".." {
		return strings.ReplaceAll(s, ".", "%2E")
	}
	return url.PathEscape(s)
}
