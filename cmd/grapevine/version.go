package main

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/grapevine-gossip/grapevine"
)

func (c *cli) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the versions of the program, of Go and of the protocol",
		Example: "  grapevine version\n  grapevine version -o json",
		Args:    args(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			v := struct {
				Version     string `json:"version"`
				Revision    string `json:"revision,omitempty"`
				Go          string `json:"go"`
				Platform    string `json:"platform"`
				ProtocolMin int    `json:"protocol_min"`
				ProtocolMax int    `json:"protocol_max"`
			}{"unknown", "", runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH, grapevine.ProtocolMin, grapevine.ProtocolMax}
			if info, ok := debug.ReadBuildInfo(); ok {
				v.Version = info.Main.Version
				for _, s := range info.Settings {
					if s.Key == "vcs.revision" {
						v.Revision = s.Value
					}
				}
			}
			body, err := json.Marshal(v)
			if err != nil || c.output == "json" {
				return c.show(body, nil, table{})
			}
			protocol := fmt.Sprintf("protocol %d", v.ProtocolMax)
			if v.ProtocolMin != v.ProtocolMax {
				protocol = fmt.Sprintf("protocol %d to %d", v.ProtocolMin, v.ProtocolMax)
			}
			_, err = fmt.Fprintf(c.out, "grapevine %s, %s, %s, %s\n", v.Version, protocol, v.Go, v.Platform)
			return err
		},
	}
}
