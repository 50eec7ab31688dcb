package main

import (
	"github.com/spf13/cobra"

	"dun/cmd/dunlab/internal/load"
)

// loadCommand is the traffic of the benchmarks.
func loadCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "load KIND COUNTER [ARG...]",
		Short:  "make the traffic of a benchmark (run by it)",
		Hidden: true,
		Args:   cobra.MinimumNArgs(2),
		RunE:   func(_ *cobra.Command, args []string) error { return load.Run(args[0], args[1:]) },
	}
}
