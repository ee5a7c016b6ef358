package main

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/grapevine-gossip/grapevine/internal/wire"
	"github.com/grapevine-gossip/grapevine/transport"
)

// maxCapture is the most that decode reads: the largest frame, in hexadecimal with some white space.
const maxCapture = 4 * transport.MaxFrame

func (c *cli) decodeCommand() *cobra.Command {
	var isHex bool
	cmd := &cobra.Command{
		Use:   "decode [FILE|-]",
		Short: "Print a captured frame as JSON",
		Long:  "Print a captured frame, the payload of one datagram or one frame of a stream, as JSON. docs/wire.md describes the fields.",
		Example: `  grapevine decode frame.bin
  echo 01ab... | grapevine decode --hex`,
		Args: args(cobra.MaximumNArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error {
			frame, err := c.capture(args)
			if err != nil {
				return &failure{exitError, err, "name a file with one frame, or give it on stdin"}
			}
			if isHex {
				if frame, err = unhex(frame); err != nil {
					return usagef("give the frame as pairs of hexadecimal digits, or leave --hex out for raw bytes", "not hexadecimal: %v", err)
				}
			}
			described, err := wire.Describe(frame)
			if err != nil {
				return &failure{exitError, err, "check that the capture is one whole frame, without IP and UDP headers; --hex if it is text"}
			}
			enc := json.NewEncoder(c.out)
			enc.SetEscapeHTML(false)
			if c.output != "json" {
				enc.SetIndent("", "  ")
			}
			return enc.Encode(described)
		},
	}
	cmd.Flags().BoolVar(&isHex, "hex", false, "the frame is hexadecimal text")
	return cmd
}

func (c *cli) capture(args []string) ([]byte, error) {
	in := c.in
	if len(args) > 0 && args[0] != "-" {
		f, err := os.Open(args[0])
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	b, err := io.ReadAll(io.LimitReader(in, maxCapture+1))
	if err == nil && len(b) > maxCapture {
		err = fmt.Errorf("more than %d bytes: no frame is that large", maxCapture)
	}
	return b, err
}

// unhex reads hexadecimal digits however they are grouped.
func unhex(text []byte) ([]byte, error) {
	digits := strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r == ':' {
			return -1
		}
		return r
	}, string(bytes.TrimPrefix(bytes.TrimSpace(text), []byte("0x"))))
	return hex.DecodeString(digits)
}
