package grapevine

import (
	"time"

	"github.com/grapevine-gossip/grapevine/internal/datadir"
	"github.com/grapevine-gossip/grapevine/internal/publish"
)

// keepEvery is how often the known peers are written, if they changed.
const keepEvery = 5 * time.Second

// keep writes the generation and the known peers to the data directory, away from the loop.
func (n *Node) keep() {
	if n.dir == nil {
		return
	}
	var view, generation uint64 // as kept
	save := func() {
		snap := n.state.Load().snap
		if snap.Self.Life.Generation == generation && (snap.View == view || snap.Size == 1) {
			return
		}
		if err := n.dir.Save(n.kept(snap)); err != nil {
			n.log.cannotKeep(n.cfg.DataDir, err)
			return // it is tried again
		}
		generation, view = snap.Self.Life.Generation, snap.View
	}
	for {
		save()
		select {
		case <-n.cfg.Clock.After(keepEvery):
		case <-n.quit:
			save()
			return
		}
	}
}

func (n *Node) kept(snap *publish.Snapshot) datadir.State {
	s := datadir.State{Generation: snap.Self.Life.Generation}
	for name, m := range snap.Members.All() {
		if name != n.cfg.Name && inView(m.State) && len(s.Peers) < datadir.MaxPeers {
			s.Peers = append(s.Peers, datadir.Peer{Name: name, Addr: m.Addr.String()})
		}
	}
	if len(s.Peers) == 0 {
		s.Peers = n.dir.State().Peers
	}
	return s
}
