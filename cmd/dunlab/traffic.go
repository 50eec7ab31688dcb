package main

import (
	"encoding/json"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"dun/cmd/dunlab/internal/traffic"
)

// trafficCommand is what the laboratory runs in its namespaces and guests.
func trafficCommand() *cobra.Command {
	c := &cobra.Command{Use: "traffic", Short: "make and judge traffic (run by the other commands)", Hidden: true}
	c.AddCommand(trafficServe(), trafficTransfer(), trafficPing())
	return c
}

func trafficServe() *cobra.Command {
	return &cobra.Command{
		Use:  "serve ADDR:PORT",
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			l, err := traffic.Listen(c.Context(), args[0])
			if err != nil {
				return err
			}
			return traffic.Serve(c.Context(), l, func(from net.Addr, r traffic.Result, err error) {
				fmt.Printf("%v: %s of %d octets in %v: %v\n", from, r.Way, r.Size, r.Took.Round(time.Millisecond), err)
			})
		},
	}
}

func trafficTransfer() *cobra.Command {
	return &cobra.Command{
		Use:  "transfer ADDR:PORT download|upload SIZE SEED",
		Args: cobra.ExactArgs(4),
		RunE: func(c *cobra.Command, args []string) error {
			size, err := strconv.ParseInt(args[2], 10, 64)
			if err != nil {
				return err
			}
			seed, err := strconv.ParseUint(args[3], 10, 64)
			if err != nil {
				return err
			}
			r, err := traffic.Transfer(c.Context(), args[0], traffic.Request{Way: args[1], Size: size, Seed: seed})
			return answer(r, err)
		},
	}
}

func trafficPing() *cobra.Command {
	o := traffic.PingOptions{}
	var until bool
	c := &cobra.Command{
		Use:  "ping ADDR",
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			addr, err := netip.ParseAddr(args[0])
			if err != nil {
				return err
			}
			if until {
				at, err := traffic.FirstEcho(c.Context(), addr, o.Interval)
				return answer(at, err)
			}
			r, err := traffic.Ping(c.Context(), addr, o)
			return answer(r, err)
		},
	}
	f := c.Flags()
	f.IntVar(&o.Count, "count", 200, "echo requests")
	f.DurationVar(&o.Interval, "interval", 10*time.Millisecond, "between two requests")
	f.DurationVar(&o.Wait, "wait", 2*time.Second, "for the last replies")
	f.IntVar(&o.Size, "size", 56, "octets of data")
	f.BoolVar(&until, "until", false, "ping until the first reply and print its time")
	return c
}

// answer prints v as JSON, whatever err says, and gives err back.
func answer(v any, err error) error {
	if jsonErr := json.NewEncoder(os.Stdout).Encode(v); jsonErr != nil && err == nil {
		err = jsonErr
	}
	return err
}
