package main

import (
	"net/netip"

	"github.com/spf13/cobra"

	"dun/cmd/dunlab/internal/yardstick"
)

// yardstickCommand is the plain path that dun is measured beside.
func yardstickCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "yardstick INTERFACE LOCAL PEER caller|called",
		Short:  "carry packets the plain way (run by the benchmarks)",
		Hidden: true,
		Args:   cobra.ExactArgs(4),
		RunE: func(_ *cobra.Command, args []string) error {
			local, err := netip.ParseAddr(args[1])
			if err != nil {
				return err
			}
			peer, err := netip.ParseAddr(args[2])
			if err != nil {
				return err
			}
			return yardstick.Run(args[0], local, peer, args[3])
		},
	}
}
