package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"dun/cmd/internal/agent"
	"dun/dialup/cause"
	"dun/dialup/json"
)

// version is set by the linker.
var version = "unknown"

// options are the flags that all commands share.
type options struct {
	config  string // directory
	runtime string // directory
	json    bool
	debug   bool
}

func main() {
	o := &options{config: envOr("DUN_CONFIG", "/etc/dun"), runtime: os.Getenv("DUN_RUNTIME_DIR")}
	call := &call{options: o, ctx: context.Background(), out: os.Stdout, errOut: os.Stderr}
	saveMemory()
	if err := commands().execute(call, os.Args[1:]); err != nil {
		if err != errTold {
			fail(os.Stdout, os.Stderr, err, o.json)
		}
		os.Exit(exitCode(err))
	}
}

// errTold is a failure that the command's output has told already.
var errTold = cause.New(cause.Internal, "see above")

// add declares the common flags; what was set before is their default.
func (o *options) add(flags *flagSet) {
	flags.StringVar(&o.config, "config", o.config, "`directory` of phonebook.toml, secrets.toml, device.toml and server.toml")
	flags.StringVar(&o.runtime, "runtime", o.runtime, "`directory` of the control socket (default /run/dun, or as device.toml says)")
	flags.BoolVar(&o.json, "json", o.json, "print JSON")
	flags.BoolVar(&o.debug, "debug", o.debug, "print every control packet in readable form")
}

// commands is the command table.
func commands() *command {
	return &command{
		name:  "dun",
		short: "dial-up networking: modems, PPP and PPTP tunnels",
		long: `dun dials an ISP over a serial modem, lays PPTP tunnels over that connection or
over a LAN, and answers such calls. It needs a TUN device, a tty and a raw
socket, and no kernel PPP.`,
		sub: append([]*command{
			agentCommand(), dialCommand(), hangupCommand(), statusCommand(), traceCommand(), captureCommand(), reloadCommand(), serveCommand(),
			phonebookCommand(), modemCommand(), unblockCommand(), doctorCommand(), consoleCommand(), versionCommand(),
		}, extra...),
	}
}

// extra are commands that only other builds have.
var extra []*command

// envOr is the environment variable name, or otherwise.
func envOr(name, otherwise string) string {
	if v := os.Getenv(name); v != "" {
		return v
	}
	return otherwise
}

// usageError marks a mistake on the command line.
func usageError(err error) error {
	return cause.Wrap(cause.Usage, err, "")
}

// exitCode is pppd's for what happened, see cause.
func exitCode(err error) int {
	if code := cause.Of(err).Info().Exit; code != 0 {
		return code
	}
	return 1
}

// fail prints what happened, what to do, and the numbers.
func fail(out, errOut io.Writer, err error, asJSON bool) {
	f := agent.FailureOf(err)
	if asJSON {
		printJSON(out, map[string]any{"error": f, "message": err.Error()})
		return
	}
	fmt.Fprintf(errOut, "dun: %v\n", err)
	if f.Remedy != "" {
		fmt.Fprintf(errOut, "     %s\n", f.Remedy)
	}
	if f.RAS != 0 {
		fmt.Fprintf(errOut, "     [%s, Windows RAS error %d, exit code %d]\n", f.Cause, f.RAS, f.Exit)
	} else {
		fmt.Fprintf(errOut, "     [%s, exit code %d]\n", f.Cause, f.Exit)
	}
}

func printJSON(out io.Writer, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = out.Write(append(b, '\n'))
	return err
}

func versionCommand() *command {
	return &command{
		name: "version", short: "print the version",
		run: func(c *call, _ []string) error {
			if c.json {
				return printJSON(c.out, map[string]string{"version": version})
			}
			fmt.Fprintln(c.out, "dun", version)
			return nil
		},
	}
}
