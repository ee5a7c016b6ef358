package wire

// The least bytes that an element of a list can take.
const (
	minName   = 2
	minAddr   = 7
	minRecord = 22 // name 2, life 10, address 7, address version 1, protocol versions 2
	minEnd    = 16 // name 2, life 10, cause 1, count 1, age 1, accusers 1
)

func (m Notice) encode(b []byte) []byte {
	b = appendText(b, m.Name)
	b = appendLife(b, m.Known)
	b = appendBool(b, m.Ended)
	b = appendUvarint(b, m.Size)
	b = appendList(b, m.Addrs, appendAddr)
	b = appendRecord(b, m.Record)
	return appendBool(b, m.Mute)
}

func readNotice(r *reader) Notice {
	return Notice{
		Name:   r.optionalName(),
		Known:  r.optionalLife(),
		Ended:  r.bool(),
		Size:   r.count32(),
		Addrs:  list(r, MaxAddrs, minAddr, (*reader).addr),
		Record: r.record(),
		Mute:   r.bool(),
	}
}

func (Unknown) encode(b []byte) []byte { return b }

func readUnknown(*reader) Unknown { return Unknown{} }

func (m Larger) encode(b []byte) []byte {
	b = appendUvarint(b, m.Size)
	b = appendU64(b, m.View)
	b = appendAddr(b, m.Admitter)
	b = appendText(b, m.Name)
	return appendList(b, m.Addrs, appendAddr)
}

func readLarger(r *reader) Larger {
	return Larger{
		Size:     r.count32(),
		View:     r.u64(),
		Admitter: r.addr(),
		Name:     r.name(),
		Addrs:    list(r, MaxAddrs, minAddr, (*reader).addr),
	}
}

func (m Join) encode(b []byte) []byte {
	b = appendRecord(b, m.Record)
	b = appendUvarint(b, m.Size)
	b = appendU64(b, m.View)
	b = appendBool(b, m.Probe)
	return appendBool(b, m.Raised)
}

func readJoin(r *reader) Join {
	return Join{Record: r.record(), Size: r.count32(), View: r.u64(), Probe: r.bool(), Raised: r.bool()}
}

func (m Wait) encode(b []byte) []byte {
	b = appendDuration(b, m.In)
	b = appendUvarint(b, m.Size)
	b = appendU64(b, m.Boot)
	b = appendBool(b, m.Mutual)
	b = appendAddr(b, m.Elsewhere)
	return append(b, m.MinVersion, m.MaxVersion)
}

func readWait(r *reader) Wait {
	m := Wait{In: r.duration(), Size: r.count32(), Boot: r.u64(), Mutual: r.bool(), Elsewhere: r.optionalAddr()}
	m.MinVersion, m.MaxVersion = r.versions()
	return m
}

func (m Refuse) encode(b []byte) []byte {
	b = append(b, byte(m.Reason))
	b = appendLife(b, m.Known)
	b = appendDuration(b, m.Wait)
	b = appendList(b, m.Names, appendText)
	return appendAddr(b, m.Addr)
}

func readRefuse(r *reader) Refuse {
	return Refuse{
		Reason: Reason(r.choice(byte(RefusedBusy), "reason is unknown")),
		Known:  r.optionalLife(),
		Wait:   r.duration(),
		Names:  list(r, MaxNames, minName, (*reader).name),
		Addr:   r.optionalAddr(),
	}
}

func (m Check) encode(b []byte) []byte {
	b = appendU32(b, m.Nonce)
	b = appendRecord(b, m.Record)
	b = appendAddr(b, m.Holder)
	return appendBool(b, m.Lossy)
}

func readCheck(r *reader) Check {
	return Check{Nonce: r.u32(), Record: r.record(), Holder: r.optionalAddr(), Lossy: r.bool()}
}

