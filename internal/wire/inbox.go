package wire

// Inbox holds the messages of one frame. It is used again for the next one, so that the probes and answers of which
// nearly all traffic consists cost no memory: these two come as pointers, *Ping and *Ack, and are good until then.
type Inbox struct {
	Messages []Message

	reader reader
	pings  reused[Ping]
	acks   reused[Ack]
}

// Open reads a frame as Codec.Open does, in the place of the one before. With an error there are no messages.
func (in *Inbox) Open(c *Codec, frame []byte) (Header, error) {
	in.Clear()
	h, messages, err := c.open(frame, in.Messages, in)
	in.Messages, in.reader = messages, reader{} // the frame is the caller's
	return h, err
}

// Clear forgets the messages.
func (in *Inbox) Clear() {
	clear(in.Messages)
	in.Messages = in.Messages[:0]
	in.pings.used, in.acks.used = 0, 0
}

// Release gives back the room that a frame of many messages took.
func (in *Inbox) Release() {
	if cap(in.Messages) > keepMessages {
		in.Messages = nil
	}
}

const keepMessages = 8

func (in *Inbox) read(r *reader, kind Kind) Message {
	switch kind {
	case KindPing:
		m := in.pings.next()
		*m = readPing(r)
		return m
	case KindAck:
		m := in.acks.next()
		*m = readAck(r)
		return m
	}
	return kinds[kind].read(r)
}

// reused gives out places, the first few of them again and again.
type reused[M any] struct {
	places [4]M
	used   int
}

func (u *reused[M]) next() *M {
	if u.used == len(u.places) {
		return new(M)
	}
	u.used++
	return &u.places[u.used-1]
}
