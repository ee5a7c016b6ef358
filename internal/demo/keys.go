package demo

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// readKeys sends the keys that a person presses, or the first letter of each line where the input is no terminal. The
// channel stays open after the end of the input: a demo without a keyboard runs until it is interrupted. The returned
// function gives the terminal back.
func readKeys(ctx context.Context, in io.Reader) (<-chan byte, func(), error) {
	keys := make(chan byte)
	restore := func() {}
	next := lines(in)
	if f, ok := in.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		state, err := term.MakeRaw(int(f.Fd()))
		if err != nil {
			return nil, nil, fmt.Errorf("terminal: %w", err)
		}
		restore = func() { _ = term.Restore(int(f.Fd()), state) }
		next = bufio.NewReader(in).ReadByte
	}
	go func() {
		for {
			k, err := next()
			if err != nil {
				return
			}
			select {
			case keys <- k:
			case <-ctx.Done():
				return
			}
		}
	}()
	return keys, restore, nil
}

func lines(in io.Reader) func() (byte, error) {
	r := bufio.NewReader(in)
	return func() (byte, error) {
		for {
			line, err := r.ReadString('\n')
			if line = strings.TrimSpace(line); line != "" {
				return line[0], nil
			}
			if err != nil {
				return 0, err
			}
		}
	}
}
