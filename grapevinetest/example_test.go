package grapevinetest_test

import (
	"fmt"
	"net/netip"

	"github.com/grapevine-gossip/grapevine/grapevinetest"
)

func Example() {
	network := grapevinetest.NewNetwork(1)
	a := network.Transport("10.0.0.1:7787") // to be given to a node
	b := network.Transport("")
	defer a.Close()
	defer b.Close()

	network.Partition([]netip.AddrPort{a.LocalAddr()}, []netip.AddrPort{b.LocalAddr()})
	_ = a.WriteTo([]byte("are you there?"), b.LocalAddr())
	network.Heal()
	_ = a.WriteTo([]byte("and now?"), b.LocalAddr())

	buf := make([]byte, 1200)
	n, from, err := b.ReadFrom(buf)
	fmt.Printf("%s hears %q from %s, %v\n", b.LocalAddr(), buf[:n], from, err)
	// Output: 10.0.0.2:7787 hears "and now?" from 10.0.0.1:7787, <nil>
}