func (m Checked) encode(b []byte) []byte {
	b = appendU32(b, m.Nonce)
	b = appendU64(b, m.Joiner)
	b = appendBool(b, m.Reached)
	b = appendBool(b, m.Held)
	return appendDuration(b, m.Wait)
}

func readChecked(r *reader) Checked {
	return Checked{Nonce: r.u32(), Joiner: r.u64(), Reached: r.bool(), Held: r.bool(), Wait: r.duration()}
}

func (m Roster) encode(b []byte) []byte {
	b = appendU64(b, m.View)
	b = appendUvarint(b, m.Part)
	b = appendUvarint(b, m.Parts)
	return appendList(b, m.Lives, appendRecord)
}

func readRoster(r *reader) Roster {
	m := Roster{
		View:  r.u64(),
		Part:  r.count32(),
		Parts: r.count32(),
		Lives: list(r, anyLength, minRecord, (*reader).record),
	}
	if r.err == nil && m.Part >= m.Parts {
		r.fail(ErrMalformed, "part is beyond its whole")
	}
	return m
}

func (m Admitted) encode(b []byte) []byte {
	b = appendU64(b, m.View)
	b = appendUvarint(b, m.Parts)
	return appendList(b, m.Addrs, appendAddr)
}

func readAdmitted(r *reader) Admitted {
	return Admitted{View: r.u64(), Parts: r.count32(), Addrs: list(r, MaxAddrs, minAddr, (*reader).addr)}
}

func (m Fetch) encode(b []byte) []byte {
	b = appendU64(b, m.View)
	b = appendUvarint(b, m.First)
	return appendU64(b, m.Mask)
}

func readFetch(r *reader) Fetch { return Fetch{View: r.u64(), First: r.count32(), Mask: r.u64()} }

func (m LeaveAck) encode(b []byte) []byte { return appendU32(b, m.Tag) }

func readLeaveAck(r *reader) LeaveAck { return LeaveAck{Tag: r.u32()} }

func (m Lives) encode(b []byte) []byte { return appendList(b, m.Records, appendRecord) }

func readLives(r *reader) Lives {
	return Lives{Records: list(r, anyLength, minRecord, (*reader).record)}
}

func (m Ends) encode(b []byte) []byte { return appendList(b, m.Ends, appendEnd) }

func readEnds(r *reader) Ends { return Ends{Ends: list(r, anyLength, minEnd, (*reader).end)} }

func (m LifeDigest) encode(b []byte) []byte {
	b = appendU64(b, m.Lo)
	b = appendU64(b, m.Hi)
	b = appendList(b, m.Members, appendLifeTag)
	return appendBool(b, m.Reply)
}

func readLifeDigest(r *reader) LifeDigest {
	m := LifeDigest{
		Lo:      r.u64(),
		Hi:      r.u64(),
		Members: list(r, anyLength, LifeTagSize, readLifeTag),
		Reply:   r.bool(),
	}
	checkRange(r, m.Lo, m.Hi, m.Members, func(t LifeTag) uint64 { return t.ID })
	return m
}

func appendLifeTag(b []byte, t LifeTag) []byte { return appendU32(appendU64(b, t.ID), t.Tag) }

func readLifeTag(r *reader) LifeTag { return LifeTag{ID: r.u64(), Tag: r.u32()} }

// checkRange wants the lines of a digest strictly rising by id and within [lo, hi].
func checkRange[T any](r *reader, lo, hi uint64, lines []T, id func(T) uint64) {
	if r.err == nil && lo > hi {
		r.fail(ErrMalformed, "range of ids is empty")
	}
	for i, l := range lines {
		if v := id(l); v < lo || v > hi || i > 0 && v <= id(lines[i-1]) {
			r.fail(ErrMalformed, "digest is unsorted or leaves its range")
			return
		}
	}
}

func (m Want) encode(b []byte) []byte { return appendList(b, m.IDs, appendU64) }

func readWant(r *reader) Want { return Want{IDs: list(r, anyLength, 8, (*reader).u64)} }
