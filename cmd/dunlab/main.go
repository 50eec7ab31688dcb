// Command dunlab is the laboratory: it shows dun at work on one machine
// (demo) and tries it against software that nobody here wrote (interop). It
// is never shipped.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"dun/cmd/dunlab/internal/bench"
	"dun/cmd/dunlab/internal/guest"
)

func main() {
	if guest.IsInit() {
		guest.Init()
		return
	}
	if bench.IsInit() {
		bench.Init()
		return
	}
	os.Exit(run())
}

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), unix.SIGINT, unix.SIGTERM, unix.SIGHUP)
	defer stop()
	code := 0
	root := &cobra.Command{
		Use:           "dunlab",
		Short:         "the laboratory of dun",
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.AddCommand(demoCommand(&code), interopCommand(&code), trafficCommand(), guestAgentCommand(),
		benchCommand(&code), benchInsideCommand(), loadCommand(), yardstickCommand())
	if err := root.ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "dunlab:", err)
		if code == 0 {
			code = 1
		}
	}
	return code
}
