package stability

import (
	"slices"

	"github.com/grapevine-gossip/grapevine/internal/view"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// keptViews is about how many views that are not held reports are kept: more than change within the second after which
// a report is said again.
const keptViews = 64

// kept holds the reports about views that this member does not hold, or not yet.
type kept struct {
	byView map[uint64]*keptView
	order  []uint64 // views, those heard of last at the end
	limit  int      // views
}

// keptView is what was heard of one view: the highest epoch, and the furthest report of each child.
type keptView struct {
	epoch uint32
	ups   []keptUp // at most view.TreeArity: nobody has more children
}

type keptUp struct {
	from  uint64
	epoch uint32
	phase wire.Phase
}

func newKept() kept { return kept{byView: map[uint64]*keptView{}, limit: keptViews} }

// add keeps a report; false if there is no room for it, so that it must not be acknowledged.
func (k *kept) add(from uint64, m wire.Up) bool {
	kv := k.note(m.View, m.Epoch)
	i := slices.IndexFunc(kv.ups, func(u keptUp) bool { return u.from == from })
	if i < 0 {
		if len(kv.ups) == view.TreeArity {
			return false
		}
		kv.ups = append(kv.ups, keptUp{from, m.Epoch, m.Phase})
		return true
	}
	u := &kv.ups[i]
	if m.Epoch > u.epoch || m.Epoch == u.epoch && m.Phase > u.phase {
		u.epoch, u.phase = m.Epoch, m.Phase
	}
	return true
}

// note remembers that an epoch is in use in a view.
func (k *kept) note(hash uint64, epoch uint32) *keptView {
	kv := k.byView[hash]
	if kv == nil {
		kv = &keptView{}
		k.byView[hash] = kv
	} else {
		k.drop(hash)
	}
	k.order = append(k.order, hash)
	if len(k.order) > k.limit {
		delete(k.byView, k.order[0])
		k.drop(k.order[0])
	}
	kv.epoch = max(kv.epoch, epoch)
	return kv
}

// take hands out what was kept about a view that is being entered.
func (k *kept) take(hash uint64) keptView {
	kv := k.byView[hash]
	if kv == nil {
		return keptView{}
	}
	delete(k.byView, hash)
	k.drop(hash)
	return *kv
}

func (k *kept) drop(hash uint64) {
	i := slices.Index(k.order, hash)
	k.order = slices.Delete(k.order, i, i+1)
}
