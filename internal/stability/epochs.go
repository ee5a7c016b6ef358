package stability

import (
	"container/list"
	"time"
)

// How much is remembered of views that were held (rules/dissemination.md 6a).
const (
	epochViews = 4096
	epochFor   = 24 * time.Hour
)

// maxEpoch is the highest epoch that is used or believed. A view would have to come back ten times a second for years.
const maxEpoch = 1<<31 - 1

// epochs remembers the last epoch held in each view that was left.
type epochs struct {
	floor  uint32 // above every epoch forgotten: where a view that is not remembered is entered
	byView map[uint64]*list.Element
	order  *list.List // of pastView, by the time of leaving
	limit  int        // views remembered
}

type pastView struct {
	view  uint64
	epoch uint32
	left  time.Duration
}

func newEpochs() epochs {
	return epochs{byView: map[uint64]*list.Element{}, order: list.New(), limit: epochViews}
}

// enter is the epoch to enter a view with, and whether the view is new. It may exceed maxEpoch by one.
func (e *epochs) enter(now time.Duration, view uint64) (epoch uint32, fresh bool) {
	e.forget(now)
	el := e.byView[view]
	if el == nil {
		return e.floor, true
	}
	delete(e.byView, view)
	return min(e.order.Remove(el).(pastView).epoch, maxEpoch) + 1, false
}

// leave remembers the epoch last held in a view.
func (e *epochs) leave(now time.Duration, view uint64, epoch uint32) {
	e.byView[view] = e.order.PushBack(pastView{view, epoch, now})
	e.forget(now)
}

// forget drops what is old or too much, and makes sure that no epoch is used twice in a view that comes back.
func (e *epochs) forget(now time.Duration) {
	for el := e.order.Front(); el != nil; el = e.order.Front() {
		p := el.Value.(pastView)
		if e.order.Len() <= e.limit && now-p.left < epochFor {
			return
		}
		e.order.Remove(el)
		delete(e.byView, p.view)
		e.raise(min(p.epoch, maxEpoch) + 1)
	}
}

// raise lifts the floor to at least this epoch.
func (e *epochs) raise(epoch uint32) { e.floor = max(e.floor, epoch) }
