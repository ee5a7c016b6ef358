package sim

import (
	"fmt"
	"slices"
	"strings"
)

// DeedOf gives the deed of a name.
func DeedOf(name string) (Deed, error) {
	for d := Write; d <= lastDeed; d++ {
		if d.String() == name {
			return d, nil
		}
	}
	return 0, fmt.Errorf("there is no deed %q; there are%s", name, strings.Join(deedNames[:], " "))
}

// Check tells what is impossible about a fault that was not drawn.
func (f *Fault) Check() error {
	wants := 1
	switch f.Deed {
	case Weather, Storm:
		wants = 0
	case Oblivion, Introduce:
		wants = 2
	}
	switch {
	case len(f.Who) < wants:
		return fmt.Errorf("%v wants %d names in who", f.Deed, wants)
	case !(f.Share >= 0 && f.Share <= 1):
		return fmt.Errorf("share %v is not between 0 and 1", f.Share)
	case f.Count < 0 || f.Count > 100_000:
		return fmt.Errorf("count %d is not between 0 and 100000", f.Count)
	case f.Count == 0 && slices.Contains([]Deed{Tire, Storm, Flood, Hoard, Torrent}, f.Deed):
		return fmt.Errorf("%v wants a count", f.Deed)
	}
	return nil
}
