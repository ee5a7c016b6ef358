package agent

import (
	"errors"
	"fmt"
	"log/slog"
	"syscall"

	"github.com/grapevine-gossip/grapevine"
)

// Preset returns the timings for a kind of network.
func Preset(name string) (grapevine.Config, error) {
	switch name {
	case "lan":
		return grapevine.LAN(), nil
	case "wan":
		return grapevine.WAN(), nil
	case "local":
		return grapevine.Local(), nil
	default:
		return grapevine.Config{}, bad("one of lan, wan, local", "--preset %q is not known", name)
	}
}

// nodeConfig turns the settings into the node's.
func (o *Options) nodeConfig(log *slog.Logger) (grapevine.Config, error) {
	c, err := Preset(o.Preset)
	if err != nil {
		return c, err
	}
	tags, err := o.tagMap()
	if err != nil {
		return c, err
	}
	c.Name, c.Cluster, c.Bind, c.Advertise = o.Name, o.Cluster, o.Bind, o.Advertise
	c.Seeds, c.Tags, c.DataDir, c.Logger = o.Seeds, tags, o.DataDir, log
	if o.Phi != 0 {
		c.Phi = o.Phi
	}
	if o.Interval != 0 {
		c.Interval = o.Interval
	}
	if err := c.Check(); err != nil {
		return c, &UsageError{err.Error(), "'grapevine agent --help' shows the form of each flag"}
	}
	return c, nil
}

// startError says what to do about a node that did not start or could not go on.
func startError(err error) error {
	var hint string
	switch {
	case err == nil:
		return nil
	case errors.Is(err, grapevine.ErrConfig):
		return &UsageError{err.Error(), "'grapevine agent --help' shows the form of each flag"}
	case errors.Is(err, grapevine.ErrNameTaken):
		hint = "choose another --name, or stop the process that holds it"
	case errors.Is(err, grapevine.ErrWrongCluster):
		hint = "give the cluster of the seeds with --cluster, or other seeds"
	case errors.Is(err, grapevine.ErrVersion):
		hint = "run a version of grapevine that speaks the cluster's protocol; 'grapevine version' prints it"
	case errors.Is(err, syscall.EADDRINUSE):
		err = fmt.Errorf("the address is in use: %w", err)
		hint = "choose another address with --bind HOST:PORT, port 0 for a free one, or stop the process that has it"
	default:
		hint = "correct what the message names and start again"
	}
	return &RunError{err, hint}
}
