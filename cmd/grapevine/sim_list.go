package main

import (
	"encoding/json"
	"strings"

	"github.com/spf13/cobra"

	"github.com/grapevine-gossip/grapevine/internal/scenario"
)

func (c *cli) simListCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "Explain the scenarios and the settings",
		Example: "  grapevine sim list\n  grapevine sim list -o name",
		Args:    args(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			if c.output == "json" || c.output == "name" {
				return c.simNames()
			}
			var b strings.Builder
			for _, s := range scenario.List() {
				b.WriteString(s.Name + "\n  " + s.Question + "\n  " + strings.ReplaceAll(s.Explain, "\n", "\n  ") + "\n  default:")
				for _, one := range s.Shown(&s.Defaults) {
					if !strings.HasPrefix(one[0], "host.") {
						b.WriteString(" " + one[0] + "=" + one[1])
					}
				}
				b.WriteString("\n\n")
			}
			b.WriteString("settings, for --set NAME=VALUE or [set] in a file (nodes, duration, loss and latency have flags of their own)\n")
			if _, err := c.out.Write([]byte(b.String())); err != nil {
				return err
			}
			rows := [][]string{}
			for _, s := range scenario.Settings() {
				rows = append(rows, []string{"  " + s.Name, s.Explain})
			}
			_, err := c.out.Write(c.render(table{head: []string{"  NAME", "WHAT IT IS"}, rows: rows}))
			return err
		},
	}
}

// simNames lists the scenarios for scripts.
func (c *cli) simNames() error {
	type one struct {
		Name     string            `json:"name"`
		Question string            `json:"question"`
		Explain  string            `json:"explain"`
		Defaults map[string]string `json:"defaults"`
	}
	var list []one
	var names []string
	for _, s := range scenario.List() {
		list = append(list, one{s.Name, s.Question, strings.ReplaceAll(s.Explain, "\n", " "), asMap(s.Shown(&s.Defaults))})
		names = append(names, s.Name)
	}
	body, err := json.Marshal(list)
	if err != nil {
		return err
	}
	return c.show(body, names, table{})
}

func asMap(pairs [][2]string) map[string]string {
	out := make(map[string]string, len(pairs))
	for _, p := range pairs {
		out[p[0]] = p[1]
	}
	return out
}
