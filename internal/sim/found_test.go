package sim

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// found are the worlds in testdata/found that went wrong once, by their seeds, with the faults that mattered.
var found = map[string]string{
	"30":     "a member that missed the news of an address never learned it, since no hash covers addresses",
	"26":     "who entered the very view that it held took no part in its stability tree any more",
	"74":     "who left and began again had forgotten its seeds",
	"100121": "of two processes with a name the world ended the one that was in the view, and the other then ended itself",
	"49":     "a process was back after another one had its name unseen, and the application kept the keys of both",
	"31065":  "keys of a process were told after its successor was there, since news of both came in one turn",
	"300355": "the same seen by a checker, which took the namespace that began anew for values that came back",
}

// TestFoundDefects replays them. They are kept as files, since other draws would make other worlds of their seeds.
func TestFoundDefects(t *testing.T) {
	files, err := filepath.Glob("testdata/found/*.json")
	if err != nil || len(files) != len(found) {
		t.Errorf("%d files for %d defects, %v", len(files), len(found), err)
	}
	for seed, defect := range found {
		t.Run(seed, func(t *testing.T) {
			text, err := os.ReadFile("testdata/found/" + seed + ".json")
			if err != nil {
				t.Fatal(err)
			}
			var p Plan
			if err := json.Unmarshal(text, &p); err != nil {
				t.Fatal(err)
			}
			if r := p.Run(); len(r.Violations) > 0 {
				t.Errorf("%v\nonce: %s", r.Violations[0], defect)
			}
		})
	}
}
