package tidy

import (
	"slices"
	"strings"
	"testing"
)

// A rule that finds nothing any more, after a change of this package, would go unnoticed in a tree that obeys it. So
// each is shown code in which it must find the lines marked bad, and only those.
func TestRulesFindWhatTheyForbid(t *testing.T) {
	for _, c := range []struct {
		rule rule
		name string
		path string
		code string
	}{
		{importsPointOneWay, "imports", "internal/spread/x.go", `package spread
import "github.com/grapevine-gossip/grapevine/internal/store"
import "github.com/grapevine-gossip/grapevine/internal/detector" // bad
import up "github.com/grapevine-gossip/grapevine/internal/gossip" // bad
import "github.com/grapevine-gossip/grapevine" // bad
`},
		{importsPointOneWay, "no layer", "internal/extra/x.go", `package extra // bad
`},
		{importsOnlyTheStandardLibrary, "standard library", "node.go", `package grapevine
import "net/netip"
import "github.com/grapevine-gossip/grapevine/internal/gossip"
import "golang.org/x/sys/unix" // bad
`},
		{doesNoIO, "IO", "internal/store/x.go", `package store
import "net/netip"
import "time"
import "net" // bad
import h "net/http" // bad
import "os/signal" // bad
import "sync" // bad
import "sync/atomic" // bad
import . "strings" // bad
func f(c chan int) {
	go f(c) // bad
	select { // bad
	case <-c:
	}
}
`},
		{takesTimeAndChance, "clock and chance", "internal/store/x.go", `package store
import "time"
import clock "time"
import "math"
import "math/rand/v2"
import dice "math/rand/v2"
import old "math/rand" // bad
import secret "crypto/rand" // bad
import "net" // bad
func f(r *rand.Rand, time2 time.Duration) float64 {
	clock.Now() // bad
	g := rand.New(dice.NewPCG(1, 2))
	g.IntN(3)
	dice.UintN(3) // bad
	rand.Shuffle(3, nil) // bad
	sleep := time.Sleep // bad
	x := math.Sqrt(2) + math.MaxInt64 + math.Pi + math.Hypot(1, 2) // bad
	return math.Pow(x, 2) // bad
}
func g(time struct{ Now func() }) { time.Now() }
`},
		{isSmall, "function", "x.go", "package grapevine\nfunc f() { // bad\n" + strings.Repeat("\n", maxFunction) + "}\n"},
		{isSmall, "largest function", "x.go", "package grapevine\nfunc f() {\n" + strings.Repeat("\n", maxFunction-2) + "}\n"},
		{isSmall, "literal", "x.go", "package grapevine\nvar f = func() { // bad\n" + strings.Repeat("\n", maxFunction) + "}\n"},
		{isSmall, "file", "x.go", "package grapevine\n" + strings.Repeat("\n", maxFile-1) + "// bad\n"},
		{hasNoCodeInComments, "comments", "x.go", `package grapevine
// f is a function (of no use) that calls g.
//
//	x := g()
//	if x { // explains
//	}
func f() {
	// g() bad
	//x := g() // bad
	// if x > 3 { // bad
	// return x // bad
	// g(x) // bad
	// a list: one, two
	// f, g, and what comes back
	// return to the caller
	// x
}
`},
		{doesNotSleep, "sleep", "x_test.go", `package grapevine
import zzz "time"
func f() {
	zzz.Sleep(1) // bad
}
`},
		{doesNotSleep, "sleep in a bubble", "x_test.go", `package grapevine
import "time"
import _ "testing/synctest"
func f() { time.Sleep(1) }
`},
		{func(f *file, complain complaint) {
			productsAreRounded(f, typed(t, []*file{f}, nil), complain)
		}, "products", "internal/phi/x.go", `package phi
type level float64
func f(x, y float64, n int, l level) float64 {
	x = x*y + 1 // bad
	z := 2 * x
	x *= y // bad
	x *= 0.25
	l = l * l // bad
	n = n * n
	const c = 3.0 * 5.0
	return float64(x*y) + float64((x*y)) + c*z + x/y // bad
}
`},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, err := newFile(c.path, []byte(strings.ReplaceAll(c.code, " // bad", "")))
			if err != nil {
				t.Fatal(err)
			}
			var want, got []int
			for i, line := range strings.Split(c.code, "\n") {
				if strings.HasSuffix(line, "// bad") {
					want = append(want, i+1)
				}
			}
			c.rule(f, func(line int, _ string) { got = append(got, line) })
			slices.Sort(got)
			if got = slices.Compact(got); !slices.Equal(got, want) {
				t.Errorf("complained of lines %v, want %v", got, want)
			}
		})
	}
}

func TestLinksThatLeadNowhereAreFound(t *testing.T) {
	var got []int
	brokenLinks("docs/x.md", strings.Join([]string{
		"# What it is, and why",
		"[here](#what-it-is-and-why) [up](../README.md) [folder](../docs) [site](https://example.org/x.md)",
		"[gone](gone.md)",
		"[nothing](#elsewhere)",
		"[top](../CHANGELOG.md#changelog)",
		"[not there](../CHANGELOG.md#nothing)",
	}, "\n"), func(line int, _ string) { got = append(got, line) })
	if want := []int{3, 4, 6}; !slices.Equal(got, want) {
		t.Errorf("complained of lines %v, want %v", got, want)
	}
}
