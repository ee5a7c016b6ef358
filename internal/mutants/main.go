// Mutants breaks the protocol on purpose, in one place at a time, and says whether the checkers of the simulator notice.
// A checker that nobody ever saw failing may be checking nothing.
//
// A mutant is a file, a text in it and what is put in its place; list.go has them. The change is applied by the overlay
// of the go command, so neither the code nor its binaries know of any of this:
//
//	go run ./internal/mutants               all of them
//	go run ./internal/mutants -only name    those whose names begin so
//	go run ./internal/mutants -day 200      the two whose turn it is on that day of the year
//
// A mutant that is not caught, does not compile, or whose text is no longer in its file, makes it exit 1.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"time"
)

// perDay is how many have their turn on one day.
const perDay = 2

func main() {
	var c choice
	flag.StringVar(&c.only, "only", "", "names, or beginnings of names, separated by commas")
	flag.IntVar(&c.day, "day", -1, "day of the year: only the two whose turn it is")
	flag.Uint64Var(&c.seed, "seed", 0, "first world, instead of the usual one")
	flag.IntVar(&c.worlds, "worlds", 0, "how many worlds at most, instead of the usual number")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Stdout, c); err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

// choice is what was asked for.
type choice struct {
	only   string
	day    int // below 0: all
	seed   uint64
	worlds int
}

// of takes the mutants that were asked for.
func (c choice) of(all []mutant) ([]mutant, error) {
	out := slices.Clone(all)
	if c.day >= 0 {
		out = out[:0]
		for i := range min(perDay, len(all)) {
			out = append(out, all[(perDay*c.day+i)%len(all)])
		}
	}
	if c.only != "" {
		begins := strings.Split(c.only, ",")
		out = slices.DeleteFunc(out, func(m mutant) bool {
			return !slices.ContainsFunc(begins, func(b string) bool { return strings.HasPrefix(m.name, b) })
		})
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("no mutant's name begins with %q", c.only)
	}
	for i := range out {
		if c.seed > 0 {
			out[i].seed = c.seed
		}
		if c.worlds > 0 {
			out[i].worlds = c.worlds
		}
	}
	return out, nil
}

func run(ctx context.Context, to io.Writer, c choice) error {
	chosen, err := c.of(mutants)
	if err != nil {
		return err
	}
	root, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return fmt.Errorf("looking for the module: %w", err)
	}
	dir, err := os.MkdirTemp("", "mutants")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	j := &judge{root: strings.TrimSpace(string(root)), dir: dir, swarm: "./internal/sim", within: within}
	return score(ctx, to, j, chosen)
}

// score tries each mutant and reports. The error says what is wrong with the score, if anything is.
func score(ctx context.Context, to io.Writer, j *judge, chosen []mutant) error {
	const line = "%-32s  %-26s  %8s  %6s  %7s\n"
	fmt.Fprintf(to, line, "MUTANT", "CAUGHT BY", "SEED", "WORLDS", "SECONDS")
	caught := 0
	by := map[string]int{}
	for _, m := range chosen {
		begin := time.Now()
		v, err := j.try(ctx, m)
		seconds := fmt.Sprintf("%.1f", time.Since(begin).Seconds())
		seed, worlds := "-", "-"
		if m.unit == "" && v.worlds > 0 {
			seed, worlds = fmt.Sprint(v.seed), fmt.Sprint(v.worlds)
		}
		switch {
		case ctx.Err() != nil:
			return errors.New("interrupted")
		case err != nil:
			v.by = "ERROR"
		case v.by == "":
			v.by = "NOTHING"
		default:
			caught++
			by[v.by]++
		}
		fmt.Fprintf(to, line, m.name, v.by, seed, worlds, seconds)
		if err != nil {
			fmt.Fprintf(to, "    %s\n", strings.ReplaceAll(strings.TrimSpace(err.Error()), "\n", "\n    "))
		}
	}
	fmt.Fprintf(to, "%d of %d caught, by %d checkers and tests\n", caught, len(chosen), len(by))
	if caught < len(chosen) {
		return fmt.Errorf("%d of %d were not caught", len(chosen)-caught, len(chosen))
	}
	return nil
}
