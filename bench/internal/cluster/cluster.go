// Package cluster lets members of Grapevine, memberlist and serf be started, used and ended by the same scenario.
package cluster

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strconv"

	"github.com/grapevine-gossip/grapevine/bench/internal/board"
	"github.com/grapevine-gossip/grapevine/bench/internal/fabric"
)

// Library starts members of one kind: a library with its settings.
type Library struct {
	Name    string // the column
	Module  string
	Setting string // what differs from its defaults
	Start   func(ctx context.Context, s Spec) (Member, error)
	// Stability tells that its members report when all agree on a view.
	Stability bool
	// Metadata tells that it distinguishes a member's metadata from messages. Otherwise both are a key.
	Metadata bool
}

// Spec is one member to start.
type Spec struct {
	Index   int
	Seeds   []string
	Faults  *fabric.Faults
	Counter *fabric.Counter
	Board   *board.Board
}

// Name of the member.
func (s Spec) Name() string { return fmt.Sprintf("n%04d", s.Index) }

// indexOf is the number in a member's name; -1 for another's.
func indexOf(name string) int {
	if len(name) < 2 || name[0] != 'n' {
		return -1
	}
	i, err := strconv.Atoi(name[1:])
	if err != nil {
		return -1
	}
	return i
}

// Member is one that runs.
type Member interface {
	Addr() netip.AddrPort
	// Metadata changes what the member says about itself, to update number id. It may return before all have it.
	Metadata(id int) error
	// Publish hands over update number id for all others. It may return before all have it.
	Publish(id int) error
	// Leave says goodbye and ends.
	Leave(ctx context.Context) error
	// Crash closes the sockets without a goodbye.
	Crash() error
}

// Libraries are the columns, Grapevine first.
var Libraries = []Library{
	{
		Name: "grapevine", Module: "github.com/grapevine-gossip/grapevine", Setting: "default", Start: startGrapevine,
		Stability: true,
	},
	{
		Name: "memberlist", Module: "github.com/hashicorp/memberlist", Setting: "DefaultLANConfig",
		Start: startMemberlist(lan), Metadata: true,
	},
	{
		Name: "tuned", Module: "github.com/hashicorp/memberlist", Setting: "aggressive, see README.md",
		Start: startMemberlist(aggressive), Metadata: true,
	},
	{
		Name: "serf", Module: "github.com/hashicorp/serf", Setting: "DefaultConfig with DefaultLANConfig",
		Start: startSerf, Metadata: true,
	},
}

// Baseline is the column to which the others are compared.
const Baseline = "memberlist"

// payload is the value of an update: the same size for all.
const payload = 32

// message is update number id, as the rivals carry it: name and value in one.
func message(id int) []byte {
	b := make([]byte, len(key(id))+payload)
	copy(b, key(id))
	return b
}

// key is the name of update number id.
func key(id int) string { return fmt.Sprintf("u%07d", id) }

// idOf is the number of an update in its name or message; -1 for something else.
func idOf(b []byte) int {
	if len(b) < 8 || b[0] != 'u' {
		return -1
	}
	id, err := strconv.Atoi(string(b[1:8]))
	if err != nil {
		return -1
	}
	return id
}

// listenTries bounds the search for a port that is free for UDP and TCP, where the library does not search itself.
const listenTries = 8

// retry calls open until it succeeds.
func retry[T any](open func() (T, error)) (T, error) {
	var errs []error
	for range listenTries {
		t, err := open()
		if err == nil {
			return t, nil
		}
		errs = append(errs, err)
	}
	var none T
	return none, errors.Join(errs...)
}
