package grapevine

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
)

// advertised finds the address that the others are told: what is configured, else what is bound, else the local address
// of the route to a seed, preferably one on another machine.
func advertised(ctx context.Context, cfg Config, bound netip.AddrPort) (netip.AddrPort, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*resolveAtStart)
	defer cancel()
	addr, err := given(ctx, cfg.Advertise, bound)
	if err != nil || !addr.Addr().IsUnspecified() && !addr.Addr().IsLoopback() {
		return addr, err
	}
	seeds, _ := resolveAll(ctx, cfg.Seeds) // what can't be resolved is tried again later
	if addr.Addr().IsUnspecified() {
		addr = netip.AddrPortFrom(localAddr(seeds).WithZone(""), addr.Port())
	}
	return addr, reachableFrom(addr, seeds)
}

// given is the configured address, else the bound one.
func given(ctx context.Context, advertise string, bound netip.AddrPort) (netip.AddrPort, error) {
	addr := bound
	if advertise != "" {
		found, err := resolveHost(ctx, advertise)
		if err != nil || len(found) == 0 {
			return addr, &ConfigError{"Advertise", advertise, fmt.Sprintf("can't be resolved: %v", err)}
		}
		addr = found[0]
	}
	return netip.AddrPortFrom(addr.Addr().Unmap().WithZone(""), addr.Port()), nil
}

// reachableFrom refuses to tell members on other machines a loopback address.
func reachableFrom(addr netip.AddrPort, seeds []netip.AddrPort) error {
	if i := elsewhere(seeds); i >= 0 && addr.Addr().IsLoopback() {
		return &ConfigError{"Advertise", addr.String(), fmt.Sprintf(
			"a loopback address can't be reached from the seed %s: set Bind or Advertise to an address that it can reach", seeds[i])}
	}
	return nil
}

// elsewhere is the index of the first address that is not loopback, -1 if there is none.
func elsewhere(addrs []netip.AddrPort) int {
	return slices.IndexFunc(addrs, func(a netip.AddrPort) bool { return !a.Addr().IsLoopback() })
}

// localAddr is the address from which the first seed on another machine would be reached, else the first seed, or,
// without seeds, the first address that is not loopback. Connecting a UDP socket sends nothing.
func localAddr(seeds []netip.AddrPort) netip.Addr {
	if len(seeds) > 0 {
		if c, err := net.Dial("udp", seeds[max(elsewhere(seeds), 0)].String()); err == nil {
			defer c.Close()
			if a, ok := c.LocalAddr().(*net.UDPAddr); ok {
				return a.AddrPort().Addr().Unmap()
			}
		}
	}
	addrs, _ := net.InterfaceAddrs()
	var six netip.Addr
	for _, a := range addrs {
		p, err := netip.ParsePrefix(a.String())
		if err != nil || !p.Addr().IsGlobalUnicast() {
			continue
		}
		if p.Addr().Is4() {
			return p.Addr()
		}
		if !six.IsValid() {
			six = p.Addr()
		}
	}
	if six.IsValid() {
		return six
	}
	return netip.AddrFrom4([4]byte{127, 0, 0, 1})
}
