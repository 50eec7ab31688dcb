package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"dun/cmd/dunlab/internal/interop"
	"dun/cmd/dunlab/internal/netns"
)

// interopCommand tries dun against real peers.
func interopCommand(code *int) *cobra.Command {
	var list bool
	r := interop.Runner{Cases: interop.Cases(), Out: os.Stdout}
	c := &cobra.Command{
		Use:   "interop [NAME...]",
		Short: "try dun against real peers in guests (root only)",
		Long: "Tries dun against pppd, pptpd, pptp-linux and the kernel's PPP, one line a case.\n" +
			"NAME is a case, a group of cases or a pattern such as 'pptpd/*'; without a NAME all run.",
		RunE: func(c *cobra.Command, args []string) error {
			if list {
				return listCases(r, args)
			}
			if os.Geteuid() != 0 {
				return errors.New("interop needs root: the guests' network devices and the machine's disk as their root")
			}
			inside, exit, err := netns.Enter(c.Context())
			if !inside || err != nil {
				*code = exit
				return err
			}
			if r.Dir, err = filepath.Abs(r.Dir); err != nil {
				return err
			}
			if r.Dun, err = filepath.Abs(r.Dun); err != nil {
				return err
			}
			ok, err := r.Run(c.Context(), args)
			if !ok {
				*code = 1
			}
			return err
		},
	}
	f := c.Flags()
	f.BoolVar(&list, "list", false, "name the cases and run none")
	f.BoolVar(&r.Keep, "keep", false, "keep the logs of good cases too")
	f.StringVar(&r.Dir, "logs", ".lab/interop", "folder for logs")
	f.StringVar(&r.Dun, "dun", "bin/dun", "the binary under test")
	return c
}

func listCases(r interop.Runner, patterns []string) error {
	cases, err := r.Select(patterns)
	if err != nil {
		return err
	}
	for _, c := range cases {
		fmt.Printf("%-34s %s\n", c.Name, c.About)
	}
	return nil
}
