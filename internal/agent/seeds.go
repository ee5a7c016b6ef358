package agent

import (
	"github.com/grapevine-gossip/grapevine"
)

// SeedForms are the ways to name a seed.
const SeedForms = "host:port, dns:name:port, srv:_gossip._udp.name or file:path"

// CheckSeeds finds the first seed that has none of the forms. Nothing is resolved.
func CheckSeeds(seeds []string) error {
	for _, s := range seeds {
		if err := grapevine.CheckSeed(s); err != nil {
			return err
		}
	}
	return nil
}
