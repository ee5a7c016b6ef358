package admission

import (
	"math/rand/v2"
	"testing"

	"github.com/grapevine-gossip/grapevine/internal/store"
	"github.com/grapevine-gossip/grapevine/internal/view"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// Everybody who failed is contacted once in each round, whoever comes or goes meanwhile.
func TestAllFailedHaveTheirTurn(t *testing.T) {
	var pool []*store.Member
	for i := range 30 {
		pool = append(pool, &store.Member{Member: view.NewMember(wire.Record{Name: string(rune('a' + i))})})
	}
	rng := rand.New(rand.NewPCG(1, 1))
	var r rota
	for range 12 {
		r.next(rng, pool)
	}
	pool = pool[5:] // some are back
	for range 18 {  // the rest of the round
		if len(r) > 0 {
			r.next(rng, pool)
		}
	}
	seen := map[uint64]bool{}
	for range len(pool) + len(r) {
		seen[r.next(rng, pool).ID] = true
	}
	if len(seen) != len(pool) {
		t.Errorf("%d of %d had a turn", len(seen), len(pool))
	}
}
