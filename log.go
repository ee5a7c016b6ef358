package grapevine

import (
	"log/slog"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/gossip"
	"github.com/grapevine-gossip/grapevine/internal/publish"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// logger says in words what happened, to whom, why it is believed, and what to do next.
type logger struct {
	*slog.Logger
	queue *logQueue
}

func newLogger(to *slog.Logger) logger {
	q := newLogQueue(to)
	return logger{slog.New(q), q}
}

func (l logger) event(e publish.Event) {
	if l.queue.to == nil {
		return // nobody reads what it would take to say
	}
	switch e.Kind {
	case publish.EventJoined:
		l.Info("member joined", "member", e.Member.Name, "addr", e.Member.Addr.String())
	case publish.EventReturned:
		l.Info("member returned", "member", e.Member.Name, "restarted", e.Restarted, "generation", e.Member.Life.Generation)
	case publish.EventLeft:
		l.Info("member left", "member", e.Member.Name)
	case publish.EventFailed:
		l.Warn("member failed: its watchers get no answer", "member", e.Member.Name, "addr", e.Member.Addr.String(), "accusers", names(e.Accusers))
	case publish.EventSuspected:
		l.Info("member suspected", "member", e.Member.Name, "accusers", names(e.Accusers))
	case publish.EventRejoined:
		l.Warn("this member was ended elsewhere and is back", "reason", e.Reason, "before", e.Before, "after", e.After)
	case publish.EventStabilized:
		l.Info("view is stable", "members", e.Stable.Len())
	}
}

func names(as []publish.Accuser) []string {
	out := make([]string, len(as))
	for i, a := range as {
		out[i] = a.Name
	}
	return out
}

func (l logger) refused(r *publish.Refusal) {
	switch r.Reason {
	case wire.RefusedUnreachable:
		l.Error("not let in: members get no answer from the advertised address; check the firewall and --advertise",
			"addr", r.Addr.String(), "tried_by", r.Names, "retry_in", seconds(r.RetryIn))
	case wire.RefusedNameTaken:
		l.Error("not let in: another process has this name and answers; choose another name or stop that one", "addr", r.Addr.String())
	case wire.RefusedVersion:
		l.Error("not let in: no protocol version in common; upgrade this member or that one", "seed", r.By.String())
	case gossip.ReasonCluster:
		l.Error("not let in: the seed belongs to another cluster; check the cluster name and the seeds", "seed", r.By.String())
	case wire.RefusedOften:
		l.Warn("not let in yet: this process has failed again and again; find out why it does not answer in time",
			"by", r.By.String(), "retry_in", seconds(r.RetryIn))
	default:
		l.Warn("not let in for now", "by", r.By.String(), "retry_in", seconds(r.RetryIn))
	}
}

// seconds is for people: a handler that writes JSON makes nanoseconds of a duration.
func seconds(d time.Duration) string { return d.Round(100 * time.Millisecond).String() }

func (l logger) superseded(e publish.Event) {
	l.Error("another process has taken this member's name: going silent; give one of the two another name", "addr", e.Addr.String())
}

func (l logger) unresolved(err error) {
	l.Warn("some seeds can't be resolved; they are tried again", "error", err)
}

func (l logger) cannotKeep(dir string, err error) {
	l.Error("the known peers can't be written; after a restart of the whole cluster this member may need a seed", "dir", dir, "error", err)
}
