package httpapi

import (
	"github.com/grapevine-gossip/grapevine"
	"github.com/grapevine-gossip/grapevine/httpapi/api"
)

// encode renders an event. A snapshot is made when it is sent: what was remembered of one would be old and large.
func (s *server) encode(e entry) api.Event {
	out := api.Event{Seq: e.seq, Type: e.event.Type()}
	switch ev := e.event.(type) {
	case grapevine.MemberJoined:
		about(&out, ev.Member)
	case grapevine.MemberDiscoveredFailed:
		about(&out, ev.Member)
	case grapevine.MemberSuspected:
		about(&out, ev.Member)
		out.Accusers = accusers(ev.Accusers)
	case grapevine.MemberCleared:
		about(&out, ev.Member)
	case grapevine.MemberFailed:
		about(&out, ev.Member)
		out.Accusers = accusers(ev.Accusers)
	case grapevine.MemberReturned:
		about(&out, ev.Member)
		out.Restarted = &ev.Restarted
	case grapevine.MemberLeft:
		about(&out, ev.Member)
	case grapevine.MemberUpdated:
		about(&out, ev.Member)
	case grapevine.MemberForgotten:
		out.Node = ev.Name
	case grapevine.KeySet:
		out.Node, out.Key, out.Version = ev.Name, ev.Key, ev.Version
		out.Value, out.ValueBase64 = text(ev.Value)
	case grapevine.KeyDeleted:
		out.Node, out.Key, out.Version = ev.Name, ev.Key, ev.Version
	case grapevine.Rejoined:
		out.Node = s.node.Self().Name
		out.Incarnation, out.Reason = &ev.Incarnation, ev.Reason
		out.MembersBefore, out.MembersAfter = &ev.Before, &ev.After
	case grapevine.ViewStabilized:
		out.ID, out.Names = ev.ID.String(), ev.Members
	case grapevine.ViewDestabilized:
		out.ID = ev.ID.String()
	case grapevine.NameConflict:
		out.Node, out.Reason, out.Addr = ev.Name, ev.Reason, ev.Addr.String()
	case grapevine.Snapshot:
		return s.snapshot(e.seq)
	case grapevine.Lagged:
		out.Missed = ev.Missed
	}
	return out
}

func about(out *api.Event, m grapevine.Member) {
	out.Node, out.Generation, out.Incarnation = m.Name, &m.Generation, &m.Incarnation
	out.Addr, out.Tags = m.Addr.String(), m.Tags
}

func accusers(all []grapevine.Accuser) []api.Accuser {
	out := []api.Accuser{}
	for _, a := range all {
		out = append(out, api.Accuser{Node: a.Name, Phi: a.Phi})
	}
	return out
}

// snapshot is the state as it is now. Events up to seq are in it, and perhaps some later ones, which then come again.
func (s *server) snapshot(seq uint64) api.Event {
	v := view(s.node.View())
	out := api.Event{Seq: seq, Type: "snapshot", View: &v, Members: []api.Member{}, Keys: []api.Key{}}
	for _, m := range s.everybody() {
		out.Members = append(out.Members, member(m))
	}
	for k, value := range s.node.All("") {
		out.Keys = append(out.Keys, keyOf(k.Node, k.Name, value))
	}
	return out
}
