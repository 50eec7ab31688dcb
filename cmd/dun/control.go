package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"dun/cmd/internal/agent"
	"dun/dialup/cause"
)

func statusCommand() *command {
	var watched bool
	return &command{
		name: "status", args: "[ENTRY]", max: 1,
		short: "show what is connected",
		flags: func(flags *flagSet) {
			flags.BoolVar(&watched, "watch", false, "stay, and show what happens")
		},
		run: func(c *call, args []string) error {
			if watched {
				return watchStatus(c, strings.Join(args, ""))
			}
			client, err := agent.Connect(runtimeDir(c.options))
			if err != nil {
				return err
			}
			defer client.Close()
			status, err := client.Status()
			if err != nil {
				return err
			}
			if len(args) == 1 {
				status.Connections = slices.DeleteFunc(status.Connections, func(c agent.ConnectionStatus) bool {
					return c.Entry != args[0]
				})
				if len(status.Connections) == 0 {
					return cause.New(cause.NotConnected, "%q", args[0])
				}
			}
			if c.json {
				return printJSON(c.out, status)
			}
			printStatus(c.out, status)
			return nil
		},
	}
}

func hangupCommand() *command {
	var all bool
	return &command{
		name: "hangup", args: "ENTRY | --all", max: 1,
		short: "end a connection in order",
		flags: func(flags *flagSet) { flags.BoolVar(&all, "all", false, "end every connection") },
		run: func(c *call, args []string) error {
			if all == (len(args) == 1) {
				return usageError(fmt.Errorf("hangup wants an entry, or --all"))
			}
			return hangUp(c, args)
		},
	}
}

// hangUp ends the entry in args, or all, and waits for the end.
func hangUp(c *call, args []string) error {
	client, err := agent.Connect(runtimeDir(c.options))
	if err != nil {
		return err
	}
	defer client.Close()
	if err := client.Subscribe(); err != nil {
		return err
	}
	waiting := make(map[string]bool)
	if len(args) == 1 {
		waiting[args[0]] = true
		err = client.HangUp(args[0])
	} else {
		var status agent.Status
		if status, err = client.Status(); err != nil {
			return err
		}
		for _, conn := range status.Connections {
			waiting[conn.Entry] = true
		}
		if status.Server != nil {
			waiting[""] = true // the server's end is that of its process
		}
		err = client.HangUpAll()
	}
	for err == nil && len(waiting) > 0 {
		ev, gone := client.Next()
		if gone != nil {
			return nil // an owner that ends takes its connections along
		}
		if ev.End != nil {
			delete(waiting, ev.Entry)
		}
	}
	return err
}

func printStatus(out io.Writer, s agent.Status) {
	if len(s.Connections) == 0 && s.Server == nil {
		fmt.Fprintln(out, "Nothing is connected.")
	}
	for _, c := range s.Connections {
		printConnection(out, c)
	}
	if s.Server != nil {
		fmt.Fprintf(out, "server on %s since %s, %d of %d calls\n",
			strings.Join(s.Server.Listen, " "), s.Server.Since.Format(time.DateTime), len(s.Server.Calls), s.Server.MaxCalls)
		for _, c := range s.Server.Calls {
			printConnection(out, c)
		}
	}
	if len(s.Blocked) > 0 {
		fmt.Fprintln(out, "blocked while down: "+strings.Join(s.Blocked, " "))
	}
	printLoops(out, s.Loops)
}

func printConnection(out io.Writer, c agent.ConnectionStatus) {
	fmt.Fprintf(out, "%s: %s", c.Entry, c.Phase)
	if c.Since != nil {
		fmt.Fprintf(out, " since %s", c.Since.Format(time.DateTime))
	}
	fmt.Fprintln(out)
	row := func(name, value string) {
		if value != "" {
			fmt.Fprintf(out, "  %-22s %s\n", name, value)
		}
	}
	row("target", c.Target)
	row("via", c.Via)
	row("user", c.User)
	row("interface", c.Interface)
	if c.Local != "" {
		row("address", fmt.Sprintf("%s, peer %s, MTU %d", c.Local, c.Remote, c.MTU))
	}
	row("IPv6", c.IPv6)
	if len(c.DNS) > 0 {
		row("name servers", strings.Join(c.DNS, " "))
	}
	row("log-in", c.Auth)
	row("encryption", c.Encryption)
	row("offload", offloadText(c.Offload))
	if c.EchoRTT > 0 {
		row("round trip", fmt.Sprintf("%.1f ms", c.EchoRTT))
	}
	if c.LinkRTT > 0 {
		row("round trip of PPTP", fmt.Sprintf("%.1f ms", c.LinkRTT))
	}
	if c.Echoes != nil {
		row("echoes", fmt.Sprintf("%d sent, %d lost", c.Echoes.Sent, c.Echoes.Lost))
	}
	if k := c.Kept; k != nil {
		if k.Next != nil {
			row("next try", fmt.Sprintf("%s (number %d)", k.Next.Format(time.DateTime), k.Tries+1))
		}
		if k.Last != nil {
			row("last end", k.Last.String())
		}
		for _, n := range []struct {
			name  string
			count uint64
		}{{"waiting", k.Waiting}, {"lost, other address", k.Stale}, {"lost, not connected", k.Dropped}, {"ignored, not connected", k.Ignored}} {
			if n.count > 0 {
				row(n.name, fmt.Sprintf("%d packets", n.count))
			}
		}
	}
	if n := c.Counters; n != nil {
		row("received", fmt.Sprintf("%d packets, %d octets", n.PacketsIn, n.BytesIn))
		row("sent", fmt.Sprintf("%d packets, %d octets", n.PacketsOut, n.BytesOut))
		for _, name := range slices.Sorted(maps.Keys(n.Dropped)) {
			row("dropped "+name, fmt.Sprint(n.Dropped[name]))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.Wire)) {
		if c.Wire[name] != 0 {
			row(name, fmt.Sprint(c.Wire[name]))
		}
	}
}
