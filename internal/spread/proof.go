package spread

import (
	"time"

	"github.com/grapevine-gossip/grapevine/internal/view"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

const proofEvery = 50 * time.Millisecond

// proof is the knowledge of which neighbours hold this member's own namespace. A neighbour proves it by saying so: in
// an announcement, which is also the answer to a request for what follows a version, or in a digest; or by a packet
// with equal hashes.
type proof struct {
	version uint64        // wanted; 0: nothing
	next    time.Duration // when to ask those that have not proved it
}

// Synced reports whether at least n neighbours are known to hold this member's own namespace up to version. The first
// call for a version begins to ask them; it costs a small packet each way.
func (s *Spread) Synced(version uint64, n int) bool {
	s.known = false
	held := 0
	for _, e := range s.edges {
		if e.proved >= version {
			held++
		}
	}
	if held < n && s.proof.version != version {
		s.proof.version = version
		s.proof.next = max(s.now, 1)
	}
	if held >= n {
		s.proof.next = 0
	}
	return held >= n
}

// Hashes takes the hashes in the header of a packet: if both are equal to this member's own, the sender holds the same
// versions.
func (s *Spread) Hashes(from *view.Member, viewHash, stateHash uint64) {
	e := s.edge(from.ID)
	if e == nil {
		return
	}
	e.view = viewHash
	if viewHash == s.st.ViewHash() && stateHash == s.st.StateHash() {
		e.proved = max(e.proved, s.st.Self.Space.Max())
	}
}

// proved takes what a member says it holds of this one's namespace; what it lacks is sent.
func (s *Spread) proved(now time.Duration, from *view.Member, v wire.Versioned) {
	own := s.st.Self
	e := s.edge(from.ID)
	if v.Owner != own.Owner() || v.Version > own.Space.Max() || e == nil {
		return
	}
	e.proved = max(e.proved, v.Version)
	if v.Version < own.Space.Max() && s.proof.next > 0 {
		delete(e.known, v.Owner)
		e.add(v.Owner, waiting{from: v.Version, due: now, since: now})
	}
}

// prove asks the neighbours for what follows the version wanted: whoever has nothing to give says up to where it has.
func (s *Spread) prove(now time.Duration) {
	if s.proof.next == 0 || s.proof.next > now {
		return
	}
	s.proof.next = now + proofEvery
	for _, e := range s.edges {
		if e.proved < s.proof.version {
			s.want(e.to, wire.From{Owner: s.st.Self.Owner(), Version: s.proof.version})
		}
	}
}
