package grapevine

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"
)

// logQueue is a slog.Handler in front of the application's: that one may write to a pipe that nobody reads, or call the
// node, and the loop must not wait for either. When it falls behind, messages are lost, and counted.
type logQueue struct {
	to      slog.Handler // nil: nobody listens
	records chan *slog.Record
	lost    atomic.Uint64
	done    chan struct{}
}

const (
	logQueueLen = 256
	// logFlush is how long Close waits for a handler that is behind.
	logFlush = time.Second
)

func newLogQueue(to *slog.Logger) *logQueue {
	if to == nil {
		return &logQueue{}
	}
	return &logQueue{to: to.Handler(), records: make(chan *slog.Record, logQueueLen), done: make(chan struct{})}
}

// Enabled does not ask the application's handler: it may not be called here.
func (q *logQueue) Enabled(context.Context, slog.Level) bool { return q.to != nil }

// Handle never waits.
func (q *logQueue) Handle(_ context.Context, r slog.Record) error {
	select {
	case q.records <- &r:
	default:
		q.lost.Add(1)
	}
	return nil
}

// WithAttrs and WithGroup are part of slog.Handler; nothing here adds attributes to a logger as a whole.
func (q *logQueue) WithAttrs([]slog.Attr) slog.Handler { return q }

// WithGroup is like WithAttrs.
func (q *logQueue) WithGroup(string) slog.Handler { return q }

// run hands records on until close.
func (q *logQueue) run() {
	if q.to == nil {
		return
	}
	defer close(q.done)
	ctx := context.Background()
	for r := range q.records {
		q.pass(ctx, *r)
		if n := q.lost.Swap(0); n > 0 {
			late := slog.NewRecord(r.Time, slog.LevelWarn, "messages lost: the log is too slow", 0)
			late.AddAttrs(slog.Uint64("lost", n))
			q.pass(ctx, late)
		}
	}
}

func (q *logQueue) pass(ctx context.Context, r slog.Record) {
	if q.to.Enabled(ctx, r.Level) {
		_ = q.to.Handle(ctx, r) // there is nowhere to say so
	}
}

// close takes no more records and waits, within bounds, until those that came are written.
func (q *logQueue) close() {
	if q.to == nil {
		return
	}
	close(q.records)
	t := time.NewTimer(logFlush)
	defer t.Stop()
	select {
	case <-q.done:
	case <-t.C:
	}
}
