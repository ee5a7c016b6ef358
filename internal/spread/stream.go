package spread

import (
	"slices"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/view"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

const (
	maxPulled = 1000        // namespaces asked for on one stream; the rest on the next one
	streamFor = time.Minute // the host's own deadline is shorter; this one is for a host that forgets
)

// stream is a bulk pull that is under way.
type stream struct {
	from   *view.Member
	owners []wire.Owner
	stood  []uint64 // where each owner's namespace stood when it began
}

func (s *Spread) stream(from uint64) *stream {
	if i := slices.IndexFunc(s.streams, func(t *stream) bool { return t.from.ID == from }); i >= 0 {
		return s.streams[i]
	}
	return nil
}

// receiveBulk goes by stream for what was asked and is too much for datagrams.
func (s *Spread) receiveBulk(now time.Duration, from *view.Member, b wire.Bulk) {
	for _, o := range b.Owners {
		if p := s.pull(o); p != nil && p.from == from.ID {
			p.stream = true
			p.due = now + streamFor
		}
	}
	s.openStream(now, from)
}

// openStream asks a member on one stream for all that is to come from it so. There is one at a time to each.
func (s *Spread) openStream(now time.Duration, from *view.Member) {
	if s.stream(from.ID) != nil {
		return
	}
	t := &stream{from: from}
	var req wire.Request
	for _, p := range s.pulls {
		space := s.space(p.owner)
		if !p.stream || p.from != from.ID || space == nil || len(req.Wants) == maxPulled {
			continue
		}
		version, base := space.Position()
		t.owners = append(t.owners, p.owner)
		t.stood = append(t.stood, version)
		req.Wants = append(req.Wants, wire.From{Owner: p.owner, Version: version, Base: base})
	}
	if len(req.Wants) > 0 {
		s.streams = append(s.streams, t)
		s.host.Pull(now, from, req)
	}
}

// PullDone tells that a stream to a member ended. Whatever it did not bring is asked of the next one who offers it, and in
// datagrams.
func (s *Spread) PullDone(now time.Duration, from uint64, err error) {
	s.enter(now)
	t := s.stream(from)
	if t == nil {
		return
	}
	s.streams = slices.DeleteFunc(s.streams, func(o *stream) bool { return o == t })
	for i, o := range t.owners {
		p := s.pull(o)
		if p == nil || p.from != from || !p.stream {
			continue
		}
		p.stream, p.from = false, 0
		if space := s.space(o); space != nil && err == nil {
			if version, _ := space.Position(); version > t.stood[i] {
				s.ask(now, p)
				continue
			}
		}
		p.paged = true // nothing but speed needs a stream
		s.ask(now, p)
	}
	s.openStream(now, t.from)
	s.flushRequests()
}
