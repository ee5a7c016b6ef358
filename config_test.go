package grapevine_test

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/grapevine-gossip/grapevine"
)

func TestPresetsAreRight(t *testing.T) {
	for name, cfg := range map[string]grapevine.Config{"LAN": grapevine.LAN(), "WAN": grapevine.WAN(), "Local": grapevine.Local()} {
		cfg.Name = "n0"
		if err := cfg.Check(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestConfigErrorsNameFieldAndValue(t *testing.T) {
	type config = grapevine.Config
	for _, c := range []struct {
		field, value string
		change       func(*config)
	}{
		{"Name", "-x", func(c *config) { c.Name = "-x" }},
		{"Name", "a b", func(c *config) { c.Name = "a b" }},
		{"Name", strings.Repeat("x", 129), func(c *config) { c.Name = strings.Repeat("x", 129) }},
		{"Cluster", "x/y", func(c *config) { c.Cluster = "x/y" }},
		{"Bind", "7787", func(c *config) { c.Bind = "7787" }},
		{"Bind", ":99999", func(c *config) { c.Bind = ":99999" }},
		{"Advertise", "10.0.0.1", func(c *config) { c.Advertise = "10.0.0.1" }},
		{"Advertise", "10.0.0.1:0", func(c *config) { c.Advertise = "10.0.0.1:0" }},
		{"Advertise", "0.0.0.0:1", func(c *config) { c.Advertise = "0.0.0.0:1" }},
		{"Seed", "nowhere", func(c *config) { c.Seeds = []string{"10.0.0.1:1", "nowhere"} }},
		{"Seeds", "257", func(c *config) { c.Seeds = make([]string, 257) }},
		{"Tag", "a\nb", func(c *config) { c.Tags = map[string]string{"a\nb": ""} }},
		{"Phi", "0.5", func(c *config) { c.Phi = 0.5 }},
		{"Phi", "101", func(c *config) { c.Phi = 101 }},
		{"Phi", "NaN", func(c *config) { c.Phi = math.NaN() }},
		{"Interval", "1ms", func(c *config) { c.Interval = time.Millisecond }},
		{"Interval", "-1s", func(c *config) { c.Interval = -time.Second }},
		{"Limits.Key", "257", func(c *config) { c.Limits.Key = 257 }},
		{"Limits.Value", "65537", func(c *config) { c.Limits.Value = 65537 }},
		{"Limits.Namespace", "-1", func(c *config) { c.Limits.Namespace = -1 }},
	} {
		cfg := grapevine.Local()
		cfg.Name = "n0"
		c.change(&cfg)
		var bad *grapevine.ConfigError
		err := cfg.Check()
		if !errors.As(err, &bad) || bad.Field != c.field || bad.Value != c.value || !errors.Is(err, grapevine.ErrConfig) {
			t.Errorf("%s = %q: error %v", c.field, c.value, err)
		}
		if n, startErr := grapevine.Start(t.Context(), cfg); !errors.Is(startErr, grapevine.ErrConfig) {
			t.Errorf("%s = %q: started %v, error %v", c.field, c.value, n, startErr)
		}
	}
}

func TestPortInUse(t *testing.T) {
	n := start(t, "n0")
	cfg := grapevine.Config{Name: "n1", Bind: n.Addr().String()}
	if _, err := grapevine.Start(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), n.Addr().String()) {
		t.Errorf("error %v", err)
	}
}
