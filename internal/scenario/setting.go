package scenario

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/gossip"
	"github.com/grapevine-gossip/grapevine/internal/sim"
)

// Setting is one thing about a world that can be set by name.
type Setting struct {
	Name    string
	Explain string
	set     func(*Params, string) error
	show    func(*Params) string // "" for the default
}

// Settings lists all of them.
func Settings() []Setting {
	return []Setting{
		{"nodes", "members", func(p *Params, v string) error {
			n, err := strconv.Atoi(v)
			if err != nil {
				return fmt.Errorf("%q is no whole number", v)
			}
			p.Nodes = n
			return nil
		}, func(p *Params) string { return strconv.Itoa(p.Nodes) }},
		span("duration", "of the part that is measured", func(p *Params) *time.Duration { return &p.Duration }),
		text("latency", "of a packet, one way: 40ms, 1ms..5ms, lognormal:5ms:0.5 (median and sigma), zones:1ms:40ms (within and between two zones)",
			setLatency, showLatency),
		share("loss", "share of the packets that every link loses: 2% or 0.02", func(p *Params) *float64 { return &p.Link.Loss }),
		share("link.duplicate", "share of the packets that arrive twice", func(p *Params) *float64 { return &p.Link.Duplicate }),
		share("link.reorder", "share of the packets that are held up by up to link.held_up", func(p *Params) *float64 { return &p.Link.Reorder }),
		span("link.held_up", "how long packets are held up", func(p *Params) *time.Duration { return &p.Link.HeldUp }),
		span("link.burst_good", "mean time in which a link is as good as usual", func(p *Params) *time.Duration { return &p.Link.Burst.Good }),
		span("link.burst_bad", "mean time in which a link then loses link.burst_loss", func(p *Params) *time.Duration { return &p.Link.Burst.Bad }),
		share("link.burst_loss", "share lost while a link is bad", func(p *Params) *float64 { return &p.Link.Burst.Loss }),
		span("host.per_packet", "processor time to handle a packet", func(p *Params) *time.Duration { return &p.Host.PerPacket }),
		span("host.per_kb", "and for each 1000 bytes of it", func(p *Params) *time.Duration { return &p.Host.PerKB }),
		span("host.per_send", "processor time to send a packet", func(p *Params) *time.Duration { return &p.Host.PerSend }),
		whole("host.bandwidth", "bytes a second in each direction; 0 is no limit", func(p *Params) *int { return &p.Host.Bandwidth }),
		whole("host.buffer", "packets that wait to be handled", func(p *Params) *int { return &p.Host.Buffer }),
		whole("host.cores", "processors that all members share, as in one process; 0: each member has one of its own", func(p *Params) *int { return &p.Cores }),
		number("detector.phi", "threshold of conviction", func(p *Params) *float64 { return &p.Protocol.Phi }),
		span("detector.interval", "between two probes of a member", func(p *Params) *time.Duration { return &p.Protocol.Interval }),
		whole("detector.quick", "lists of accusations that a member passes on at once in a second; 0 is the default", func(p *Params) *int { return &p.Protocol.Quick }),
		whole("store.max_key", "bytes of a key", func(p *Params) *int { return &p.Protocol.MaxKey }),
		whole("store.max_value", "bytes of a value", func(p *Params) *int { return &p.Protocol.MaxValue }),
		whole("store.max_space", "bytes of a member's keys and values", func(p *Params) *int { return &p.Protocol.MaxSpace }),
		whole("spread.budget", "bytes a second that a member may send for changes and repair", func(p *Params) *int { return &p.Protocol.Budget }),
		text("spread.order", "whose changes come first when not everything fits: depth, breadth, oldest or newest", setOrder, showOrder),
		text("spread.flow", "how the pace of a member's own changes is set: aimd, or none", setFlow, showFlow),
		whole("spread.fanout", "to how many members drawn by lot each change is sent on, in place of the overlay's neighbours; 0 is the overlay",
			func(p *Params) *int { return &p.Protocol.Variant.Fanout }),
		text("antientropy.compare", "how members find out what they hold differently: cheapest, id (a digest of ids and versions), place, sketch",
			setCompare, func(p *Params) string { return string(p.Protocol.Compare) }),
		share("scenario.share", "of the members", func(p *Params) *float64 { return &p.Options.Share }),
		whole("scenario.count", "how many", func(p *Params) *int { return &p.Options.Count }),
		span("scenario.every", "time between two of them", func(p *Params) *time.Duration { return &p.Options.Every }),
		span("scenario.pause", "how long a member stands still", func(p *Params) *time.Duration { return &p.Options.Pause }),
		number("scenario.rate", "how many a second", func(p *Params) *float64 { return &p.Options.Rate }),
		text("scenario.kind", "which kind", func(p *Params, v string) error { p.Options.Kind = v; return nil },
			func(p *Params) string { return p.Options.Kind }),
	}
}

