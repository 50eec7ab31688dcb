package main

import (
	"github.com/spf13/cobra"

	"dun/cmd/dunlab/internal/guest"
)

// guestAgentCommand does in a guest what the laboratory asks for.
func guestAgentCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "guest-agent SPEC",
		Short:  "do what the laboratory asks (run by the guest's first process)",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return guest.Agent(c.Context(), args[0])
		},
	}
}
