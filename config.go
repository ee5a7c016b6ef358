package grapevine

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/grapevine-gossip/grapevine/internal/wire"
	"github.com/grapevine-gossip/grapevine/transport"
)

// Protocol versions spoken by this build.
const (
	ProtocolMin = wire.MinVersion
	ProtocolMax = wire.MaxVersion
)

// DefaultPort is the port of the default Bind, UDP and TCP.
const DefaultPort = 7787

// Config says who this member is and how it behaves. For every field zero is the default; negative, where it makes
// sense, is off. Settings that others must know (the interval) travel with the member and may differ between members.
type Config struct {
	// Name is unique in the cluster: letters, digits, '.', '_' and '-', at most 128, beginning and ending with a letter or
	// digit. Default: the host name.
	Name string
	// Cluster keeps clusters apart that can reach each other; the same characters. Default: "default".
	Cluster string
	// Bind is the host:port to listen at, UDP and TCP. Port 0 takes one that is free for both. Default ":7787", all
	// addresses of both families.
	Bind string
	// Advertise is the host:port at which the others reach this member. Default: the bound address; if that is
	// unspecified, the local address of the route to the first seed.
	Advertise string
	// Seeds are members to begin with: host:port, dns:name:port (all its addresses), srv:_gossip._udp.name, file:path (one
	// seed a line). At most 256. They are resolved again and again, and one that is this member itself is skipped. Without
	// seeds the member starts alone and is joined by others.
	Seeds []string
	// Tags are short facts about the member, such as its role. They are keys under a reserved prefix.
	Tags map[string]string
	// DataDir, if set, keeps the generation and the known peers, so that a cluster that is restarted whole finds itself
	// again. Two processes can't share one. Keys are not kept.
	DataDir string
	// Transport replaces UDP and TCP sockets; Bind is then not used. Close closes it, and so does a Start that fails
	// after it looked at the configuration.
	Transport transport.Transport
	// Logger receives few, structured messages, on a goroutine of their own: a slow one delays nothing and loses some.
	// Default: none.
	Logger *slog.Logger
	// Clock and Rand replace the system's, in tests.
	Clock Clock
	Rand  rand.Source

	// Phi is the suspicion at which a member is accused, see docs/detection.md. Default 8, range 1 to 100. Higher is
	// slower and more patient.
	Phi float64
	// Interval is how often a member is probed, by its watchers in turn. Default 1 s, range 100 ms to 1 min.
	Interval time.Duration
	// JoinTimeout bounds Start while seeds are silent. Default 3 s; negative: don't wait.
	JoinTimeout time.Duration
	// Limits of this member's own keys.
	Limits Limits
	// Budget is how many bytes a second this member sends at most for changes and repair. Default 8 MiB; negative: no
	// limit.
	Budget int
}

// Limits of one's own keys, in bytes.
type Limits struct {
	Key       int // of a key: default and most 256
	Value     int // of a value: default and most 65,536
	Namespace int // of all keys and values together: default 16 MiB
}

// Clock tells the time and wakes. The default is the system's.
type Clock interface {
	Now() time.Time
	After(d time.Duration) <-chan time.Time
}

type systemClock struct{}

func (systemClock) Now() time.Time                         { return time.Now() }
func (systemClock) After(d time.Duration) <-chan time.Time { return time.After(d) }

// LAN is the default: members within a data centre.
func LAN() Config { return Config{} }

// WAN is for members far apart: patient, a crash takes twice as long to be found.
func WAN() Config { return Config{Phi: 10, Interval: 2 * time.Second, JoinTimeout: 10 * time.Second} }

// Local is for members on one machine, in tests and demonstrations: bound to loopback, any port.
func Local() Config { return Config{Bind: "127.0.0.1:0"} }

// Check reports everything that Start would refuse for the configuration alone, without starting anything. The error
// wraps ErrConfig.
func (c Config) Check() error {
	_, err := c.withDefaults()
	return err
}

