package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/grapevine-gossip/grapevine/httpapi/client"
	"github.com/grapevine-gossip/grapevine/internal/settings"
)

// The exit codes. Scripts rely on them.
const (
	exitOK          = 0
	exitError       = 1
	exitUsage       = 2
	exitUnreachable = 3
	exitNotFound    = 4
	exitFalse       = 5
	exitDenied      = 6
	exitInterrupted = 130
)

// failure is an error with its exit code and the next thing to try.
type failure struct {
	code int
	err  error
	hint string
}

func (f *failure) Error() string { return f.err.Error() }

func (f *failure) Unwrap() error { return f.err }

func usagef(hint, format string, args ...any) error {
	return &failure{exitUsage, fmt.Errorf(format, args...), hint}
}

var errInterrupted = errors.New("interrupted")

// classify turns any error into a failure.
func classify(err error) *failure {
	if f, ok := errors.AsType[*failure](err); ok {
		return f
	}
	if bad, ok := errors.AsType[*settings.Error](err); ok {
		return &failure{exitUsage, err, bad.Hint}
	}
	if errors.Is(err, errInterrupted) {
		return &failure{exitInterrupted, err, "run the command again to start over"}
	}
	if lost, ok := errors.AsType[*client.Unreachable](err); ok {
		return unreachable(lost)
	}
	if answer, ok := errors.AsType[*client.Error](err); ok {
		return &failure{codeOf(answer.Status), err, hintOf(answer)}
	}
	return &failure{exitError, err, "run it again with -o json, or look at the agent's log"}
}

func unreachable(lost *client.Unreachable) *failure {
	f := &failure{exitUnreachable, lost, "start one with 'grapevine agent', or name a running one with --addr URL or --addr unix:PATH"}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](lost); ok {
		f.hint = "name the authority that signed the agent's certificate with --tls-ca FILE"
	}
	if errors.Is(lost, context.DeadlineExceeded) {
		f.err = fmt.Errorf("no agent answers at %s in time", lost.Addr)
		f.hint = "give it longer with --timeout, or name another agent with --addr"
	}
	return f
}

func codeOf(status int) int {
	switch status {
	case http.StatusNotFound:
		return exitNotFound
	case http.StatusUnauthorized, http.StatusForbidden:
		return exitDenied
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		return exitUsage
	default:
		return exitError
	}
}

func hintOf(e *client.Error) string {
	switch e.Status {
	case http.StatusNotFound:
		return "'grapevine members --all' lists the known members, 'grapevine kv ls' the keys"
	case http.StatusUnauthorized:
		return "give the agent's token with --token-file FILE"
	case http.StatusForbidden:
		return "each member writes its own keys only: send it to that member's agent with --addr"
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		return "correct what the message names; --help shows the form"
	case http.StatusConflict, http.StatusPreconditionFailed:
		return "look at the present state with 'grapevine members --all' or 'grapevine kv ls', then try again"
	case http.StatusRequestEntityTooLarge:
		return "split the value over several keys, or keep it elsewhere and share where it is"
	case http.StatusServiceUnavailable:
		return "'grapevine status' says what the agent is doing; try again when it is a member"
	default:
		return "look at the agent's log"
	}
}

// complain prints a failure and what to try next.
func (c *cli) complain(f *failure) {
	msg := strings.TrimSpace(f.err.Error())
	fmt.Fprintf(c.err, "grapevine: %s\n", printable(msg))
	if f.hint != "" {
		fmt.Fprintf(c.err, "try: %s\n", f.hint)
	}
}
