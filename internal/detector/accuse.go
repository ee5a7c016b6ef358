package detector

import "time"

const (
	trialTries  = 4 // probes at least in which an accused member must prove itself
	trialMargin = 0.25
	shortTrial  = time.Second // doubled with each accusation of the edge within onceMore
	longTrial   = 32 * time.Second
	onceMore    = time.Minute
	maxPast     = 6 // accusations remembered: more do not lengthen the trial

	vouchMisses = 2 // proven misses in a row that end a vouch
)

// accused is this member's own accusation of another.
type accused struct {
	at      time.Duration
	phi     float64
	grey    bool
	nextAt  time.Duration // the next probe
	triedAt time.Duration // the newest probe
	trial   time.Duration // length of the trial
	began   time.Duration // of the trial that runs since an answer came; 0: none
	tries   int           // of the trial
	answers int
	doubt   float64 // whether it is grey, by the outcomes of the trial: negative, it is not
}

// accuse says that e's member gives no answer, or too few.
func (d *Detector) accuse(now time.Duration, e *edge, phi float64, grey bool) {
	for len(e.past) > 0 && (now-e.past[0] > onceMore || len(e.past) >= maxPast) {
		e.past = e.past[1:]
	}
	e.past = append(e.past, now)
	trial := min(shortTrial<<(len(e.past)-1), longTrial)
	e.accused = &accused{at: now, phi: phi, grey: grey, trial: trial, nextAt: now + accusedEvery(0)}
	if grey { // it answers now and then: the trial is on
		e.accused.began = now
	}
	e.burst, e.vouching = nil, false
	d.counts.accusations++
	if d.othersToo(e.m.ID) {
		d.ownChanged(now)
	} else {
		d.tellWithin(now, 0)
	}
}

// withdraw takes an accusation back.
func (d *Detector) withdraw(now time.Duration, e *edge) {
	e.accused = nil
	e.silent, e.missRow = e.silent[:0], 0
	e.results = window{}
	if !e.watched {
		d.dropEdge(e.m.ID)
	}
	d.ownChanged(now)
}

// accusedEvery is how long after the accusation the accused is probed how often.
func accusedEvery(age time.Duration) time.Duration {
	switch {
	case age < 3*time.Second:
		return 500 * time.Millisecond
	case age < 16*time.Second:
		return 2 * time.Second
	}
	return min(age/8, 8*time.Second)
}

// spacing is the time between two probes of a trial.
func (a *accused) spacing() time.Duration {
	return min(max(a.trial/(trialTries+1), 200*time.Millisecond), 2*time.Second)
}

func (d *Detector) tickAccused(now time.Duration, e *edge) {
	a := e.accused
	if now < a.nextAt {
		return
	}
	a.nextAt = now + accusedEvery(now-a.at)
	if a.began > 0 {
		a.nextAt = now + a.spacing()
	}
	a.triedAt = now
	d.probe(now, e.m, regular)
}

// hurryAccused probes an accused member at once when it is heard.
func (d *Detector) hurryAccused(now time.Duration, e *edge) {
	a := e.accused
	a.nextAt = min(a.nextAt, max(now, a.triedAt+a.spacing()))
}

// accusedAnswered begins the trial, or goes on with it.
func (d *Detector) accusedAnswered(now time.Duration, e *edge, p probe) {
	a := e.accused
	if p.sent < a.at {
		return
	}
	if a.began == 0 {
		a.began, a.tries, a.answers = now, 0, 0
	}
	d.tried(now, e, true)
	if e.accused != nil {
		d.hurryAccused(now, e)
	}
}

// tried counts one probe of a trial. Only direct answers absolve. A grey member is absolved by the test that accused it,
// the other way round: the share that absolves others is more than a member has that is let be.
func (d *Detector) tried(now time.Duration, e *edge, ok bool) {
	a := e.accused
	if a.began == 0 {
		return
	}
	a.tries++
	if ok {
		a.answers++
	}
	if a.grey {
		a.doubt = min(a.doubt+weight(d.lossFor(e, a.began), false, ok), 0)
		if a.doubt <= -float64(letOffMore*float64(len(e.past))) {
			d.withdraw(now, e)
		}
		return
	}
	if now-a.began < a.trial || a.tries < trialTries {
		return
	}
	if share := float64(a.answers) / float64(a.tries); share >= 1-d.lossFor(e, a.began)-trialMargin {
		d.withdraw(now, e)
		return
	}
	a.began = 0
}

// suspectedByOthers notes that others' accusations of a watched member begin, or no longer, to count. It is asked at
// once, so that this member can vouch for it; where it is called grey, many times.
func (d *Detector) suspectedByOthers(now time.Duration, id uint64, suspected, grey bool) {
	e := d.edge(id)
	switch {
	case e == nil || suspected == (e.suspected > 0):
	case suspected:
		e.suspected = now
		if grey && e.ever && e.watched && e.burst == nil && e.accused == nil && !d.idle(now) {
			d.startBurst(now, e)
		} else {
			d.askSoon(now, e)
		}
	default:
		e.suspected = 0
		d.unvouch(now, e)
	}
}

// askSoon brings forward the next probe of a watched member.
func (d *Detector) askSoon(now time.Duration, e *edge) {
	if e.watched && e.burst == nil && e.accused == nil {
		e.soonAt = sooner(e.soonAt, now+1+d.within(alarmSpread))
	}
}

// An accusation after so long without any probes all watched members within the spread: a mass crash is found at once.
const (
	alarmQuiet  = 2 * time.Second
	alarmSpread = 30 * time.Millisecond
)

// alarm notes that an accusation was heard.
func (d *Detector) alarm(now time.Duration) {
	quiet := d.alarmed == 0 || now-d.alarmed >= alarmQuiet
	d.alarmed = now
	if !quiet {
		return
	}
	for _, e := range d.edges {
		d.askSoon(now, e)
	}
}

// vouch says that a member whom others accuse answers here.
func (d *Detector) vouch(now time.Duration, e *edge) {
	if e.vouching || e.accused != nil || !e.watched || d.idle(now) {
		return
	}
	e.vouching = true
	d.counts.vouches++
	d.ownChanged(now)
}

func (d *Detector) unvouch(now time.Duration, e *edge) {
	if e.vouching {
		e.vouching = false
		d.ownChanged(now)
	}
}
