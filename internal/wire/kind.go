package wire

import "strconv"

// kinds holds for each known kind its name and how its payload is read.
var kinds = [256]struct {
	name string
	read func(*reader) Message
}{
	KindPing:       {"ping", as(readPing)},
	KindAck:        {"ack", as(readAck)},
	KindRelayPing:  {"relay_ping", as(readRelayPing)},
	KindRelayAck:   {"relay_ack", as(readRelayAck)},
	KindCall:       {"call", as(readCall)},
	KindRumour:     {"rumour", as(readRumour)},
	KindNotice:     {"notice", as(readNotice)},
	KindUnknown:    {"unknown", as(readUnknown)},
	KindLarger:     {"larger", as(readLarger)},
	KindJoin:       {"join", as(readJoin)},
	KindWait:       {"wait", as(readWait)},
	KindRefuse:     {"refuse", as(readRefuse)},
	KindCheck:      {"check", as(readCheck)},
	KindChecked:    {"checked", as(readChecked)},
	KindRoster:     {"roster", as(readRoster)},
	KindLeaveAck:   {"leave_ack", as(readLeaveAck)},
	KindLives:      {"lives", as(readLives)},
	KindEnds:       {"ends", as(readEnds)},
	KindLifeDigest: {"life_digest", as(readLifeDigest)},
	KindWant:       {"want", as(readWant)},
	KindDelta:      {"delta", as(readDelta)},
	KindAnnounce:   {"announce", as(readAnnounce)},
	KindRequest:    {"request", as(readRequest)},
	KindRecent:     {"recent", as(readRecent)},
	KindDigest:     {"digest", as(readDigest)},
	KindBulk:       {"bulk", as(readBulk)},
	KindMore:       {"more", as(readMore)},
	KindPart:       {"part", as(readPart)},
	KindFill:       {"fill", as(readFill)},
	KindSketch:     {"sketch", as(readSketch)},
	KindUp:         {"up", as(readUp)},
	KindDown:       {"down", as(readDown)},
	KindTreeAck:    {"tree_ack", as(readTreeAck)},
	KindHoldOuts:   {"hold_outs", as(readHoldOuts)},
	KindVersions:   {"versions", as(readVersions)},
	KindPlaces:     {"places", as(readPlaces)},
	KindAdmitted:   {"admitted", as(readAdmitted)},
	KindFetch:      {"fetch", as(readFetch)},
	KindCongestion: {"congestion", as(readCongestion)},
}

func as[M Message](read func(*reader) M) func(*reader) Message {
	return func(r *reader) Message { return read(r) }
}

// String is the kind's name in metrics and in decoded frames.
func (k Kind) String() string {
	if name := kinds[k].name; name != "" {
		return name
	}
	return "unknown(" + strconv.Itoa(int(k)) + ")"
}

func (r Reason) String() string {
	switch r {
	case RefusedKnown:
		return "known"
	case RefusedNameTaken:
		return "name_taken"
	case RefusedUnreachable:
		return "unreachable"
	case RefusedOften:
		return "often"
	case RefusedVersion:
		return "version"
	case RefusedBusy:
		return "busy"
	}
	return "unknown"
}

func (p Phase) String() string {
	switch p {
	case Held:
		return "held"
	case Stable:
		return "stable"
	}
	return "unknown"
}

func (Ping) Kind() Kind       { return KindPing }
func (Ack) Kind() Kind        { return KindAck }
func (RelayPing) Kind() Kind  { return KindRelayPing }
func (RelayAck) Kind() Kind   { return KindRelayAck }
func (Call) Kind() Kind       { return KindCall }
func (Rumour) Kind() Kind     { return KindRumour }
func (Notice) Kind() Kind     { return KindNotice }
func (Unknown) Kind() Kind    { return KindUnknown }
func (Larger) Kind() Kind     { return KindLarger }
func (Join) Kind() Kind       { return KindJoin }
func (Wait) Kind() Kind       { return KindWait }
func (Refuse) Kind() Kind     { return KindRefuse }
func (Check) Kind() Kind      { return KindCheck }
func (Checked) Kind() Kind    { return KindChecked }
func (Roster) Kind() Kind     { return KindRoster }
func (Admitted) Kind() Kind   { return KindAdmitted }
func (Fetch) Kind() Kind      { return KindFetch }
func (LeaveAck) Kind() Kind   { return KindLeaveAck }
func (Lives) Kind() Kind      { return KindLives }
func (Ends) Kind() Kind       { return KindEnds }
func (LifeDigest) Kind() Kind { return KindLifeDigest }
func (Want) Kind() Kind       { return KindWant }
func (Delta) Kind() Kind      { return KindDelta }
func (Announce) Kind() Kind   { return KindAnnounce }
func (Request) Kind() Kind    { return KindRequest }
func (Recent) Kind() Kind     { return KindRecent }
func (Digest) Kind() Kind     { return KindDigest }
func (Bulk) Kind() Kind       { return KindBulk }
func (More) Kind() Kind       { return KindMore }
func (Part) Kind() Kind       { return KindPart }
func (Fill) Kind() Kind       { return KindFill }
func (Sketch) Kind() Kind     { return KindSketch }
func (Versions) Kind() Kind   { return KindVersions }
func (Places) Kind() Kind     { return KindPlaces }
func (Congestion) Kind() Kind { return KindCongestion }
func (Up) Kind() Kind         { return KindUp }
func (Down) Kind() Kind       { return KindDown }
func (TreeAck) Kind() Kind    { return KindTreeAck }
func (HoldOuts) Kind() Kind   { return KindHoldOuts }