func (c Config) withDefaults() (Config, error) {
	if c.Name == "" {
		c.Name = hostName()
	}
	if c.Cluster == "" {
		c.Cluster = "default"
	}
	if c.Bind == "" {
		c.Bind = ":" + strconv.Itoa(DefaultPort)
	}
	if c.Clock == nil {
		c.Clock = systemClock{}
	}
	if c.Rand == nil {
		c.Rand = rand.NewPCG(rand.Uint64(), rand.Uint64())
	}
	setDefault(&c.Phi, 8)
	setDefault(&c.Interval, time.Second)
	setDefault(&c.JoinTimeout, 3*time.Second)
	setDefault(&c.Limits.Key, wire.MaxKey)
	setDefault(&c.Limits.Value, wire.MaxValue)
	setDefault(&c.Limits.Namespace, 16<<20)
	return c, c.check()
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

func (c Config) check() error {
	if err := wire.ValidName(c.Name); err != nil {
		return &ConfigError{"Name", c.Name, err.Error()}
	}
	if err := wire.ValidName(c.Cluster); err != nil {
		return &ConfigError{"Cluster", c.Cluster, err.Error()}
	}
	if err := checkHostPort("Bind", c.Bind, true); err != nil {
		return err
	}
	if c.Advertise != "" {
		if err := checkHostPort("Advertise", c.Advertise, false); err != nil {
			return err
		}
	}
	if err := checkSeeds(c.Seeds); err != nil {
		return err
	}
	for k, v := range c.Tags {
		if err := checkTag(k, v, c.Limits); err != nil {
			return err
		}
	}
	return c.checkNumbers()
}

func (c Config) checkNumbers() error {
	inRange := func(field string, ok bool, value any, want string) error {
		if ok {
			return nil
		}
		return &ConfigError{field, fmt.Sprint(value), want}
	}
	for _, err := range []error{
		inRange("Phi", c.Phi >= 1 && c.Phi <= 100, c.Phi, "must be from 1 to 100"),
		inRange("Interval", c.Interval >= 100*time.Millisecond && c.Interval <= time.Minute, c.Interval, "must be from 100ms to 1m"),
		inRange("Limits.Key", c.Limits.Key > 0 && c.Limits.Key <= wire.MaxKey, c.Limits.Key, "must be from 1 to 256"),
		inRange("Limits.Value", c.Limits.Value > 0 && c.Limits.Value <= wire.MaxValue, c.Limits.Value, "must be from 1 to 65536"),
		inRange("Limits.Namespace", c.Limits.Namespace > 0, c.Limits.Namespace, "must be positive"),
	} {
		if err != nil {
			return err
		}
	}
	return nil
}

func checkTag(k, v string, l Limits) error {
	if err := wire.ValidKey(k); err != nil {
		return &ConfigError{"Tag", k, err.Error()}
	}
	if len(tagPrefix)+len(k) > l.Key || len(v) > l.Value {
		return &ConfigError{"Tag", k, fmt.Sprintf("name or value is over the limit of %d and %d bytes", l.Key-len(tagPrefix), l.Value)}
	}
	return nil
}

// checkHostPort checks the form of an address. Where listening is meant, the host may be empty and the port 0.
func checkHostPort(field, s string, listen bool) error {
	host, port, err := splitHostPort(s)
	if err != nil {
		return &ConfigError{field, s, "must be host:port, like 10.0.0.5:7787 or [::1]:7787"}
	}
	if host == "" && !listen {
		return &ConfigError{field, s, "needs a host that the others can reach"}
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 && !listen {
		return &ConfigError{field, s, "needs a port from 1 to 65535"}
	}
	if addr, err := netip.ParseAddr(host); err == nil && addr.IsUnspecified() && !listen {
		return &ConfigError{field, s, "needs an address that the others can reach"}
	}
	return nil
}

// hostName is the host's name in the form of a member's name.
func hostName() string {
	name, err := os.Hostname()
	if err != nil {
		return "localhost"
	}
	return strings.Trim(name, ".-_")
}
