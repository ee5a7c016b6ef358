// Package agent runs one member of a cluster as a process: a node, the HTTP API over it, signals and readiness.
package agent

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"
	"time"

	"github.com/spf13/pflag"
)

// Options are the agent's settings, as flags name them.
type Options struct {
	Name, Cluster              string
	Bind, Advertise, HTTP      string
	Seeds, Tags                []string
	DataDir, Preset            string
	Phi                        float64       // 0: the preset's
	Interval                   time.Duration // 0: the preset's
	LeaveTimeout, AloneAfter   time.Duration
	LogLevel, LogFormat        string
	Pprof                      bool
	TLSClientCA                string
	TokenFile, TLSCert, TLSKey string // flags of every command
	NoColor                    bool
}

// AddFlags defines the flags that only the agent has.
func (o *Options) AddFlags(fs *pflag.FlagSet) {
	host, err := os.Hostname()
	if err != nil {
		host = ""
	}
	fs.StringVar(&o.Name, "name", host, "`NAME` of this member, unique in the cluster")
	fs.StringVar(&o.Cluster, "cluster", "default", "`NAME` of the cluster; others are refused")
	fs.StringVar(&o.Bind, "bind", ":7787", "`HOST:PORT` to gossip on, UDP and TCP; port 0 takes a free one")
	fs.StringVar(&o.Advertise, "advertise", "", "`HOST:PORT` that the others reach this member at; by default found out")
	fs.StringVar(&o.HTTP, "http", "127.0.0.1:7788", "where the HTTP API listens: `HOST:PORT`, unix:PATH or off")
	fs.StringArrayVar(&o.Seeds, "seed", nil, "a member to join, `SEED`: "+SeedForms+"; may be repeated")
	fs.StringVar(&o.DataDir, "data-dir", "", "`DIR` that keeps the generation and the known peers; by default nothing is kept")
	fs.StringArrayVar(&o.Tags, "tag", nil, "a tag of this member, `k=v`; may be repeated")
	fs.StringVar(&o.Preset, "preset", "lan", "timings for a `NETWORK`: lan, wan or local")
	fs.Float64Var(&o.Phi, "phi", 8, "suspicion `LEVEL` at which a member is given up; by default the preset's")
	fs.DurationVar(&o.Interval, "interval", time.Second, "`TIME` between two probes of one member; by default the preset's")
	fs.DurationVar(&o.LeaveTimeout, "leave-timeout", 5*time.Second, "longest `TIME` to say goodbye")
	fs.DurationVar(&o.AloneAfter, "alone-after", 15*time.Second, "after this `TIME` without an answer from a seed the agent is ready alone")
	fs.StringVar(&o.TLSClientCA, "tls-client-ca", "", "`FILE` with the authorities of client certificates; with it the HTTP API asks for one")
	fs.StringVar(&o.LogLevel, "log-level", "info", "`LEVEL` of the log: debug, info, warn or error")
	fs.StringVar(&o.LogFormat, "log-format", "auto", "`FORMAT` of the log: auto (text on a terminal, else json), text or json")
	fs.BoolVar(&o.Pprof, "pprof", false, "serve Go's profiles under /debug/pprof")
}

// UsageError is a setting that can't be used. Nothing was started.
type UsageError struct {
	Msg, Hint string
}

func (e *UsageError) Error() string { return e.Msg }

func bad(hint, format string, args ...any) error {
	return &UsageError{fmt.Sprintf(format, args...), hint}
}

// Check finds what is wrong with the settings without starting anything.
func (o *Options) Check() error {
	if _, err := o.nodeConfig(slog.New(slog.DiscardHandler)); err != nil {
		return err
	}
	if _, err := parseLevel(o.LogLevel); err != nil {
		return err
	}
	if o.LogFormat != "auto" && o.LogFormat != "text" && o.LogFormat != "json" {
		return bad("one of auto, text, json", "--log-format %q is not known", o.LogFormat)
	}
	if o.LeaveTimeout <= 0 || o.AloneAfter < 0 {
		return bad("a time above zero, such as 5s", "--leave-timeout and --alone-after can't be negative")
	}
	return errors.Join(o.checkHTTP(), o.checkFiles())
}

func (o *Options) checkHTTP() error {
	if path, ok := strings.CutPrefix(o.HTTP, "unix:"); ok {
		if path == "" {
			return bad("--http unix:/run/grapevine.sock", "--http %q has no path", o.HTTP)
		}
		return nil
	}
	if o.HTTP == "off" {
		return nil
	}
	return checkHostPort("--http", o.HTTP)
}

func checkHostPort(flag, addr string) error {
	_, port, err := net.SplitHostPort(addr)
	if err == nil {
		_, err = net.LookupPort("tcp", port)
	}
	if err != nil || port == "" {
		return bad(flag+" 127.0.0.1:7788", "%s %q is not HOST:PORT", flag, addr)
	}
	return nil
}

func (o *Options) checkFiles() error {
	if (o.TLSCert == "") != (o.TLSKey == "") {
		return bad("give both --tls-cert and --tls-key", "--tls-cert and --tls-key belong together")
	}
	if o.TLSClientCA != "" && o.TLSCert == "" {
		return bad("add --tls-cert and --tls-key", "--tls-client-ca needs a certificate of the agent's own")
	}
	if o.TokenFile != "" {
		if _, err := ReadToken(o.TokenFile); err != nil {
			return bad("name a file that holds one line, the token", "--token-file: %v", err)
		}
	}
	if _, err := o.tlsConfig(); err != nil {
		return bad("name PEM files with --tls-cert, --tls-key and --tls-client-ca", "%v", err)
	}
	return nil
}

// tagMap turns k=v into a map.
func (o *Options) tagMap() (map[string]string, error) {
	tags := map[string]string{}
	for _, t := range o.Tags {
		k, v, ok := strings.Cut(t, "=")
		if !ok || k == "" {
			return nil, bad("--tag zone=a", "--tag %q is not k=v", t)
		}
		tags[k] = v
	}
	return tags, nil
}

// ReadToken reads a bearer token: the file's only line.
func ReadToken(path string) (string, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	token := strings.TrimSpace(string(b))
	if token == "" {
		return "", fmt.Errorf("%s is empty", path)
	}
	if strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", fmt.Errorf("%s holds more than one word of printable ASCII", path)
	}
	return token, nil
}