// Set gives a setting a value. The scenario must read it.
func (s *Scenario) Set(p *Params, name, value string) error {
	for _, one := range Settings() {
		if one.Name != name {
			continue
		}
		if !s.reads(name) {
			return fmt.Errorf("the scenario %s does not read %s", s.Name, name)
		}
		if name == "scenario.kind" && !slices.Contains(s.Kinds, value) {
			return fmt.Errorf("scenario.kind %q: there are %s", value, strings.Join(s.Kinds, ", "))
		}
		if err := one.set(p, value); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		return nil
	}
	return fmt.Errorf("there is no setting %q", name)
}

// Shown lists the settings that are not at the protocol's defaults, in order.
func (s *Scenario) Shown(p *Params) [][2]string {
	var out [][2]string
	for _, one := range Settings() {
		if v := one.show(p); v != "" && s.reads(one.Name) {
			out = append(out, [2]string{one.Name, v})
		}
	}
	return out
}

func text(name, explain string, set func(*Params, string) error, show func(*Params) string) Setting {
	return Setting{name, explain, set, show}
}

func span(name, explain string, of func(*Params) *time.Duration) Setting {
	return Setting{name, explain, func(p *Params, v string) error {
		d, err := time.ParseDuration(v)
		if err != nil || d < 0 {
			return fmt.Errorf("%q is no duration such as 40ms or 2s", v)
		}
		*of(p) = d
		return nil
	}, func(p *Params) string {
		if *of(p) == 0 {
			return ""
		}
		return of(p).String()
	}}
}

func whole(name, explain string, of func(*Params) *int) Setting {
	return Setting{name, explain, func(p *Params, v string) error {
		n, err := strconv.Atoi(v)
		if err != nil || n < 0 {
			return fmt.Errorf("%q is no whole number of 0 or more", v)
		}
		*of(p) = n
		return nil
	}, func(p *Params) string {
		if *of(p) == 0 {
			return ""
		}
		return strconv.Itoa(*of(p))
	}}
}

func number(name, explain string, of func(*Params) *float64) Setting {
	return Setting{name, explain, func(p *Params, v string) error {
		f, err := strconv.ParseFloat(v, 64)
		if err != nil || !(f >= 0 && f <= math.MaxInt32) {
			return fmt.Errorf("%q is no number of 0 or more", v)
		}
		*of(p) = f
		return nil
	}, func(p *Params) string {
		if *of(p) == 0 {
			return ""
		}
		return strconv.FormatFloat(*of(p), 'g', -1, 64)
	}}
}

func share(name, explain string, of func(*Params) *float64) Setting {
	return Setting{name, explain, func(p *Params, v string) error {
		f, err := ParseShare(v)
		if err == nil {
			*of(p) = f
		}
		return err
	}, func(p *Params) string {
		if *of(p) == 0 {
			return ""
		}
		return strconv.FormatFloat(100**of(p), 'g', 6, 64) + "%"
	}}
}

// ParseShare reads 2% or 0.02.
func ParseShare(v string) (float64, error) {
	digits, percent := strings.CutSuffix(v, "%")
	f, err := strconv.ParseFloat(digits, 64)
	if percent {
		f /= 100
	}
	if err != nil || !(f >= 0 && f <= 1) {
		return 0, fmt.Errorf("%q is no share such as 2%% or 0.02", v)
	}
	return f, nil
}

func setLatency(p *Params, v string) error {
	bad := fmt.Errorf("%q is not of the form 40ms, 1ms..5ms, lognormal:5ms:0.5 or zones:1ms:40ms", v)
	var l sim.Latency
	parts := strings.Split(v, ":")
	least, most, between := strings.Cut(v, "..")
	var err [2]error
	switch {
	case parts[0] == "lognormal" && len(parts) == 3:
		l.Shape = sim.LogNormal
		l.Median, err[0] = time.ParseDuration(parts[1])
		l.Sigma, err[1] = strconv.ParseFloat(parts[2], 64)
	case parts[0] == "zones" && len(parts) == 3:
		l.Shape = sim.Zones
		l.Least, err[0] = time.ParseDuration(parts[1])
		l.Most, err[1] = time.ParseDuration(parts[2])
	case between:
		l.Shape = sim.Uniform
		l.Least, err[0] = time.ParseDuration(least)
		l.Most, err[1] = time.ParseDuration(most)
	default:
		l.Least, err[0] = time.ParseDuration(v)
	}
	if err[0] != nil || err[1] != nil || l.Least < 0 || l.Most < 0 || l.Median < 0 || l.Sigma < 0 || l.Sigma > 4 {
		return bad
	}
	p.Link.Latency = l
	return nil
}

func showLatency(p *Params) string {
	l := &p.Link.Latency
	switch l.Shape {
	case sim.Uniform:
		return fmt.Sprintf("%v..%v", l.Least, l.Most)
	case sim.LogNormal:
		return fmt.Sprintf("lognormal:%v:%g", l.Median, l.Sigma)
	case sim.Zones:
		return fmt.Sprintf("zones:%v:%v", l.Least, l.Most)
	}
	return l.Least.String()
}

func setCompare(p *Params, v string) error {
	p.Protocol.Compare = ""
	if v == "cheapest" {
		return nil
	}
	for _, c := range gossip.Comparisons {
		if v == string(c) {
			p.Protocol.Compare = c
			return nil
		}
	}
	return fmt.Errorf("%q is none of cheapest, id, place, sketch", v)
}
