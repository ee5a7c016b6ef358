package sim

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// found are the worlds in testdata/found that went wrong once, by their seeds, with the faults that mattered.
var found = map[string]string{
	"30":      "a member that missed the news of an address never learned it, since no hash covers addresses",
	"26":      "who entered the very view that it held took no part in its stability tree any more",
	"74":      "who left and began again had forgotten its seeds",
	"100121":  "of two processes with a name the world ended the one that was in the view, and the other then ended itself",
	"49":      "a process was back after another one had its name unseen, and the application kept the keys of both",
	"31065":   "keys of a process were told after its successor was there, since news of both came in one turn",
	"300355":  "the same seen by a checker, which took the namespace that began anew for values that came back",
	"920155":  "who asked to be let in held a view of as many, under the names but not the lives of those that let it in, and refused theirs for ever",
	"920384":  "who moved while it asked to be let in went back to the address it had asked from, where nobody reached it",
	"930625":  "the answer about a namespace that was forgotten while it was being sent went on, as a delta that ends before it begins",
	"940299":  "what came in one packet with the last part of a roster was taken for news of a fellow, who was none in the view entered",
	"960254":  "who had been ended asked a fellow for another life, though those who had ended it were joining that fellow: it was let in twice",
	"2200033": "a value in parts was begun anew again and again, since a small budget let a part through less often than it was asked for",
	"422":     "nobody in the view of one member answered, and after it was let into another it ended all of that",
	"2400023": "who was let in anew by members that did not know where it had moved to was taken back to its old address by those who did",
	"2890025": "who had stood still read what had waited for it, asked to be let in at the same instant, and took what it had read for news of that view",
	"3100119": "a checker took for a forgotten one that is listed again whom the view has that was taken over later in the same turn",
	"940048":  "a list that had become whole on another way was waited for with a timer that was always due",
	"6000041": "a larger view that had come to nothing was followed again and again, since fellows still spoke of it",
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
