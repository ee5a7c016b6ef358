package gossip

import (
	"github.com/grapevine-gossip/grapevine/internal/intern"
	"github.com/grapevine-gossip/grapevine/internal/publish"
	"github.com/grapevine-gossip/grapevine/internal/view"
)

// Shared lets machines that run in one goroutine hold once what is equal: records, views, and what they publish. It
// changes nothing but the memory that they take.
type Shared struct {
	views     *view.Shared
	published *intern.Table[publish.Member]
}

// NewShared makes an empty one.
func NewShared() *Shared {
	return &Shared{views: view.NewShared(), published: intern.New[publish.Member]()}
}
