package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"dun/cmd/internal/agent"
	"dun/dialup/cause"
)

// consoleTools are what a console connects and looks inside with: the agent,
// over its control socket, and what needs none.
type consoleTools struct{ options *options }

// call is a run of a command of ours for the console.
func (t consoleTools) call(ctx context.Context, w io.Writer) *call {
	o := *t.options
	o.json, o.debug = false, false
	return &call{options: &o, ctx: ctx, out: w, errOut: w, unattended: true}
}

// client reaches the agent. Where ctx ends, whoever waits for it waits no more.
func (t consoleTools) client(ctx context.Context) (client *agent.Client, release func(), err error) {
	if client, err = agent.Connect(runtimeDir(t.options)); err != nil {
		return nil, nil, err
	}
	stop := context.AfterFunc(ctx, client.Close)
	return client, func() { stop(); client.Close() }, nil
}

func (t consoleTools) Status(w io.Writer, entry string) error {
	client, release, err := t.client(context.Background())
	if cause.Of(err) == cause.AgentUnreachable {
		fmt.Fprintln(w, "No agent is running, so nothing is connected.")
		return nil
	}
	if err != nil {
		return err
	}
	defer release()
	status, err := client.Status()
	if err != nil {
		return err
	}
	if entry == "" {
		printStatus(w, status)
	} else if c := connectionOf(status, entry); c != nil {
		printConnection(w, *c)
	} else {
		fmt.Fprintln(w, "  It is not connected.")
	}
	return nil
}

// Dial shows how it goes until the entry is up; it stays up, whoever stops
// looking.
func (t consoleTools) Dial(ctx context.Context, w io.Writer, entry, password string, trace []string) error {
	return t.connect(ctx, w, entry, password, trace, false)
}

func (t consoleTools) HangUp(ctx context.Context, w io.Writer, entry string) error {
	var args []string
	if entry != "" {
		args = []string{entry}
	}
	done := make(chan error, 1)
	go func() { done <- hangUp(t.call(ctx, w), args) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (t consoleTools) Monitor(ctx context.Context, w io.Writer, trace []string) error {
	client, release, err := t.client(ctx)
	if err != nil {
		return err
	}
	defer release()
	if err := follow(client, trace); err != nil {
		return err
	}
	printer := newPrinter(t.call(ctx, w), "")
	printer.clock, printer.short, printer.debug = true, true, len(trace) > 0
	for {
		ev, err := client.Next()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		printer.print(ev)
	}
}

// follow asks for events, and for the packets of some protocols: those of all
// entries, since one may be dialed before another.
func follow(client *agent.Client, trace []string) error {
	if len(trace) > 0 {
		if err := client.Trace("", trace); err != nil {
			return err
		}
	}
	return client.Subscribe()
}

func (t consoleTools) Log(w io.Writer, n int) error {
	client, release, err := t.client(context.Background())
	if err != nil {
		return err
	}
	defer release()
	list, err := client.Log(n)
	if err != nil {
		return err
	}
	printer := newPrinter(t.call(context.Background(), w), "")
	printer.clock, printer.short = true, true
	for _, ev := range list {
		printer.print(ev)
	}
	if len(list) == 0 {
		fmt.Fprintln(w, "Nothing happened since the agent was started.")
	}
	return nil
}

func (t consoleTools) Protocols() []string { return agent.ProtocolNames() }

func (t consoleTools) Modems() []string { return modemNames(t.options) }

func (t consoleTools) Modem(ctx context.Context, w io.Writer, name, command string) error {
	c := t.call(ctx, w)
	if command != "" {
		return commandModem(c, []string{name, command})
	}
	names := []string{name}
	if name == "" {
		names = t.Modems()
		if len(names) == 0 {
			fmt.Fprintln(w, "device.toml has no modem.")
		}
	}
	var failed error
	for _, name := range names {
		if err := probeModem(c, []string{name}); err != nil {
			if len(names) == 1 {
				return err
			}
			fmt.Fprintf(w, "%s: %v\n", name, err)
			failed = err
		}
	}
	return failed
}

func (t consoleTools) Doctor(ctx context.Context, w io.Writer, entry string) error {
	var args []string
	if entry != "" {
		args = []string{entry}
	}
	if err := doctor(t.call(ctx, w), args); err != nil && !errors.Is(err, errTold) {
		return err
	}
	return nil
}

func (t consoleTools) Reload() error {
	client, release, err := t.client(context.Background())
	if err != nil {
		return err
	}
	defer release()
	return client.Reload()
}

// Test dials, shows each phase with its time, and hangs up: by the agent, or
// by one in this process where none runs.
func (t consoleTools) Test(ctx context.Context, w io.Writer, entry, password string, trace []string) error {
	err := t.connect(ctx, w, entry, password, trace, true)
	if cause.Of(err) == cause.AgentUnreachable {
		h, err := openHost(t.call(ctx, w), 1)
		if err != nil {
			return err
		}
		defer h.close()
		return t.connect(ctx, w, entry, password, trace, true)
	}
	return err
}

// connect dials and shows how it goes until the entry is up, or with test until
// it is down again.
func (t consoleTools) connect(ctx context.Context, w io.Writer, entry, password string, trace []string, test bool) error {
	client, release, err := t.client(ctx)
	if err != nil {
		return err
	}
	defer release()
	before, err := client.Status()
	if err != nil {
		return err
	}
	if err := follow(client, trace); err != nil {
		return err
	}
	printer := newPrinter(t.call(ctx, w), entry)
	printer.debug = len(trace) > 0
	if err := client.Dial(entry, password); err != nil {
		return err
	}
	up := false
	for {
		ev, err := client.Next()
		if test && ctx.Err() != nil {
			t.letGo(entry)
		}
		if err != nil {
			return err
		}
		printer.print(ev)
		switch {
		case ev.Entry != entry:
		case ev.End != nil && up && ev.End.Cause == cause.UserRequest.Info().Name:
			fmt.Fprintf(w, "%s works.\n", entry)
			return nil
		case ev.End != nil:
			return ev.End.Err()
		case ev.Phase != "up" || up:
		case !test:
			return nil
		default:
			up = true
			now, err := client.Status()
			if err != nil {
				return err
			}
			if c := connectionOf(now, entry); c != nil {
				fmt.Fprintf(w, "%s is up after %.1f s: log-in %s, encryption %s, MTU %d\n",
					entry, time.Since(printer.start).Seconds(), orNone(c.Auth), c.Encryption, c.MTU)
			}
			if c := connectionOf(before, entry); c != nil && c.Kept != nil {
				fmt.Fprintf(w, "%s works. It stays up: the agent keeps it connected.\n", entry)
				return nil
			}
			t.letGo(entry)
		}
	}
}

// letGo hangs up, by a client of its own: the other one may be closed, to stop
// waiting.
func (t consoleTools) letGo(entry string) {
	if client, err := agent.Connect(runtimeDir(t.options)); err == nil {
		client.HangUp(entry)
		client.Close()
	}
}

// connectionOf gives the connection of an entry, nil without one.
func connectionOf(s agent.Status, entry string) *agent.ConnectionStatus {
	for i := range s.Connections {
		if s.Connections[i].Entry == entry {
			return &s.Connections[i]
		}
	}
	return nil
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}
