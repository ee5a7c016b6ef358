package httpapi

import (
	"time"
	"unicode/utf8"

	"github.com/grapevine-gossip/grapevine"
	"github.com/grapevine-gossip/grapevine/httpapi/api"
)

func millis(d time.Duration) int64 { return d.Milliseconds() }

// exactly is milliseconds with their fraction; nil where nothing was measured.
func exactly(d time.Duration) *float64 {
	if d <= 0 {
		return nil
	}
	ms := float64(d) / float64(time.Millisecond)
	return &ms
}

func member(m grapevine.Member) api.Member {
	out := api.Member{
		Name: m.Name, Addr: m.Addr.String(), State: m.State.String(), Generation: m.Generation, Incarnation: m.Incarnation,
		Tags: m.Tags, Keys: m.Keys, MinVersion: int(m.MinVersion), MaxVersion: int(m.MaxVersion), RTTMS: exactly(m.RTT),
	}
	if out.Tags == nil {
		out.Tags = map[string]string{}
	}
	if m.Watched {
		phi := m.Phi
		out.Phi = &phi
	}
	if m.Ended() {
		ended := millis(m.EndedFor)
		out.EndedForMS, out.Cause, out.Failures = &ended, m.State.String(), m.Failures
		if m.AdmittedAfter > 0 {
			after := millis(m.AdmittedAfter)
			out.AdmittedAfterMS = &after
		}
	}
	return out
}

func viewRef(v grapevine.View) api.ViewRef {
	return api.ViewRef{ID: v.ID.String(), Size: v.Size, Stable: v.Stable}
}

func view(v grapevine.View) api.View {
	return api.View{
		ID: v.ID.String(), Size: v.Size, Stable: v.Stable, StableForMS: millis(v.StableFor),
		Members: notNil(v.Members), WaitingFor: notNil(v.WaitingFor),
	}
}

// notNil makes an empty list [] in JSON.
func notNil[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

func peers(all []grapevine.Peer) api.Phi {
	out := api.Phi{Peers: []api.Peer{}}
	for _, p := range all {
		out.Peers = append(out.Peers, api.Peer{
			Name: p.Name, Phi: p.Phi, LossTo: p.LossTo, LossFrom: p.LossFrom,
			P50MS: exactly(p.RTT), P99MS: exactly(p.RTT99), Outstanding: p.Outstanding,
		})
	}
	return out
}

func (s *server) self() api.Self {
	st := s.node.Status()
	out := api.Self{
		Member: member(s.node.Self()), Cluster: s.node.Cluster(), Standing: st.Standing.String(), Reason: st.Reason,
		View: viewRef(s.node.View()), BacklogMS: millis(s.node.Backlog()), UptimeMS: millis(time.Since(s.started)),
	}
	if st.RetryIn > 0 {
		retry := millis(st.RetryIn)
		out.RetryInMS = &retry
	}
	return out
}

func keyOf(owner, key string, v grapevine.Value) api.Key {
	out := api.Key{Node: owner, Key: key, Version: v.Version, Size: len(v.Bytes), AgeMS: millis(v.Age)}
	out.Value, out.ValueBase64 = text(v.Bytes)
	return out
}

// text puts a value into the one of the two fields that can hold it.
func text(b []byte) (*string, []byte) {
	if utf8.Valid(b) {
		s := string(b)
		return &s, nil
	}
	return nil, b
}
