package grapevine

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"time"
)

// advertised finds the address that the others are told: what is configured, else what is bound, else the local address
// of the route to the first seed.
func advertised(ctx context.Context, cfg Config, bound netip.AddrPort) (netip.AddrPort, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	seed, haveSeed := firstSeed(ctx, cfg.Seeds)
	addr := bound
	switch {
	case cfg.Advertise != "":
		host, port, err := splitHostPort(cfg.Advertise)
		if err != nil {
			return addr, &ConfigError{"Advertise", cfg.Advertise, err.Error()}
		}
		p, _ := strconv.ParseUint(port, 10, 16) // checked with the rest of the configuration
		found, err := lookUp(ctx, host, uint16(p))
		if err != nil || len(found) == 0 {
			return addr, &ConfigError{"Advertise", cfg.Advertise, fmt.Sprintf("can't be resolved: %v", err)}
		}
		addr = found[0]
	case bound.Addr().IsUnspecified():
		addr = netip.AddrPortFrom(localAddr(seed, haveSeed), bound.Port())
	}
	addr = netip.AddrPortFrom(addr.Addr().Unmap().WithZone(""), addr.Port())
	if haveSeed && addr.Addr().IsLoopback() && !seed.Addr().IsLoopback() {
		return addr, &ConfigError{"Advertise", addr.String(), fmt.Sprintf(
			"a loopback address can't be reached from the seed %s: set Bind or Advertise to an address that it can reach", seed)}
	}
	return addr, nil
}

// firstSeed is the first seed that resolves.
func firstSeed(ctx context.Context, seeds []string) (netip.AddrPort, bool) {
	for _, s := range seeds {
		if addrs, _ := resolveSeed(ctx, s); len(addrs) > 0 {
			return netip.AddrPortFrom(addrs[0].Addr().Unmap(), addrs[0].Port()), true
		}
	}
	return netip.AddrPort{}, false
}

// localAddr is the address from which the seed would be reached, or, without seeds, the first that is not loopback.
// Connecting a UDP socket sends nothing.
func localAddr(seed netip.AddrPort, haveSeed bool) netip.Addr {
	if haveSeed {
		if c, err := net.Dial("udp", seed.String()); err == nil {
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
