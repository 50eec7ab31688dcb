package main

import (
	"context"
	"os"
	"slices"

	"dun/cmd/internal/agent"
	"dun/dialup/cause"
	"dun/dialup/phonebook"
)

// dialByAgent has the owner of the runtime directory dial, and shows what
// happens until the entry's connection ends.
func dialByAgent(c *call, name string, leave bool, inUse error) error {
	client, err := agent.Connect(runtimeDir(c.options))
	if err != nil {
		return inUse
	}
	defer client.Close()
	if err := client.Subscribe(); err != nil {
		return err
	}
	ctx, stop := untilSignal(c.ctx, func() { os.Exit(exitCode(cause.UserRequest)) })
	defer stop()
	if err := askAndDial(ctx, c, client, name); err != nil {
		return err
	}
	// A signal is acted on by another client: this one waits for events.
	hungUp := make(chan struct{})
	unhook := context.AfterFunc(ctx, func() {
		defer close(hungUp)
		if leaveOrHangUp(c.options, name) {
			client.Close()
		}
	})
	defer func() {
		if !unhook() {
			<-hungUp
		}
	}()
	printer := newPrinter(c, name)
	for {
		ev, err := client.Next()
		if err != nil {
			if ctx.Err() != nil {
				return cause.UserRequest
			}
			return err
		}
		printer.print(ev)
		switch {
		case ev.Entry != name:
		case ev.End != nil:
			return ev.End.Err()
		case leave && ev.Phase == "up":
			return nil
		}
	}
}

// askAndDial asks for the password where none is stored and somebody is there.
func askAndDial(ctx context.Context, c *call, client *agent.Client, name string) error {
	err := client.Dial(name, "")
	ask := askPassword(int(os.Stdin.Fd()), c.errOut)
	if cause.Of(err) != cause.PasswordMissing || ask == nil {
		return err
	}
	user := ""
	if book, _, err := phonebook.Load(c.config); err == nil {
		e, _ := book.Entry(name)
		user = e.User
	}
	password, err := ask(ctx, name, user)
	if ctx.Err() != nil {
		return cause.UserRequest
	}
	if err != nil {
		return cause.Wrap(cause.PasswordMissing, err, "entry %q", name)
	}
	return client.Dial(name, password)
}

// leaveOrHangUp hangs up, unless the agent keeps the entry up; it reports
// whether the entry is left to the agent.
func leaveOrHangUp(o *options, name string) (left bool) {
	client, err := agent.Connect(runtimeDir(o))
	if err != nil {
		return true
	}
	defer client.Close()
	if status, err := client.Status(); err != nil || slices.ContainsFunc(status.Connections, func(c agent.ConnectionStatus) bool {
		return c.Entry == name && c.Kept != nil
	}) {
		return true
	}
	return client.HangUp(name) != nil
}
