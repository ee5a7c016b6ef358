package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/grapevine-gossip/grapevine"
	"github.com/grapevine-gossip/grapevine/httpapi"
	"github.com/grapevine-gossip/grapevine/httpapi/api"
)

// Params is what an agent is run with.
type Params struct {
	Options  Options
	Settings []api.Setting                          // shown by GET /v1/config
	Reload   func() (Options, []api.Setting, error) // the settings as they are now
	Log      io.Writer
}

// RunError is a start or a life that failed although the settings are well formed.
type RunError struct {
	Err  error
	Hint string
}

func (e *RunError) Error() string { return e.Err.Error() }

func (e *RunError) Unwrap() error { return e.Err }

var errSecondSignal = errors.New("a second signal came before the goodbye was said")

// agent is a running one.
type agent struct {
	opts     Options
	log      *slog.Logger
	node     *grapevine.Node
	server   *http.Server
	leaving  chan struct{} // closed once the HTTP API asked to leave and it is done
	leaveOne sync.Once
	live     *live
}

// Run runs an agent until it has left the cluster, after a signal or a call, or can't go on. A *UsageError means that
// nothing was started.
func Run(ctx context.Context, p Params) error {
	if err := p.Options.Check(); err != nil {
		return err
	}
	a := &agent{opts: p.Options, leaving: make(chan struct{})}
	level := new(slog.LevelVar)
	a.log = newLogger(p.Log, p.Options.LogFormat, p.Options.NoColor, level)
	a.live = &live{level: level, settings: p.Settings, reload: p.Reload, log: a.log}
	a.live.apply(p.Options)
	signals := notify()
	defer signals.stop()

	l, err := p.Options.listen()
	if err != nil {
		return &RunError{fmt.Errorf("HTTP: %w", err), "choose another address with --http HOST:PORT, port 0 for a free one, or --http off"}
	}
	if err := a.start(ctx, signals); err != nil {
		if l != nil {
			l.Close()
		}
		if errors.Is(err, errStopped) {
			return nil
		}
		return err
	}
	defer a.close()
	served := a.serve(l)
	a.log.Info("agent started", "name", p.Options.Name, "cluster", p.Options.Cluster, "addr", a.node.Addr().String(), "http", httpURL(&p.Options, l))
	return a.loop(signals, served)
}

var errStopped = errors.New("a signal came during the start")

// start starts the node; a signal meanwhile ends that.
func (a *agent) start(ctx context.Context, signals *signals) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	done := make(chan struct{})
	defer close(done)
	go func() {
		select {
		case <-signals.end:
			cancel(errStopped)
		case <-done:
		}
	}()
	conf, err := a.opts.nodeConfig(a.log)
	if err != nil {
		return err
	}
	a.node, err = grapevine.Start(ctx, conf)
	if cause := context.Cause(ctx); err != nil && errors.Is(cause, errStopped) {
		return cause
	}
	a.live.node = a.node
	return startError(err)
}

// serve serves the HTTP API; the returned channel gives the error that ended it.
func (a *agent) serve(l net.Listener) <-chan error {
	failed := make(chan error, 1)
	if l == nil {
		return failed
	}
	a.server = &http.Server{
		Handler: httpapi.Handler(a.node, httpapi.Options{
			Token: a.live.token, Config: a.live.config, Reload: a.live.reloadNow, Leave: a.leaveByCall,
			AloneAfter: a.opts.AloneAfter, Pprof: a.opts.Pprof,
		}),
		ReadHeaderTimeout: 5 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(a.log.Handler(), slog.LevelDebug),
	}
	go func() {
		if err := a.server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			failed <- err
		}
	}()
	return failed
}

// loop waits for what ends the agent.
func (a *agent) loop(signals *signals, served <-chan error) error {
	for {
		select {
		case s := <-signals.end:
			a.log.Info("leaving", "signal", s.String())
			return a.leaveBySignal(signals)
		case <-signals.reload:
			if err := a.live.reloadNow(); err != nil {
				a.log.Error("reload failed, the old settings stay", "error", err)
			}
		case <-a.leaving:
			a.log.Info("left the cluster")
			return nil
		case err := <-served:
			return &RunError{fmt.Errorf("HTTP: %w", err), "look at the system's log; restart the agent"}
		case <-a.node.Done():
			return startError(a.node.Err())
		}
	}
}

func (a *agent) leaveBySignal(signals *signals) error {
	done := make(chan error, 1)
	go func() { done <- a.leave() }()
	select {
	case err := <-done:
		if err != nil {
			// Left without everybody's acknowledgement: they will find this member failed instead.
			a.log.Warn("the goodbye was not acknowledged", "error", err)
		}
		a.log.Info("left the cluster")
		return nil
	case <-signals.end:
		return &RunError{errSecondSignal, "the others will find this member failed; wait for --leave-timeout next time"}
	}
}

func (a *agent) leave() error {
	ctx, cancel := context.WithTimeout(context.Background(), a.opts.LeaveTimeout)
	defer cancel()
	return a.node.Leave(ctx)
}

// leaveByCall is for the HTTP API: the caller gets its answer before the agent ends.
func (a *agent) leaveByCall(context.Context) error {
	err := a.leave()
	a.leaveOne.Do(func() { close(a.leaving) })
	return err
}

// shutdownTimeout bounds the wait for answers that are being written.
const shutdownTimeout = 2 * time.Second

func (a *agent) close() {
	if a.server != nil {
		ctx, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
		defer cancel()
		// The node first: that ends the streams of events, for which the server would wait otherwise.
		a.closeNode()
		if a.server.Shutdown(ctx) != nil {
			a.server.Close()
		}
		return
	}
	a.closeNode()
}

func (a *agent) closeNode() {
	if err := a.node.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
		a.log.Warn("closing", "error", err)
	}
}

func httpURL(o *Options, l net.Listener) string {
	switch {
	case l == nil:
		return "off"
	case l.Addr().Network() == "unix":
		return "unix:" + l.Addr().String()
	case o.TLSCert != "":
		return "https://" + l.Addr().String()
	default:
		return "http://" + l.Addr().String()
	}
}
