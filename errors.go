package grapevine

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"github.com/grapevine-gossip/grapevine/internal/gossip"
	"github.com/grapevine-gossip/grapevine/internal/store"
)

// Errors to compare with errors.Is. Each says who is at fault and leaves everything as it was.
var (
	// ErrConfig is wrapped by every error about a Config, a seed, a name or a key that can't be right.
	ErrConfig = errors.New("bad configuration")
	// ErrClosed is returned by every method after Close.
	ErrClosed = errors.New("the node is closed")
	// ErrLeft is returned by writes after Leave; Join starts a new generation.
	ErrLeft = errors.New("the node has left")
	// ErrNameTaken says that a process that answers has this name.
	ErrNameTaken = errors.New("the name is taken")
	// ErrWrongCluster says that the seeds belong to another cluster.
	ErrWrongCluster = errors.New("the seed belongs to another cluster")
	// ErrWrongKey says that the seeds use another key.
	ErrWrongKey = errors.New("the seed uses another key")
	// ErrVersion says that no protocol version is spoken by both sides.
	ErrVersion = errors.New("no protocol version in common")
	// ErrNoSeeds is returned by Join if no address was given or none answered in time. The addresses are kept and tried on.
	ErrNoSeeds = errors.New("no seed answered")
	// ErrTooLarge is wrapped by the error of Set for a key or value over its limit.
	ErrTooLarge = errors.New("too large")
	// ErrFull says that the keys of this member take all of Limits.Namespace.
	ErrFull = errors.New("the namespace is full")
	// ErrConflict says that the key has another version than IfVersion names.
	ErrConflict = errors.New("the key has another version")
	// ErrUnknownMember says that no member of that name is known.
	ErrUnknownMember = errors.New("no member of that name is known")
	// ErrInView says that a member can't be forgotten because it is in the view.
	ErrInView = errors.New("the member is in the view")
	// ErrUnreachable is wrapped by an UnreachableError.
	ErrUnreachable = errors.New("no answer from the advertised address")
)

// ConfigError says which field of a Config, or which argument, can't be right. It wraps ErrConfig.
type ConfigError struct {
	Field, Value, Problem string
}

func (e *ConfigError) Error() string {
	return fmt.Sprintf("%s %q: %s", strings.ToLower(e.Field), e.Value, e.Problem)
}

func (e *ConfigError) Unwrap() error { return ErrConfig }

// UnreachableError says that the members that were to try this one's advertised address got no answer. It wraps
// ErrUnreachable.
type UnreachableError struct {
	Addr  netip.AddrPort // as advertised
	Names []string       // who tried
}

func (e *UnreachableError) Error() string {
	return fmt.Sprintf("%s get no answer from %s/udp: check the firewall, and that the advertised address is right",
		strings.Join(e.Names, ", "), e.Addr)
}

func (e *UnreachableError) Unwrap() error { return ErrUnreachable }

// fromMachine turns an error of the machine into one of this package.
func fromMachine(err error) error {
	var size *store.SizeError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &size):
		return fmt.Errorf("%w: %w", ErrTooLarge, size)
	case errors.Is(err, gossip.ErrFull):
		return fmt.Errorf("%w (%w)", ErrFull, err)
	case errors.Is(err, gossip.ErrConflict):
		return ErrConflict
	case errors.Is(err, gossip.ErrLeft):
		return ErrLeft
	case errors.Is(err, gossip.ErrInView):
		return ErrInView
	case errors.Is(err, gossip.ErrUnknownMember):
		return ErrUnknownMember
	}
	return err
}
