package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"dun/cmd/internal/agent"
	"dun/dialup/cause"
)

func traceCommand() *command {
	return &command{
		name: "trace", args: "ENTRY [PROTOCOL...]", min: 1, max: 1 + len(agent.ProtocolNames()),
		short: "show the control packets of a connection while it runs",
		long: `trace shows what an entry's connection and its peer say to each other, as
--debug does, of a dun that is running without it: the packets of LCP,
authentication, CCP and IPCP, the dialogue with the modem, the PPTP control
connection, and what happens meanwhile. Passwords are left out. PROTOCOL is one
or more of ` + strings.Join(agent.ProtocolNames(), ", ") + `.

An entry that is not connected is waited for. With "server" as ENTRY it shows
all calls that are answered. It goes on until SIGINT, SIGTERM or SIGHUP.`,
		run: func(c *call, args []string) error { return trace(c, args[0], args[1:]) },
	}
}

func trace(c *call, entry string, protocols []string) error {
	if _, err := agent.ParseProtocols(protocols); err != nil {
		return err
	}
	client, err := agent.Connect(runtimeDir(c.options))
	if err != nil {
		return err
	}
	defer client.Close()
	if err := client.Trace(entry, protocols); err != nil {
		return err
	}
	if err := client.Subscribe(); err != nil {
		return err
	}
	ctx, stop := untilSignal(c.ctx, func() { os.Exit(exitCode(cause.UserRequest)) })
	defer stop()
	defer context.AfterFunc(ctx, client.Close)()
	fmt.Fprintf(c.errOut, "dun: tracing %s\n", entry)
	printer := newPrinter(c, "")
	printer.debug, printer.clock = true, true
	for {
		ev, err := client.Next()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		if ev.Packet != "" || agent.IsOf(ev, entry) {
			printer.print(ev)
		}
	}
}
