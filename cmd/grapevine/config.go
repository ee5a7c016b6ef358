package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/grapevine-gossip/grapevine/httpapi/api"
	"github.com/grapevine-gossip/grapevine/internal/agent"
	"github.com/grapevine-gossip/grapevine/internal/settings"
)

func (c *cli) configCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "config",
		Short:   "Check and show the agent's settings without starting it",
		Example: "  grapevine config check --config grapevine.toml\n  grapevine config show",
		Args:    cobra.ArbitraryArgs,
		RunE:    c.group,
	}
	cmd.AddCommand(c.configCheckCommand(), c.configShowCommand())
	return cmd
}

func (c *cli) configCheckCommand() *cobra.Command {
	var o agent.Options
	cmd := &cobra.Command{
		Use:     "check",
		Short:   "Exit 0 if an agent could start with these settings, 2 if not",
		Example: "  grapevine config check --config grapevine.toml",
		Args:    args(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			c.complete(&o)
			if err := o.Check(); err != nil {
				return agentFailure(err)
			}
			c.talk("the settings are good")
			return nil
		},
	}
	o.AddFlags(cmd.Flags())
	return cmd
}

func (c *cli) configShowCommand() *cobra.Command {
	var o agent.Options
	cmd := &cobra.Command{
		Use:     "show",
		Short:   "Print each setting and where it comes from",
		Example: "  GRAPEVINE_NAME=n1 grapevine config show --config grapevine.toml",
		Args:    args(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			shown := agentSettings(c.resolved)
			if err := showPreset(shown, o.Preset); err != nil {
				return agentFailure(err)
			}
			body, err := json.Marshal(api.Config{Settings: shown})
			if err != nil {
				return err
			}
			t := table{head: []string{"KEY", "VALUE", "SOURCE", "WHERE"}}
			var names []string
			for _, s := range shown {
				names = append(names, s.Key)
				t.rows = append(t.rows, []string{s.Key, orDash(brief(s.Value, 60)), s.Source, orDash(s.Where)})
			}
			return c.show(body, names, t)
		},
	}
	o.AddFlags(cmd.Flags())
	return cmd
}

// showPreset replaces the defaults of what a preset sets.
func showPreset(shown []api.Setting, preset string) error {
	p, err := agent.Preset(preset)
	if err != nil {
		return err
	}
	for i, s := range shown {
		switch {
		case s.Source != settings.FromDefault:
		case s.Key == "phi" && p.Phi != 0:
			shown[i].Value = fmt.Sprint(p.Phi)
		case s.Key == "interval" && p.Interval != 0:
			shown[i].Value = p.Interval.String()
		}
	}
	return nil
}

// agentSettings leaves out what only shapes a command's output.
func agentSettings(all []settings.Setting) []api.Setting {
	var out []api.Setting
	for _, s := range all {
		switch s.Key {
		case "help", "output", "quiet", "timeout", "addr", "tls-ca":
			continue
		}
		if list, ok := strings.CutPrefix(s.Value, "["); ok {
			s.Value = strings.TrimSuffix(list, "]")
		}
		out = append(out, api.Setting(s))
	}
	return out
}
