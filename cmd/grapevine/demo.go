package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/grapevine-gossip/grapevine"
	"github.com/grapevine-gossip/grapevine/httpapi"
	"github.com/grapevine-gossip/grapevine/internal/demo"
	"github.com/grapevine-gossip/grapevine/internal/local"
)

// share is a flag for a part of all: 5% or 0.05.
type share float64

func (s *share) String() string { return strconv.FormatFloat(100*float64(*s), 'f', -1, 64) + "%" }

func (s *share) Type() string { return "share" }

func (s *share) Set(text string) error {
	number, isPercent := strings.CutSuffix(text, "%")
	v, err := strconv.ParseFloat(number, 64)
	if isPercent {
		v /= 100
	}
	if err != nil || !(v >= 0 && v < 1) {
		return fmt.Errorf("%q is not a share such as 5%% or 0.05, below 100%%", text)
	}
	*s = share(v)
	return nil
}

type demoFlags struct {
	members int
	loss    share
	latency time.Duration
	script  bool
}

func (c *cli) demoCommand() *cobra.Command {
	var f demoFlags
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Run a whole cluster in this process and play with it",
		Long: `Run a cluster of real members in this process, over UDP on loopback, and play with it: ` + demo.Help + `.

With --script it plays a story by itself and checks every step: start, update, crash, return, partition, healing,
leave, and a stranger that is refused. Exit 0 only if every step held.`,
		Example: "  grapevine demo -n 21 --script\n  grapevine demo -n 21 --loss 5% --latency 20ms",
		Args:    args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.latency < 0 || f.latency > time.Second {
				return usagef("--latency 20ms", "--latency %v is not between 0 and 1s", f.latency)
			}
			ctx, stop := untilSignal(cmd.Context())
			defer stop()
			cluster := local.New(local.Options{Cluster: "demo", Loss: float64(f.loss), Latency: f.latency})
			defer cluster.Close()
			if f.script {
				return c.demoScript(ctx, cluster, f)
			}
			return c.demoPlay(ctx, cluster, f)
		},
	}
	cmd.Flags().IntVarP(&f.members, "nodes", "n", 21, "`NUMBER` of members at the start")
	cmd.Flags().Var(&f.loss, "loss", "`SHARE` of the packets that are lost, such as 5%")
	cmd.Flags().DurationVar(&f.latency, "latency", 0, "added `TIME` one way")
	cmd.Flags().BoolVar(&f.script, "script", false, "play the story unattended and exit 0 or 1")
	return cmd
}

// untilSignal ends the context at INT or TERM.
func untilSignal(parent context.Context) (context.Context, context.CancelFunc) {
	return signal.NotifyContext(parent, os.Interrupt, syscall.SIGTERM)
}

// Bounds of -n: the story kills three, cuts a third off and lets one leave.
const (
	leastStory = 9
	leastPlay  = 2
	mostDemo   = 300
)

func (c *cli) demoScript(ctx context.Context, cluster *local.Cluster, f demoFlags) error {
	if f.members < leastStory || f.members > mostDemo {
		return usagef("-n 21", "the story needs %d to %d members, not %d", leastStory, mostDemo, f.members)
	}
	story := demo.Story{Cluster: cluster, Members: f.members, Out: c.out, Color: c.coloured()}
	err := story.Run(ctx)
	if ctx.Err() != nil {
		return errInterrupted
	}
	if err != nil {
		return &failure{exitError, err, "run it again on a quieter machine; --loss 0 --latency 0 are the easiest conditions"}
	}
	return nil
}

func (c *cli) demoPlay(ctx context.Context, cluster *local.Cluster, f demoFlags) error {
	if f.members < leastPlay || f.members > mostDemo {
		return usagef("-n 21", "the demo needs %d to %d members, not %d", leastPlay, mostDemo, f.members)
	}
	out := c.out
	if in, ok := c.in.(*os.File); ok && term.IsTerminal(int(in.Fd())) {
		out = crlf{c.out}
	}
	play := demo.Play{Cluster: cluster, Members: f.members, In: c.in, Out: out}
	err := play.Run(ctx, func(seed *grapevine.Node) error { return serveDemo(ctx, seed, out) })
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// serveDemo serves the seed's HTTP API at the usual port if it is free, so that the other commands work without flags.
func serveDemo(ctx context.Context, seed *grapevine.Node, out io.Writer) error {
	l, err := net.Listen("tcp", "127.0.0.1:7788")
	if err != nil {
		if l, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			return err
		}
	}
	server := &http.Server{
		Handler:           httpapi.Handler(seed, httpapi.Options{}),
		ReadHeaderTimeout: 5 * time.Second,
		ErrorLog:          slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
	}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	go func() {
		// It ends with ErrServerClosed when the demo does; the demo goes on without it otherwise.
		_ = server.Serve(l)
	}()
	fmt.Fprintf(out, "the seed's HTTP API is at http://%s, try: grapevine --addr http://%s members\n", l.Addr(), l.Addr())
	return nil
}

// crlf adds the carriage returns that a terminal in raw mode needs.
type crlf struct{ w io.Writer }

func (c crlf) Write(b []byte) (int, error) {
	_, err := io.WriteString(c.w, strings.ReplaceAll(string(b), "\n", "\r\n"))
	return len(b), err
}
