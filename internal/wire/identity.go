package wire

// Lives, their short forms, and the two records that make the membership.

func appendLife(b []byte, l Life) []byte {
	b = appendUvarint(b, l.Generation)
	if l.Generation == 0 {
		return b
	}
	b = appendU64(b, l.Boot)
	return appendUvarint(b, l.Incarnation)
}

// optionalLife reads a life or, as a generation of 0 with nothing after it, none.
func (r *reader) optionalLife() Life {
	l := Life{Generation: r.optionalGeneration()}
	if l.Generation == 0 {
		return Life{}
	}
	l.Boot = r.u64()
	l.Incarnation = r.incarnation()
	if r.err == nil && l.Boot == 0 {
		r.fail(ErrMalformed, "life has no boot id")
	}
	return l
}

func (r *reader) life() Life {
	l := r.optionalLife()
	if r.err == nil && l.Generation == 0 {
		r.fail(ErrMalformed, "life is missing")
	}
	return l
}

func (r *reader) optionalGeneration() uint64 {
	return r.uvarint(MaxGeneration, "generation is too large")
}

func (r *reader) generation() uint64 {
	g := r.optionalGeneration()
	if r.err == nil && g == 0 {
		r.fail(ErrMalformed, "generation is 0")
	}
	return g
}

func (r *reader) incarnation() uint64 {
	return r.uvarint(MaxIncarnation, "incarnation is too large")
}

func appendRef(b []byte, f Ref) []byte {
	b = appendU64(b, f.ID)
	b = appendU32(b, f.Boot)
	b = appendUvarint(b, f.Generation)
	return appendUvarint(b, f.Incarnation)
}

func (r *reader) ref() Ref {
	return Ref{ID: r.u64(), Boot: r.u32(), Generation: r.generation(), Incarnation: r.incarnation()}
}

func appendOwner(b []byte, o Owner) []byte {
	b = appendU64(b, o.ID)
	b = appendU32(b, o.Boot)
	return appendUvarint(b, o.Generation)
}

func (r *reader) owner() Owner {
	return Owner{ID: r.u64(), Boot: r.u32(), Generation: r.generation()}
}

func appendRecord(b []byte, rec Record) []byte {
	b = appendText(b, rec.Name)
	b = appendLife(b, rec.Life)
	b = appendAddr(b, rec.Addr)
	b = appendUvarint(b, rec.AddrVersion)
	return append(b, rec.MinVersion, rec.MaxVersion)
}

func (r *reader) record() Record {
	rec := Record{Name: r.name(), Life: r.life(), Addr: r.addr(), AddrVersion: r.counter()}
	rec.MinVersion, rec.MaxVersion = r.versions()
	return rec
}

// versions reads a range of protocol versions.
func (r *reader) versions() (lowest, highest uint8) {
	lowest, highest = r.byte(), r.byte()
	if r.err == nil && (lowest == 0 || highest < lowest) {
		r.fail(ErrMalformed, "range of protocol versions is empty or begins at 0")
	}
	return lowest, highest
}

func appendEnd(b []byte, e End) []byte {
	b = appendText(b, e.Name)
	b = appendLife(b, e.Life)
	b = append(b, byte(e.Cause), e.Count)
	b = appendDuration(b, e.Age)
	return appendList(b, e.Accusers, appendU64)
}

func (r *reader) end() End {
	return End{
		Name:     r.name(),
		Life:     r.life(),
		Cause:    Cause(r.choice(byte(Forgotten), "cause is unknown")),
		Count:    r.byte(),
		Age:      r.duration(),
		Accusers: list(r, MaxAccusers, 8, (*reader).u64),
	}
}

// choice reads one of the numbers from 1 to highest.
func (r *reader) choice(highest byte, what string) byte {
	v := r.byte()
	if r.err == nil && (v == 0 || v > highest) {
		r.fail(ErrMalformed, what)
	}
	return v
}
