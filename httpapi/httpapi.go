// Package httpapi serves a Grapevine node over HTTP: members, keys, events, health and metrics. The OpenAPI document at
// /v1/openapi.yaml describes it; package client speaks it.
//
// Without a token only connections that arrive at a loopback address or a unix socket may use it; others get health and
// metrics. Errors are problem+json.
package httpapi

import (
	"context"
	"net/http"
	"net/http/pprof"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/grapevine-gossip/grapevine"
	"github.com/grapevine-gossip/grapevine/httpapi/api"
	"github.com/grapevine-gossip/grapevine/prom"
)

// Options are the optional parts of a Handler. The zero value is good for a program that mounts it on loopback.
type Options struct {
	Token      func() string               // the bearer token in force; nil or "" for none
	Config     func() []api.Setting        // for GET /v1/config
	Reload     func() error                // for POST /v1/reload
	Leave      func(context.Context) error // for POST /v1/leave; nil: the node's own
	AloneAfter time.Duration               // ready alone after this time without an answer from a seed; 0: 15 s
	Pprof      bool                        // serve /debug/pprof
	Heartbeat  time.Duration               // between signs of life on quiet streams of events; 0: 15 s
}

// server is one Handler.
type server struct {
	node    *grapevine.Node
	opts    Options
	history *history
	started time.Time
	tags    sync.Mutex // held while all tags are read and written back with one changed
}

// Handler serves a node. It follows the node's events from now on, until the node is closed.
func Handler(node *grapevine.Node, o Options) http.Handler {
	if o.Token == nil {
		o.Token = func() string { return "" }
	}
	if o.Leave == nil {
		o.Leave = node.Leave
	}
	setDefault(&o.AloneAfter, 15*time.Second)
	setDefault(&o.Heartbeat, 15*time.Second)
	s := &server{node: node, opts: o, history: newHistory(), started: time.Now()}
	go s.history.record(node.Subscribe(grapevine.Filter{}))

	mux := http.NewServeMux()
	a := newAPI(mux)
	s.registerMembers(a)
	s.registerKeys(a)
	s.registerTags(a)
	s.registerControl(a)
	s.registerEvents(a)
	s.registerHealth(a)
	mux.Handle("GET /v1/openapi.yaml", document(a))
	mux.Handle("GET /metrics", metrics(node))
	if o.Pprof {
		mux.HandleFunc("GET /debug/pprof/", pprof.Index)
		mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
		mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
		mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
		mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	}
	return guard(o.Token, keepKeys(withProblems(mux)))
}

func setDefault(d *time.Duration, v time.Duration) {
	if *d == 0 {
		*d = v
	}
}

func newAPI(mux *http.ServeMux) huma.API {
	c := huma.DefaultConfig("Grapevine", "1")
	// The document is served by this package. No docs page: it would load scripts from elsewhere. No schema links.
	c.OpenAPIPath, c.DocsPath, c.SchemasPath, c.CreateHooks = "", "", "", nil
	c.RejectUnknownQueryParameters = true
	// What curl -d sends is JSON all the same.
	c.Formats = map[string]huma.Format{
		"application/json":                  huma.DefaultJSONFormat,
		"json":                              huma.DefaultJSONFormat,
		"application/x-www-form-urlencoded": huma.DefaultJSONFormat,
	}
	return humago.New(mux, c)
}

func metrics(node *grapevine.Node) http.Handler {
	r := prometheus.NewRegistry()
	r.MustRegister(prom.NewCollector(node))
	return promhttp.HandlerFor(r, promhttp.HandlerOpts{Registry: r})
}
