// Command grapevine runs a member of a gossip cluster and talks to running ones.
package main

import (
	"context"
	"os"
)

func main() {
	c := &cli{in: os.Stdin, out: os.Stdout, err: os.Stderr, environ: os.Environ()}
	os.Exit(c.run(context.Background(), os.Args[1:]))
}
