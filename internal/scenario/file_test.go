package scenario

import (
	"strings"
	"testing"
	"time"
)

func TestFileSaysWhatIsNotAsByDefault(t *testing.T) {
	f, err := ReadFile([]byte(`
scenario = "crash"
nodes = 200
seeds = 20
seed = 9
loss = "2%"
latency = "1ms..5ms"
duration = "40s"
[set]
detector.phi = 6
"scenario.count" = 3
`))
	if err != nil {
		t.Fatal(err)
	}
	p := f.Params
	if f.Scenario != crash || p.Nodes != 200 || f.Seeds != 20 || f.Seed != 9 || p.Link.Loss != 0.02 || p.Link.Latency.Most != 5*time.Millisecond ||
		p.Duration != 40*time.Second || p.Protocol.Phi != 6 || p.Options.Count != 3 {
		t.Errorf("%+v", f)
	}
}

func TestFileOfFaults(t *testing.T) {
	f, err := ReadFile([]byte(`
scenario = "faults"
nodes = 9
[[fault]]
deed = "part"
at = "5s"
for = "20s"
who = ["n1", "n2"]
[[fault]]
deed = "kill"
at = "6s"
who = ["n5"]
`))
	if err != nil {
		t.Fatal(err)
	}
	r := faults.Play(f.Params, 1, nil)
	if len(r.Violations) > 0 || r.Unfinished != "" {
		t.Fatal(r.Violations, r.Unfinished)
	}
	if got := r.Figures.Find("members").Value; got != 8 {
		t.Errorf("%v members in the end", got)
	}
}

func TestFileErrorsSayWhatIsWrong(t *testing.T) {
	for _, c := range []struct{ file, want string }{
		{`nodes = 3`, "which scenario"},
		{`scenario = "crahs"`, `no scenario "crahs"; there are bootstrap`},
		{"scenario = \"crash\"\nnoodles = 3", `line 2: there is no "noodles"`},
		{"scenario = \"crash\"\nnodes = \"many\"", "line 2"},
		{"scenario = \"crash\"\nnodes = 2", "nodes is between 3"},
		{"scenario = \"crash\"\nnodes = -7", "nodes is between 3"},
		{"scenario = \"crash\"\nseeds = -7", "below 0"},
		{"scenario = \"crash\"\nloss = \"-2%\"", "no share"},
		{"scenario = \"crash\"\nloss = \"200%\"", "no share"},
		{"scenario = \"crash\"\nlatency = \"soon\"", "not of the form"},
		{"scenario = \"crash\"\nlatency = \"5ms..1ms\"", "larger"},
		{"scenario = \"crash\"\nduration = \"-1s\"", "no duration"},
		{"scenario = \"crash\"\n[set]\ndetector.fi = 6", `no setting "detector.fi"`},
		{"scenario = \"crash\"\n[set]\ndetector.phi = \"NaN\"", "no number"},
		{"scenario = \"crash\"\n[set]\nscenario.kind = \"x\"", "does not read scenario.kind"},
		{"scenario = \"grey\"\n[set]\nscenario.kind = \"x\"", "scenario.kind"},
		{"scenario = \"faults\"", "wants entries"},
		{"scenario = \"crash\"\n[[fault]]\ndeed = \"kill\"\nwho = [\"n1\"]", "belong to the scenario faults"},
		{"scenario = \"faults\"\n[[fault]]\ndeed = \"murder\"", `fault 1: there is no deed "murder"`},
		{"scenario = \"faults\"\n[[fault]]\ndeed = \"kill\"", "fault 1: kill wants 1 names"},
		{"scenario = \"faults\"\n[[fault]]\ndeed = \"kill\"\nwho = [\"n1\"]\nat = \"noon\"", "no duration"},
		{"scenario = \"faults\"\n[[fault]]\ndeed = \"weather\"\nshare = 7.0", "share 7"},
		{"scenario = [", "line 1"},
	} {
		_, err := ReadFile([]byte(c.file))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v, not %q", c.file, err, c.want)
		}
	}
}

// What a setting shows, it reads.
func TestSettingsAreReadAsTheyAreShown(t *testing.T) {
	values := map[string]string{
		"latency": "zones:1ms:40ms", "scenario.kind": "egress", "spread.order": "oldest", "spread.flow": "none", "antientropy.compare": "sketch",
	}
	for _, one := range Settings() {
		var p, q Params
		v := values[one.Name]
		for _, try := range []string{v, "1.5s", "3", "2.5%"} {
			if try != "" && one.set(&p, try) == nil {
				v = try
				break
			}
		}
		shown := one.show(&p)
		if err := one.set(&q, shown); err != nil || one.show(&q) != shown || shown == "" {
			t.Errorf("%s: set to %q it shows %q, and then %q; %v", one.Name, v, shown, one.show(&q), err)
		}
		if one.Explain == "" {
			t.Errorf("%s is not explained", one.Name)
		}
	}
	for _, l := range []string{"40ms", "1ms..5ms", "lognormal:5ms:0.5", "zones:1ms:40ms"} {
		var p Params
		if err := setLatency(&p, l); err != nil || showLatency(&p) != l {
			t.Errorf("%s is shown as %s; %v", l, showLatency(&p), err)
		}
	}
}
