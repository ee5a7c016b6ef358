package wire

func (m Ping) encode(b []byte) []byte { return appendU32(b, m.Seq) }

func readPing(r *reader) Ping { return Ping{Seq: r.u32()} }

func (m Ack) encode(b []byte) []byte {
	b = appendU32(b, m.Seq)
	b = appendDuration(b, m.Slot)
	return append(b, m.Heard, m.Missed)
}

func readAck(r *reader) Ack {
	return Ack{Seq: r.u32(), Slot: r.duration(), Heard: r.byte(), Missed: r.byte()}
}

func (m RelayPing) encode(b []byte) []byte { return appendU64(appendU32(b, m.Seq), m.Subject) }

func readRelayPing(r *reader) RelayPing { return RelayPing{Seq: r.u32(), Subject: r.u64()} }

func (m RelayAck) encode(b []byte) []byte { return appendU64(appendU32(b, m.Seq), m.Subject) }

func readRelayAck(r *reader) RelayAck { return RelayAck{Seq: r.u32(), Subject: r.u64()} }

func (m Call) encode(b []byte) []byte { return appendU64(b, m.Subject) }

func readCall(r *reader) Call { return Call{Subject: r.u64()} }

const (
	accusedSize = 13
	vouchedSize = 12
)

func (m Rumour) encode(b []byte) []byte {
	b = appendRef(b, m.Author)
	b = appendUvarint(b, m.Seq)
	b = appendDuration(b, m.Every)
	b = appendBool(b, m.Rolling)
	b = appendList(b, m.Accused, appendAccused)
	return appendList(b, m.Vouched, appendVouched)
}

func readRumour(r *reader) Rumour {
	return Rumour{
		Author:  r.ref(),
		Seq:     r.counter(),
		Every:   r.duration(),
		Rolling: r.bool(),
		Accused: list(r, anyLength, accusedSize, readAccused),
		Vouched: list(r, anyLength, vouchedSize, readVouched),
	}
}

func appendVouched(b []byte, s Suspicion) []byte { return appendU32(appendU64(b, s.ID), s.Tag) }

func readVouched(r *reader) Suspicion { return Suspicion{ID: r.u64(), Tag: r.u32()} }

func appendAccused(b []byte, s Suspicion) []byte { return appendBool(appendVouched(b, s), s.Grey) }

func readAccused(r *reader) Suspicion {
	return Suspicion{ID: r.u64(), Tag: r.u32(), Grey: r.bool()}
}
