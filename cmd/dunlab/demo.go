package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"dun/cmd/dunlab/internal/demo"
	"dun/cmd/dunlab/internal/netns"
)

// demoCommand shows dun at work.
func demoCommand(code *int) *cobra.Command {
	o := demo.Options{Out: os.Stdout}
	c := &cobra.Command{
		Use:   "demo",
		Short: "dial a simulated ISP and lay a tunnel over it",
		Long: "Dials a simulated ISP over two emulated modems, lays a PPTP tunnel to a simulated office over that\n" +
			"connection, sends data through it, and hangs up. It runs as root, and as an ordinary user where the\n" +
			"system allows user namespaces and opens /dev/net/tun. Nothing of the machine is changed.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			dun, err := binary(o.Dun)
			if err != nil {
				return err
			}
			o.Dun = dun
			if err := netns.CheckTUN(); err != nil {
				return err
			}
			inside, exit, err := netns.Enter(c.Context())
			if !inside || err != nil {
				*code = exit
				return err
			}
			if err := demo.Run(c.Context(), o); err != nil {
				if c.Context().Err() != nil {
					*code = 130 // as a shell says it of SIGINT
				}
				return fmt.Errorf("demo: %w", err)
			}
			return nil
		},
	}
	c.Flags().StringVar(&o.Dun, "dun", "", "the binary to show (default: dun beside dunlab)")
	c.Flags().BoolVar(&o.Debug, "debug", false, "show every control packet")
	c.AddCommand(demoISPCommand())
	return c
}

// demoISPCommand is the ISP's end of the demonstration.
func demoISPCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "isp PORT UPLINK",
		Short:  "answer the telephone (run by demo)",
		Hidden: true,
		Args:   cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			return demo.ISP(c.Context(), args[0], args[1], os.Stdout)
		},
	}
}

// binary is the absolute path of the dun to show, "" the one beside dunlab.
func binary(path string) (string, error) {
	if path == "" {
		self, err := os.Executable()
		if err != nil {
			return "", err
		}
		path = filepath.Join(filepath.Dir(self), "dun")
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("%w\n  'make build' makes it", err)
	}
	return path, nil
}
