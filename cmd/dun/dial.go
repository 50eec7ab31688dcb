package main

import (
	"context"

	"dun/dialup/cause"
)

func dialCommand() *command {
	var leave bool
	return &command{
		name: "dial", args: "ENTRY", min: 1, max: 1,
		short: "connect an entry of the phonebook and stay with it",
		long: `dial connects an entry of the phonebook, and first what it runs over. It shows
each phase with its time, stays in the foreground, and hangs up in order on
SIGINT, SIGTERM and SIGHUP; a second signal ends it at once.

Where another dun owns the runtime directory, an agent above all, that one
dials, and this one shows what happens. A signal hangs up then too, but not an
entry with autodial: the agent would keep it up anyway, and goes on to do so.`,
		flags: func(flags *flagSet) {
			flags.BoolVar(&leave, "leave", false, "with an agent: return once it is up, and leave it up")
		},
		run: func(c *call, args []string) error { return dial(c, args[0], leave) },
	}
}

func dial(c *call, name string, leave bool) error {
	h, err := openHost(c, 1)
	if cause.Of(err) == cause.RuntimeInUse {
		return dialByAgent(c, name, leave, err)
	}
	if err != nil {
		return err
	}
	defer h.close()
	return h.whileUp(c, name, false, func(ctx context.Context) error {
		call, err := h.agent.Dial(name)
		if err != nil {
			return err
		}
		select {
		case <-call.Up():
			h.ready()
		case <-ctx.Done():
		case <-call.Done():
		}
		select {
		case <-ctx.Done():
			h.agent.HangUpAll(cause.UserRequest)
		case <-call.Done():
		}
		<-call.Done()
		return call.Err()
	})
}
