package detector

import (
	"time"

	"github.com/grapevine-gossip/grapevine/internal/phi"
)

// A member whose link half works answers now and then, so phi never tells. It is told by a sequential test (Wald 1945):
// each outcome of a burst, direct or relayed, is weighed by how much likelier it is if the member answers a quarter of
// what others answer, as a grey one may, than if it answers half, which is let be.
const (
	greyShare  = 0.25
	wellShare  = 0.5
	greyProof  = 2.2 // odds that accuse, as a decimal logarithm
	greyRelays = 4   // relayed probes at least, which must not speak for the member: a bad link alone accuses nobody
	letOff     = 0.4 // odds against it that end a burst: an answer or two more than misses
	letOffMore = 1.3 // and of a member that others accuse
	mostGrey   = 128 // outcomes without a verdict that end a burst
)

// evidence is the outcomes of a burst, direct and relayed.
type evidence struct {
	misses, answers           int
	relayMisses, relayAnswers int
}

func (v *evidence) outcomes() int { return v.misses + v.answers + v.relayMisses + v.relayAnswers }

// count takes one outcome; a late answer takes the place of a miss.
func (v *evidence) count(relayed, ok, late bool) {
	misses, answers := &v.misses, &v.answers
	if relayed {
		misses, answers = &v.relayMisses, &v.relayAnswers
	}
	switch {
	case !ok:
		*misses++
	case late:
		*misses = max(*misses-1, 0)
		*answers++
	default:
		*answers++
	}
}

// odds is what the outcomes say where others lose that share, all of them and the relayed ones: positive, it is grey. It
// is reckoned anew each time, for what others lose becomes known only as the burst goes on.
func (v *evidence) odds(others float64) (all, relayed float64) {
	said := func(misses, answers int, relayed bool) float64 {
		return float64(float64(misses)*weight(others, relayed, false)) + float64(float64(answers)*weight(others, relayed, true))
	}
	relayed = said(v.relayMisses, v.relayAnswers, true)
	return said(v.misses, v.answers, false) + relayed, relayed
}

// weight is what an outcome says where others lose that share. A relayed probe crosses two links and back, of which one
// is not the member's.
func weight(others float64, relayed, answered bool) float64 {
	if answered {
		return phi.Log10(greyShare / wellShare)
	}
	reach := 1 - others
	if relayed {
		reach = float64(reach * reach)
	}
	return phi.Log10(1-float64(reach*greyShare)) - phi.Log10(1-float64(reach*wellShare))
}

// weighMiss takes a probe of a burst that got no answer, while this member's own link worked.
func (d *Detector) weighMiss(now time.Duration, e *edge, p probe) {
	if d.log.proven(e.m.ID, p.sent) {
		e.burst.grey.count(p.purpose == relaying, false, false)
		d.checkGrey(now, e)
	}
}

// weighAnswer takes an answer to a probe of a burst.
func (d *Detector) weighAnswer(e *edge, p probe, late bool) {
	e.burst.grey.count(p.purpose == relaying, true, late && d.log.proven(e.m.ID, p.sent))
}

// checkGrey accuses a member that answers far less than others do, to this member and to those it asks.
func (d *Detector) checkGrey(now time.Duration, e *edge) {
	b := e.burst
	v := &b.grey
	if !e.watched || d.idle(now) || v.answers+v.relayAnswers == 0 || v.relayMisses+v.relayAnswers < greyRelays ||
		now-b.first < forgiven {
		return
	}
	if all, relayed := v.odds(d.lossAtMost(now, e, b.first)); all < greyProof || relayed < 0 {
		return
	}
	d.accuse(now, e, d.phiOf(now, e, d.lossFor(e, b.first)), true)
}

// answerBurst ends a burst when an answer leaves little doubt that the member is well.
func (d *Detector) answerBurst(now time.Duration, e *edge) {
	b := e.burst
	b.widenAt = 0
	enough := letOff
	if e.suspected > 0 {
		enough = letOffMore
	}
	if odds, _ := b.grey.odds(d.lossAtMost(now, e, b.first)); odds > -enough && b.grey.outcomes() < mostGrey {
		b.began = now
		return
	}
	e.burst = nil
}
