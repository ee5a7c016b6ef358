package grapevine

import (
	"bytes"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/gossip"
	"github.com/grapevine-gossip/grapevine/internal/publish"
	"github.com/grapevine-gossip/grapevine/internal/store"
	"github.com/grapevine-gossip/grapevine/internal/wire"
)

// tagPrefix is the reserved prefix of the keys that are tags.
const tagPrefix = publish.TagPrefix

// Key names a value in the cluster: whose, and under what name.
type Key struct {
	Node string // the member
	Name string
}

// Value is one value. The bytes are a copy.
type Value struct {
	Bytes   []byte
	Version uint64        // of the owner's namespace; rises with each change
	Age     time.Duration // since this member learned of it
}

// SetOption changes a Set or Delete.
type SetOption func(*setOptions)

type setOptions struct {
	ttl       time.Duration
	ifVersion *uint64
}

// TTL has the owner delete the key after d, counted by its own clock alone. At least a millisecond.
func TTL(d time.Duration) SetOption { return func(o *setOptions) { o.ttl = d } }

// IfVersion makes the change only if the key has this version now; 0: if it is absent. Otherwise ErrConflict.
func IfVersion(v uint64) SetOption { return func(o *setOptions) { o.ifVersion = &v } }

func options(opts []SetOption) setOptions {
	var o setOptions
	for _, f := range opts {
		f(&o)
	}
	return o
}

// Set writes one of this member's own keys and returns its version. It waits for no other member: the change is on its
// way when Set returns, and this node's readers see it. When more is written in the cluster than Config.Budget lets
// through, it is held back for a while, and only the newest value of a key goes out; Backlog tells for how long.
//
// A key has 1 to 256 bytes of UTF-8 without control characters, begins neither with '/' nor with '_', and the value at
// most 64 KiB; see Limits. Errors: ErrTooLarge, ErrFull, ErrConflict, ErrConfig for a key of the wrong form, ErrLeft,
// ErrClosed.
func (n *Node) Set(key string, value []byte, opts ...SetOption) (uint64, error) {
	if n.closed() {
		return 0, ErrClosed
	}
	if err := n.checkKey(key); err != nil {
		return 0, err
	}
	o := options(opts)
	if o.ttl < 0 || o.ttl > 0 && o.ttl < time.Millisecond {
		return 0, &ConfigError{"TTL", o.ttl.String(), "must be at least 1ms"}
	}
	r, err := n.do(gossip.Set{Key: key, Value: bytes.Clone(value), TTL: o.ttl, IfVersion: o.ifVersion})
	return r.Version, err
}

// Delete removes one of this member's own keys. Deleting an absent key is no error.
func (n *Node) Delete(key string, opts ...SetOption) error {
	if n.closed() {
		return ErrClosed
	}
	if err := n.checkKey(key); err != nil {
		return err
	}
	_, err := n.do(gossip.Delete{Key: key, IfVersion: options(opts).ifVersion})
	return err
}

// SetTags makes tags the whole of this member's tags.
func (n *Node) SetTags(tags map[string]string) error {
	if n.closed() {
		return ErrClosed
	}
	for k, v := range tags {
		if err := checkTag(k, v, n.cfg.Limits); err != nil {
			return err
		}
	}
	present := n.Self().Tags
	for k, v := range tags {
		if old, ok := present[k]; ok && old == v {
			continue
		}
		if _, err := n.do(gossip.Set{Key: tagPrefix + k, Value: []byte(v)}); err != nil {
			return err
		}
	}
	for k := range present {
		if _, ok := tags[k]; !ok {
			if _, err := n.do(gossip.Delete{Key: tagPrefix + k}); err != nil {
				return err
			}
		}
	}
	return nil
}

// Get returns a value of any member, also of one that failed or left, until it is forgotten.
func (n *Node) Get(member, key string) (Value, bool) {
	snap := n.snapshot()
	if snap == nil || reserved(key) {
		return Value{}, false
	}
	m, ok := snap.Members.Get(member)
	if !ok {
		return Value{}, false
	}
	e, ok := m.Keys.Get(key)
	if !ok {
		return Value{}, false
	}
	return n.value(e), true
}

// Keys yields the names of a member's keys in rising order.
func (n *Node) Keys(member string) iter.Seq[string] {
	return func(yield func(string) bool) {
		snap := n.snapshot()
		if snap == nil {
			return
		}
		m, ok := snap.Members.Get(member)
		if !ok {
			return
		}
		for key := range m.Keys.All() {
			if !reserved(key) && !yield(key) {
				return
			}
		}
	}
}

// All yields every key of every member whose name begins with prefix, by member and key.
func (n *Node) All(prefix string) iter.Seq2[Key, Value] {
	return func(yield func(Key, Value) bool) {
		if snap := n.snapshot(); snap != nil {
			n.all(snap, prefix, yield)
		}
	}
}

func (n *Node) all(snap *publish.Snapshot, prefix string, yield func(Key, Value) bool) {
	for name, m := range snap.Members.All() {
		for key, e := range m.Keys.From(prefix) {
			if !strings.HasPrefix(key, prefix) {
				break
			}
			if !reserved(key) && !yield(Key{name, key}, n.value(e)) {
				return
			}
		}
	}
}

func (n *Node) value(e *store.Entry) Value {
	return Value{Bytes: append([]byte{}, e.Value...), Version: e.Version, Age: max(n.now()-e.At, 0)}
}

func reserved(key string) bool { return strings.HasPrefix(key, "_") }

func (n *Node) checkKey(key string) error {
	if len(key) > n.cfg.Limits.Key {
		return fmt.Errorf("%w: key of %d bytes is over the limit of %d", ErrTooLarge, len(key), n.cfg.Limits.Key)
	}
	if err := wire.ValidKey(key); err != nil {
		return &ConfigError{"Key", key, err.Error()}
	}
	if reserved(key) {
		return &ConfigError{"Key", key, "a leading '_' is reserved"}
	}
	return nil
}

// Limits are those in force for this member's own keys.
func (n *Node) Limits() Limits { return n.cfg.Limits }
