package sim

import (
	"fmt"
	"testing"
)

// TestFoundDefects replays worlds that went wrong once, with the faults that mattered.
func TestFoundDefects(t *testing.T) {
	for _, c := range []struct {
		seed   uint64
		faults []int // nil: all
		defect string
	}{
		{30, []int{9, 20}, "a member that missed the news of an address never learned it, since no hash covers addresses"},
		{26, []int{22, 23, 24, 29, 38, 40, 43}, "who entered the very view that it held took no part in its stability tree any more"},
		{
			1109, []int{17, 18, 20, 23, 26, 27, 31, 32, 33, 34, 36, 44, 46, 47, 48, 57},
			"keys of a new process were told while it was ended, and not again after its return told the application to drop them",
		},
		{74, []int{3, 4, 5, 21}, "who left and began again had forgotten its seeds"},
		{100121, nil, "of two processes with a name the world ended the one that was in the view, and the other then ended itself"},
		{
			49, []int{9, 10, 11, 12, 13, 14, 15, 17, 18, 19, 20, 21, 22, 42, 43, 44, 1054, 46, 48, 1050, 1057},
			"a process was back after another one had its name unseen, and the application kept the keys of both",
		},
	} {
		t.Run(fmt.Sprint(c.seed), func(t *testing.T) {
			p := Draw(c.seed)
			if c.faults != nil {
				p = p.Only(c.faults)
			}
			clean(t, p.Run())
		})
	}
}
