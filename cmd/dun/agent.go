package main

import (
	"context"
	"sync"

	"dun/cmd/internal/agent"
	"dun/configs"
	"dun/dialup/cause"
	"dun/dialup/phonebook"
	"path/filepath"
)

func agentCommand() *command {
	return &command{
		name: "agent", short: "connect the entries with autodial or on-demand, from power-on",
		long: `agent stays in the foreground, dials the entries that have autodial, and dials
them again whenever they fall, without end. An entry with on-demand is dialed
when somebody sends something to its networks. 'dun dial', 'dun hangup' and
'dun status' speak to it. A wrong password or a disabled account stops an entry
until it is changed, or dialed by a person; an entry that a person hangs up
stays down until it is dialed again, or the agent is started again.

Changes of phonebook.toml and secrets.toml are seen at once, 'dun reload' asks
for it. A connection that is up stays as it is until it is dialed again.

SIGINT, SIGTERM and SIGHUP hang up in order; a second signal ends it at once.`,
		run: func(c *call, _ []string) error { return runAgent(c) },
	}
}

func runAgent(c *call) error {
	c.trial = newTrialWatch(c.options, c.warn)
	h, err := openHost(c, 1)
	if err != nil {
		return err
	}
	defer h.close()
	return h.whileUp(c, "", true, func(ctx context.Context) error {
		if err := h.agent.Follow(ctx, c.config); err != nil {
			c.warn("changes of the files are not seen, only 'dun reload' reads them again: " + err.Error())
		}
		h.agent.Keep()
		h.ready()
		var trials sync.WaitGroup
		defer trials.Wait()
		trials.Go(func() { c.trial.run(ctx) })
		<-ctx.Done()
		h.agent.HangUpAll(cause.UserRequest)
		return cause.UserRequest
	})
}

// loadFiles reads what may change while the agent runs.
func loadFiles(dir string) (agent.Files, error) {
	book, secrets, err := phonebook.Load(dir)
	if err != nil {
		return agent.Files{}, err
	}
	device, err := configs.LoadDevice(filepath.Join(dir, configs.DeviceFile))
	return agent.Files{Phonebook: book, Secrets: secrets, Modems: device.Modems}, err
}

func reloadCommand() *command {
	return &command{
		name: "reload", short: "have the agent read its files again",
		long: `reload has the running agent read phonebook.toml, secrets.toml and the modems
of device.toml again. With a mistake in one of them it keeps what it has read
before, and says what is wrong. The agent also reads them by itself when they
change.`,
		run: func(c *call, _ []string) error {
			client, err := agent.Connect(runtimeDir(c.options))
			if err != nil {
				return err
			}
			defer client.Close()
			return client.Reload()
		},
	}
}
