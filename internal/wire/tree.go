package wire

func appendStep(b []byte, view uint64, epoch uint32, p Phase) []byte {
	return append(appendUvarint(appendU64(b, view), epoch), byte(p))
}

func (r *reader) phase() Phase { return Phase(r.choice(byte(Stable), "phase is unknown")) }

func (m Up) encode(b []byte) []byte { return appendStep(b, m.View, m.Epoch, m.Phase) }

func readUp(r *reader) Up { return Up{View: r.u64(), Epoch: r.count32(), Phase: r.phase()} }

func (m Down) encode(b []byte) []byte { return appendStep(b, m.View, m.Epoch, m.Phase) }

func readDown(r *reader) Down { return Down{View: r.u64(), Epoch: r.count32(), Phase: r.phase()} }

func (m TreeAck) encode(b []byte) []byte {
	return appendBool(appendStep(b, m.View, m.Epoch, m.Phase), m.Down)
}

func readTreeAck(r *reader) TreeAck {
	return TreeAck{View: r.u64(), Epoch: r.count32(), Phase: r.phase(), Down: r.bool()}
}

func (m HoldOuts) encode(b []byte) []byte {
	b = appendUvarint(appendU64(b, m.View), m.Epoch)
	b = appendList(b, m.IDs, appendU64)
	return appendBool(b, m.Down)
}

func readHoldOuts(r *reader) HoldOuts {
	return HoldOuts{View: r.u64(), Epoch: r.count32(), IDs: list(r, MaxNames, 8, (*reader).u64), Down: r.bool()}
}
