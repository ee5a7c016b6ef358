package store

import (
	"container/heap"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// Limits of this member's own namespace. Zero means the default.
type Limits struct {
	Key   int // bytes of a key; 256
	Value int // bytes of a value; 65536
	Space int // bytes of all keys and values; 16 MiB
}

func (l Limits) withDefaults() Limits {
	def := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
	def(&l.Key, wire.MaxKey)
	def(&l.Value, wire.MaxValue)
	def(&l.Space, 16<<20)
	return l
}

// Errors of writes; nothing was changed.
var (
	ErrFull     = errors.New("namespace is full")
	ErrConflict = errors.New("the key has another version")
)

// SizeError says that a key or value is larger than allowed.
type SizeError struct {
	What        string // "key" or "value"
	Size, Limit int    // bytes
}

func (e *SizeError) Error() string {
	return fmt.Sprintf("%s of %d bytes is over the limit of %d", e.What, e.Size, e.Limit)
}

// FloorKey is the reserved key under which an owner publishes that it collected tombstones. Its value is for humans:
// the floor itself travels in each delta. Writing it makes the others ask.
const FloorKey = "_floor"

// Tombstones are kept for tombstoneAge, and at most maxTombstones or as many as there are live keys: a member that was
// cut off for longer is given the whole namespace anew.
const (
	tombstoneAge  = time.Hour
	maxTombstones = 4096
)

// Set writes one of this member's own keys. ttl 0 is for ever. ifVersion, when not nil, must be the present version (0:
// absent).
func (s *Store) Set(now time.Duration, key string, value []byte, ttl time.Duration, ifVersion *uint64) (uint64, error) {
	if err := s.checkWrite(key, value, ifVersion); err != nil {
		return 0, err
	}
	version := s.write(now, key, value, false)
	if ttl > 0 {
		heap.Push(&s.ttl, expiry{now + ttl, key, version})
	}
	return version, nil
}

// Delete removes one of this member's own keys. Deleting an absent key changes nothing.
func (s *Store) Delete(now time.Duration, key string, ifVersion *uint64) (uint64, error) {
	e, ok := s.Self.Space.Get(key)
	if ifVersion != nil && (!ok && *ifVersion != 0 || ok && e.Version != *ifVersion) {
		return 0, ErrConflict
	}
	if !ok {
		return s.Self.Space.Top(), nil
	}
	return s.write(now, key, nil, true), nil
}

// Own is one of this member's own keys, as it would have to be written anew.
type Own struct {
	Key   string
	Value []byte
	TTL   time.Duration // what is left of it; 0: for ever
}

// Own lists this member's own keys.
func (s *Store) Own(now time.Duration) []Own {
	ttl := map[string]time.Duration{}
	for _, x := range s.ttl {
		if e, ok := s.Self.Space.Get(x.key); ok && e.Version == x.version {
			ttl[x.key] = max(x.at-now, time.Millisecond)
		}
	}
	var out []Own
	for key, e := range s.Self.Space.live.All() {
		if key != FloorKey && key != AddrKey {
			out = append(out, Own{key, e.Value, ttl[key]})
		}
	}
	return out
}

// relive takes over this member's own life as another view has it, which may not know yet where it has moved to.
func (s *Store) relive(now time.Duration, r wire.Record) {
	own := s.Self.Record
	moved := own.AddrVersion > r.AddrVersion
	if moved {
		r.Addr, r.AddrVersion = own.Addr, own.AddrVersion
	}
	switch {
	case !r.Life.SameProcess(own.Life):
		s.rebirth(now, r)
		if moved {
			s.writeAddr(now)
		}
	case r != own:
		s.setRecord(s.Self, r)
	}
}

// rebirth gives this member another generation and writes its keys anew under it.
func (s *Store) rebirth(now time.Duration, r wire.Record) {
	keys := s.Own(now)
	s.ttl = nil
	s.setRecord(s.Self, r)
	for _, k := range keys {
		version := s.write(now, k.Key, k.Value, false)
		if k.TTL > 0 {
			heap.Push(&s.ttl, expiry{now + k.TTL, k.Key, version})
		}
	}
	s.ReleaseAll(now)
}

// Expire deletes own keys whose time is over.
func (s *Store) Expire(now time.Duration) {
	for len(s.ttl) > 0 && s.ttl[0].at <= now {
		x := heap.Pop(&s.ttl).(expiry)
		if e, ok := s.Self.Space.Get(x.key); ok && e.Version == x.version {
			s.write(now, x.key, nil, true)
		}
	}
}

// NextExpiry is when Expire has a key to delete; 0: none has a time to live.
func (s *Store) NextExpiry() time.Duration {
	if len(s.ttl) == 0 {
		return 0
	}
	return s.ttl[0].at
}

func (s *Store) checkWrite(key string, value []byte, ifVersion *uint64) error {
	if len(key) > s.limits.Key {
		return &SizeError{"key", len(key), s.limits.Key}
	}
	if len(value) > s.limits.Value {
		return &SizeError{"value", len(value), s.limits.Value}
	}
	space := s.Self.Space
	old, ok := space.Get(key)
	if ifVersion != nil && (!ok && *ifVersion != 0 || ok && old.Version != *ifVersion) {
		return ErrConflict
	}
	size := space.bytes + len(key) + len(value)
	if ok {
		size -= len(old.Key) + len(old.Value)
	}
	if size > s.limits.Space {
		return fmt.Errorf("%w: %d of %d bytes", ErrFull, size, s.limits.Space)
	}
	return nil
}

func (s *Store) write(now time.Duration, key string, value []byte, deleted bool) uint64 {
	space := s.Self.space()
	e := &Entry{Key: key, Value: value, Version: space.Top() + 1, Deleted: deleted, At: now}
	held := space.Held() != nil || s.gate != nil && !s.gate(now, e.size())
	from := space.Top()
	space.put(e)
	if !held {
		s.raise(now, e.Version)
	}
	s.changes = append(s.changes, Change{Kind: Wrote, Member: s.Self, From: from, To: e.Version, Entries: []*Entry{e}, Held: held})
	return e.Version
}

// collect raises the floor above tombstones that are too old or too many, and says so with a write of its own.
func (s *Store) collect(now time.Duration) {
	space := s.Self.Space
	if len(space.dead) == 0 {
		return
	}
	excess := len(space.dead) - max(maxTombstones, space.live.Len())
	var floor uint64
	for _, e := range space.log {
		if e.Version > space.max {
			break
		}
		if !e.Deleted || space.dead[e.Key] != e {
			continue
		}
		if excess <= 0 && now-e.At < tombstoneAge {
			break
		}
		floor = e.Version
		excess--
	}
	if floor == 0 {
		return
	}
	space.collect(floor)
	s.write(now, FloorKey, strconv.AppendUint(nil, floor, 10), false)
}

type expiry struct {
	at      time.Duration
	key     string
	version uint64
}

// ttlQueue is a heap of expiries, the earliest first.
type ttlQueue []expiry

func (q ttlQueue) Len() int           { return len(q) }
func (q ttlQueue) Less(i, j int) bool { return q[i].at < q[j].at }
func (q ttlQueue) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *ttlQueue) Push(x any)        { *q = append(*q, x.(expiry)) }
func (q *ttlQueue) Pop() any {
	old := *q
	x := old[len(old)-1]
	*q = old[:len(old)-1]
	return x
}
