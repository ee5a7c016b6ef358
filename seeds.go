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

	"github.com/grapevine-gossip/grapevine/internal/datadir"
	"github.com/grapevine-gossip/grapevine/internal/gossip"
)

// checkSeeds checks the number and the form of seeds.
func checkSeeds(seeds []string) error {
	if len(seeds) > maxSeeds {
		return &ConfigError{"Seeds", fmt.Sprint(len(seeds)), fmt.Sprintf("are more than %d", maxSeeds)}
	}
	for _, s := range seeds {
		if err := CheckSeed(s); err != nil {
			return err
		}
	}
	return nil
}

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
	known []netip.AddrPort // of former peers, from the data directory
	addrs []netip.AddrPort // what the machine was given last
	wake  chan struct{}

	good map[string][]netip.AddrPort // the last answer for each seed that had one; run's own
}

const (
	resolveFirst   = time.Second // while alone; doubles
	resolveLast    = 30 * time.Second
	resolveSettled = time.Minute
	// resolveWithin bounds one look-up, resolveAtStart the first ones: a seed that has an address must not wait for
	// another that has none.
	resolveWithin  = 5 * time.Second
	resolveAtStart = time.Second
	// maxSeeds bounds the seeds that are given, those of a file, and the addresses of all.
	maxSeeds = 256
)

func newResolver(n *Node, seeds []string, peers []datadir.Peer) *resolver {
	r := &resolver{node: n, seeds: slices.Clone(seeds), wake: make(chan struct{}, 1), good: map[string][]netip.AddrPort{}}
	for _, p := range peers {
		if a, err := netip.ParseAddrPort(p.Addr); err == nil {
			r.known = append(r.known, a)
		}
	}
	return r
}

func (r *resolver) any() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.seeds)+len(r.known) > 0
}

// resolved is what the seeds resolved to last, and where former peers were.
func (r *resolver) resolved() []netip.AddrPort {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.addrs
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
	within, next := resolveAtStart, resolveFirst
	for {
		if err := r.turn(ctx, within); err != nil {
			r.node.log.unresolved(err)
		}
		within = resolveWithin
		wait := next
		next = min(2*next, resolveLast)
		if snap := r.node.snapshot(); snap != nil && snap.Size > 1 {
			wait, next = resolveSettled, resolveFirst
		}
		select {
		case <-r.node.cfg.Clock.After(wait):
		case <-r.wake:
			next = resolveFirst
		case <-r.node.quit:
			return
		}
	}
}

// turn resolves all seeds once. The error tells of those that can't be: they keep the addresses they had.
func (r *resolver) turn(ctx context.Context, within time.Duration) error {
	r.mu.Lock()
	seeds, last := slices.Clone(r.seeds), r.addrs
	r.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	found, errs := resolveEach(ctx, seeds)
	err := errors.Join(errs...)
	if r.node.closed() {
		return nil
	}
	var addrs []netip.AddrPort
	good := map[string][]netip.AddrPort{}
	for i, s := range seeds {
		if good[s] = found[i]; len(found[i]) == 0 && errs[i] != nil {
			good[s] = r.good[s]
		}
		addrs = appendNew(addrs, good[s])
	}
	r.good = good
	addrs = appendNew(addrs, r.known)
	if slices.Equal(addrs, last) {
		return err
	}
	r.hand(addrs) // first: they may refuse this member before the call is back
	if _, failed := r.node.do(gossip.SetSeeds{Addrs: addrs}); failed != nil {
		r.hand(last) // it has left: the next turn tries again
	}
	return err
}

// hand notes what the machine is given.
func (r *resolver) hand(addrs []netip.AddrPort) {
	r.mu.Lock()
	r.addrs = addrs
	r.mu.Unlock()
}

// appendNew adds the addresses that are not there yet, up to the bound.
func appendNew(addrs, more []netip.AddrPort) []netip.AddrPort {
	for _, a := range more {
		if len(addrs) < maxSeeds && !slices.Contains(addrs, a) {
			addrs = append(addrs, a)
		}
	}
	return addrs
}

// resolveAll resolves what can be; the error tells of the rest.
func resolveAll(ctx context.Context, seeds []string) ([]netip.AddrPort, error) {
	var out []netip.AddrPort
	found, errs := resolveEach(ctx, seeds)
	for _, addrs := range found {
		out = appendNew(out, addrs)
	}
	return out, errors.Join(errs...)
}

// resolveEach resolves all seeds at the same time: none waits for another's name server.
func resolveEach(ctx context.Context, seeds []string) ([][]netip.AddrPort, []error) {
	out, errs := make([][]netip.AddrPort, len(seeds)), make([]error, len(seeds))
	var wg sync.WaitGroup
	for i, s := range seeds {
		wg.Go(func() {
			addrs, err := resolveSeed(ctx, s)
			for j, a := range addrs {
				addrs[j] = netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
			}
			if out[i] = addrs; err != nil {
				errs[i] = fmt.Errorf("seed %s: %w", s, err)
			}
		})
	}
	wg.Wait()
	return out, errs
}

func resolveSeed(ctx context.Context, s string) ([]netip.AddrPort, error) {
	kind, rest := seedKind(s)
	switch kind {
	case "srv":
		return resolveSRV(ctx, rest)
	case "file":
		return resolveFile(ctx, rest)
	}
	return resolveHost(ctx, rest)
}

func resolveHost(ctx context.Context, hostPort string) ([]netip.AddrPort, error) {
	host, port, err := splitHostPort(hostPort)
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
	seeds, err := readSeeds(path)
	addrs, failed := resolveAll(ctx, seeds)
	return addrs, errors.Join(err, failed)
}

// readSeeds gives the seeds of a file that are right, and an error for the rest.
func readSeeds(path string) ([]string, error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", path) // a pipe would make Close wait for its writer
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var seeds []string
	var errs []error
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		kind, _ := seedKind(line)
		err := CheckSeed(line)
		switch {
		case len(seeds) == maxSeeds:
			return seeds, errors.Join(append(errs, fmt.Errorf("%s has more than %d seeds: the rest is not used", path, maxSeeds))...)
		case kind == "file":
			errs = append(errs, fmt.Errorf("%s: a file of seeds can't name another", path))
		case err != nil:
			errs = append(errs, err)
		default:
			seeds = append(seeds, line)
		}
	}
	return seeds, errors.Join(append(errs, lines.Err())...)
}
