package grapevine

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/gossip"
)

// CheckSeed reports what is wrong with the form of a seed, without resolving it. The error wraps ErrConfig.
func CheckSeed(s string) error {
	kind, rest := seedKind(s)
	switch kind {
	case "file":
		if rest == "" {
			return &ConfigError{"Seed", s, "file: needs a path"}
		}
		return nil
	case "srv":
		service, name, _ := strings.Cut(rest, ".")
		if !strings.HasPrefix(service, "_") || !strings.HasPrefix(name, "_") || strings.ContainsAny(rest, " /:") {
			return &ConfigError{"Seed", s, "must be like srv:_gossip._udp.example.org"}
		}
		return nil
	}
	host, port, err := splitHostPort(rest)
	if err != nil || host == "" {
		return &ConfigError{"Seed", s, "must be host:port, dns:name:port, srv:_gossip._udp.name or file:path"}
	}
	if p, err := strconv.ParseUint(port, 10, 16); err != nil || p == 0 {
		return &ConfigError{"Seed", s, "needs a port from 1 to 65535"}
	}
	if strings.ContainsAny(host, " /@") {
		return &ConfigError{"Seed", s, "has characters that no host name has"}
	}
	return nil
}

func seedKind(s string) (kind, rest string) {
	for _, k := range []string{"dns", "srv", "file"} {
		if r, ok := strings.CutPrefix(s, k+":"); ok {
			return k, r
		}
	}
	return "host", s
}

func splitHostPort(s string) (host, port string, err error) { return net.SplitHostPort(s) }

// resolver turns seeds into addresses, again and again: names move.
type resolver struct {
	node *Node

	mu    sync.Mutex
	seeds []string
	known []string // addresses of former peers, from the data directory
	wake  chan struct{}
}

const (
	resolveFirst   = time.Second // while alone; doubles
	resolveLast    = 30 * time.Second
	resolveSettled = time.Minute
	resolveWithin  = 5 * time.Second
)

func newResolver(n *Node, seeds, known []string) *resolver {
	return &resolver{node: n, seeds: slices.Clone(seeds), known: known, wake: make(chan struct{}, 1)}
}

func (r *resolver) any() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.seeds)+len(r.known) > 0
}

func (r *resolver) set(seeds []string) { r.change(func() { r.seeds = slices.Clone(seeds) }) }

func (r *resolver) add(seeds []string) {
	r.change(func() {
		for _, s := range seeds {
			if !slices.Contains(r.seeds, s) {
				r.seeds = append(r.seeds, s)
			}
		}
	})
}

func (r *resolver) change(f func()) {
	r.mu.Lock()
	f()
	r.mu.Unlock()
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// run resolves for as long as the node lives, and hands what changed to the machine.
func (r *resolver) run() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() { // a look-up under way must not outlive the node
		<-r.node.quit
		cancel()
	}()
	var last []netip.AddrPort
	wait := resolveFirst
	for {
		r.mu.Lock()
		seeds, known := slices.Clone(r.seeds), r.known
		r.mu.Unlock()
		addrs, err := r.resolveAll(ctx, seeds)
		if err != nil {
			r.node.log.unresolved(err)
		}
		for _, k := range known {
			if a, err := netip.ParseAddrPort(k); err == nil && !slices.Contains(addrs, a) {
				addrs = append(addrs, a)
			}
		}
		if !slices.Equal(addrs, last) {
			last = addrs
			_, _ = r.node.do(gossip.SetSeeds{Addrs: addrs}) // after Leave or Close there is nothing to seek
		}
		if snap := r.node.snapshot(); snap != nil && snap.Size > 1 {
			wait = resolveSettled
		} else {
			wait = min(2*wait, resolveLast)
		}
		select {
		case <-r.node.cfg.Clock.After(wait):
		case <-r.wake:
			wait = resolveFirst
		case <-r.node.quit:
			return
		}
	}
}

// resolveAll resolves what can be; the error tells of the rest.
func (r *resolver) resolveAll(ctx context.Context, seeds []string) ([]netip.AddrPort, error) {
	ctx, cancel := context.WithTimeout(ctx, resolveWithin)
	defer cancel()
	var out []netip.AddrPort
	var errs []error
	for _, s := range seeds {
		addrs, err := resolveSeed(ctx, s)
		if err != nil {
			errs = append(errs, fmt.Errorf("seed %s: %w", s, err))
		}
		for _, a := range addrs {
			if a = netip.AddrPortFrom(a.Addr().Unmap(), a.Port()); !slices.Contains(out, a) {
				out = append(out, a)
			}
		}
	}
	return out, errors.Join(errs...)
}

func resolveSeed(ctx context.Context, s string) ([]netip.AddrPort, error) {
	kind, rest := seedKind(s)
	switch kind {
	case "srv":
		return resolveSRV(ctx, rest)
	case "file":
		return resolveFile(ctx, rest)
	}
	host, port, err := splitHostPort(rest)
	if err != nil {
		return nil, err
	}
	p, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return nil, err
	}
	return lookUp(ctx, host, uint16(p))
}

func lookUp(ctx context.Context, host string, port uint16) ([]netip.AddrPort, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.AddrPort{netip.AddrPortFrom(a, port)}, nil
	}
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	out := make([]netip.AddrPort, len(ips))
	for i, ip := range ips {
		out[i] = netip.AddrPortFrom(ip, port)
	}
	return out, err
}

func resolveSRV(ctx context.Context, name string) ([]netip.AddrPort, error) {
	_, records, err := net.DefaultResolver.LookupSRV(ctx, "", "", name)
	if err != nil {
		return nil, err
	}
	var out []netip.AddrPort
	var errs []error
	for _, rec := range records {
		addrs, err := lookUp(ctx, strings.TrimSuffix(rec.Target, "."), rec.Port)
		out = append(out, addrs...)
		errs = append(errs, err)
	}
	return out, errors.Join(errs...)
}

// resolveFile reads one seed a line; blank lines and those that begin with '#' are passed over.
func resolveFile(ctx context.Context, path string) ([]netip.AddrPort, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var out []netip.AddrPort
	var errs []error
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if kind, _ := seedKind(line); kind == "file" {
			errs = append(errs, fmt.Errorf("%s: a file of seeds can't name another", path))
			continue
		}
		if err := CheckSeed(line); err != nil {
			errs = append(errs, err)
			continue
		}
		addrs, err := resolveSeed(ctx, line)
		out = append(out, addrs...)
		errs = append(errs, err)
	}
	return out, errors.Join(append(errs, lines.Err())...)
}
