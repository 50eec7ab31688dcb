package main

import (
	"github.com/spf13/cobra"

	"dun/cmd/dunlab/internal/guest"
)

// guestKernelCommand becomes the kernel of a guest.
func guestKernelCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "guest-kernel -- ARG...",
		Short:  "become User Mode Linux (run by the laboratory)",
		Hidden: true,
		RunE:   func(_ *cobra.Command, args []string) error { return guest.ExecKernel(args) },
	}
}

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
