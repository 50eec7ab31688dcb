package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"dun/cmd/dunlab/internal/bench"
	"dun/cmd/dunlab/internal/netns"
)

// benchCommand measures dun beside other things.
func benchCommand(code *int) *cobra.Command {
	o := bench.Options{}
	var about []string
	for _, p := range bench.Parts() {
		about = append(about, "  "+p.Name+strings.Repeat(" ", 10-len(p.Name))+p.About)
	}
	c := &cobra.Command{
		Use:   "bench [PART...]",
		Short: "measure dun beside a plain path, the kernel and other programs (root only)",
		Long:  "Measures and writes the results. The parts, all of them by default:\n" + strings.Join(about, "\n"),
		RunE: func(c *cobra.Command, args []string) error {
			if os.Geteuid() != 0 {
				return errors.New("bench needs root: namespaces, raw sockets, and what the kernel says of processes")
			}
			for _, p := range []*string{&o.Dun, &o.Results, &o.Cache, &o.Source} {
				var err error
				if *p, err = filepath.Abs(*p); err != nil {
					return err
				}
			}
			r := bench.Runner{Options: o, Out: os.Stdout}
			if !netns.Inside() { // where there is a network
				if err := r.Prepare(c.Context(), args); err != nil {
					return err
				}
			}
			inside, exit, err := netns.Enter(c.Context())
			if !inside || err != nil {
				*code = exit
				return err
			}
			return r.Run(c.Context(), args)
		},
	}
	f := c.Flags()
	f.StringVar(&o.Dun, "dun", "bin/dun", "the binary under test")
	f.StringVar(&o.Results, "results", "cmd/dunlab/bench", "folder of RESULTS.md")
	f.StringVar(&o.Cache, "cache", ".lab/kernels", "folder for the guests' kernels")
	f.StringVar(&o.Source, "source", ".", "folder of dun's source, for the part micro")
	f.IntVar(&o.Rounds, "rounds", 0, "how often each thing is measured (default: as the part says)")
	f.DurationVar(&o.Measure, "time", 0, "of each measurement (default: as the part says)")
	f.IntVar(&o.Rate, "rate", 0, "UDP packets a second (default: as the part says)")
	f.StringVar(&o.Accel, "accel", "tcg", "how x86 guests run: tcg, kvm, or icount = a clock that counts instructions")
	f.StringSliceVar(&o.Kinds, "tunnel", nil, "measure only these tunnels")
	f.StringSliceVar(&o.Loads, "load", nil, "measure only these loads")
	f.BoolVar(&o.Save, "save", true, "write the results")
	return c
}

// benchInsideCommand measures within a guest.
func benchInsideCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "bench-inside",
		Short:  "measure (run by a guest's first process)",
		Hidden: true,
		RunE:   func(c *cobra.Command, _ []string) error { return bench.Inside(c.Context()) },
	}
}
