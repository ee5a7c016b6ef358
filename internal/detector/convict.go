package detector

import (
	"cmp"
	"slices"

	"github.com/grapevine-gossip/grapevine/internal/view"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// quorum is how many accusers it takes at least. Nobody's word alone ends another.
const quorum = 2

// Convicted judges all rumours, one per author, against a view: whom the accusations end, sorted by id. Whoever is
// convicted neither votes nor watches in the next round, until a round convicts nobody. Nobody convicts itself.
func Convicted(v *view.View, rumours []wire.Rumour, self uint64) []Verdict {
	var all []Verdict
	gone := map[uint64]bool{}
	for on := tally(v, rumours); len(on) > 0; {
		round := strongest(convictedOnce(v, on, self))
		if len(round) == 0 {
			break
		}
		clear(gone)
		for _, c := range round {
			gone[c.member.ID] = true
			all = append(all, c.verdict())
		}
		if !stillAccused(on, gone) {
			break // as nearly always: the overlay of the smaller view is not needed
		}
		v = v.Without(gone)
		on = tally(v, rumours)
	}
	slices.SortFunc(all, func(a, b Verdict) int { return cmp.Compare(a.Member.ID, b.Member.ID) })
	return all
}

// stillAccused reports whether, without those that are gone, anybody is left whom enough accuse.
func stillAccused(on map[uint64]*votes, gone map[uint64]bool) bool {
	for id, t := range on {
		if gone[id] {
			continue
		}
		left := 0
		for _, a := range t.accusers {
			if !gone[a] {
				left++
			}
		}
		if left >= quorum {
			return true
		}
	}
	return false
}

// votes are what counts for and against one member.
type votes struct {
	subject  *view.Member
	accusers []uint64
	vouchers []uint64
}

// tally collects the votes on each accused member: author and subject are in the view under the lives named.
func tally(v *view.View, rumours []wire.Rumour) map[uint64]*votes {
	out := map[uint64]*votes{}
	authors := make([]*view.Member, len(rumours))
	for i, r := range rumours {
		authors[i] = authorOf(v, r)
		if authors[i] == nil {
			continue
		}
		for _, s := range r.Accused {
			if m := subjectOf(v, authors[i], s); m != nil {
				if out[m.ID] == nil {
					out[m.ID] = &votes{subject: m}
				}
				out[m.ID].accusers = append(out[m.ID].accusers, authors[i].ID)
			}
		}
	}
	for i, r := range rumours {
		if authors[i] == nil {
			continue
		}
		for _, s := range r.Vouched {
			if t := out[s.ID]; t != nil && subjectOf(v, authors[i], s) != nil && !slices.Contains(t.accusers, authors[i].ID) {
				t.vouchers = append(t.vouchers, authors[i].ID)
			}
		}
	}
	return out
}

// authorOf gives the author of a rumour that counts, or nil.
func authorOf(v *view.View, r wire.Rumour) *view.Member {
	if m := v.Find(r.Author.ID); m != nil && wire.RefOf(m.ID, m.Life) == r.Author {
		return m
	}
	return nil
}

// subjectOf gives whom a suspicion of that author counts for or against, or nil.
func subjectOf(v *view.View, author *view.Member, s wire.Suspicion) *view.Member {
	if m := v.Find(s.ID); m != nil && m.Tag == s.Tag && m.ID != author.ID {
		return m
	}
	return nil
}

// charge is a conviction that holds unless a stronger one takes away its accusers.
type charge struct {
	member   *view.Member
	accusers []uint64 // sorted
	watchers int      // of them
}

func (c charge) verdict() Verdict {
	return Verdict{Member: c.member, Accusers: c.accusers[:min(len(c.accusers), wire.MaxAccusers)]}
}

// convictedOnce gives the charges of one round, sorted by id.
func convictedOnce(v *view.View, on map[uint64]*votes, self uint64) []charge {
	var out []charge
	for _, m := range v.All() {
		t := on[m.ID]
		if t == nil || m.ID == self {
			continue
		}
		if c, ok := convict(v, t, func(id uint64) bool { return on[id] != nil }); ok {
			out = append(out, c)
		}
	}
	return out
}

// strongest gives all charges of a round while those that they convict accuse nobody: the dead don't. Where they do, as in
// a cut one way, each of two sides is convicted by the other. Then it gives those whom most of their watchers accuse: they
// are gone when the rest is judged.
func strongest(round []charge) []charge {
	convicted := func(id uint64) bool {
		_, ok := slices.BinarySearchFunc(round, id, func(c charge, id uint64) int { return cmp.Compare(c.member.ID, id) })
		return ok
	}
	if !slices.ContainsFunc(round, func(c charge) bool { return slices.ContainsFunc(c.accusers, convicted) }) {
		return round
	}
	most := slices.MaxFunc(round, func(a, b charge) int { return cmp.Compare(a.watchers, b.watchers) }).watchers
	return slices.DeleteFunc(round, func(c charge) bool { return c.watchers < most })
}

// convict weighs the votes on one member. The electorate is who accuses, who vouches, and the watchers that could still
// speak and don't: an accused silent watcher does not block, else the last of many never concludes.
func convict(v *view.View, t *votes, accused func(id uint64) bool) (charge, bool) {
	if len(t.accusers) < quorum {
		return charge{}, false
	}
	watchers := v.Neighbors(t.subject.ID)
	accusers := t.accusers
	if len(t.vouchers) > 0 {
		accusers = slices.DeleteFunc(slices.Clone(accusers), func(id uint64) bool { return !among(watchers, id) })
	}
	silent, accusing := 0, 0
	for _, w := range watchers {
		switch {
		case slices.Contains(t.accusers, w.ID):
			accusing++
		case !accused(w.ID) && !slices.Contains(t.vouchers, w.ID):
			silent++
		}
	}
	electorate := len(accusers) + len(t.vouchers) + silent
	if len(accusers) < quorum || 2*len(accusers) <= electorate {
		return charge{}, false
	}
	slices.Sort(accusers)
	return charge{t.subject, accusers, accusing}, true
}
