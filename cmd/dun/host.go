package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"sync"

	"golang.org/x/sys/unix"

	"dun/board/hooks"
	"dun/board/netcfg"
	"dun/cmd/internal/agent"
	"dun/configs"
	"dun/dialup/cause"
	"dun/dialup/phonebook"
)

// host is an agent with all that it stands on, in this process.
type host struct {
	agent   *agent.Agent
	secrets *phonebook.Secrets
	warn    func(text string)

	lock    *os.File // the right to the runtime directory
	signals chan os.Signal
	net     *netcfg.Manager
	control *agent.Control
	metrics *agent.MetricsFile // nil unless device.toml wants it
	manager *notifier
	once    sync.Once
	ended   sync.Once
}

// openHost reads the configuration, claims the runtime directory, takes back
// what dead processes left in the system, and makes the agent, with so many
// packet loops (see fastPath).
func openHost(c *call, loops int) (_ *host, err error) {
	cfg, device, err := agentConfig(c, loops)
	if err != nil {
		return nil, err
	}
	h := &host{secrets: cfg.Secrets, warn: c.warn, manager: newNotifier()}
	defer func() {
		if err != nil {
			h.close()
		}
	}()
	runtime := runtimeDir(c.options)
	if h.lock, err = agent.Claim(runtime); err != nil {
		return nil, err
	}
	// From here on something is left if a signal ends us at once: socket,
	// journal, metrics.
	h.signals = catchSignals()
	if h.net, err = netcfg.Open(stateDir(c.options), netcfg.Options{
		ResolvConf: device.ResolvConf,
		Warn:       c.warn,
	}); err != nil {
		return nil, err
	}
	cfg.Net = h.net
	leaveRoomForLoops(cfg.FastPath.Loops)
	if h.agent, err = agent.New(cfg); err != nil {
		return nil, err
	}
	h.manager.follow(h.agent)
	if h.control, err = h.agent.Listen(runtime); err != nil {
		return nil, err
	}
	if m := device.Agent; m.Metrics != "" {
		if h.metrics, err = h.agent.WriteMetrics(m.Metrics, m.MetricsInterval); err != nil {
			c.warn(err.Error()) // no reason not to connect
		}
	}
	return h, nil
}

// close hangs up, takes everything back and gives the directory free.
func (h *host) close() {
	h.once.Do(func() {
		if h.metrics != nil {
			h.metrics.Close()
		}
		h.endAgent()
		if h.net != nil {
			h.takeBack()
		}
		if h.control != nil {
			h.control.Close()
		}
		if h.lock != nil {
			h.lock.Close()
		}
		h.manager.close()
		if h.signals != nil {
			signal.Stop(h.signals)
		}
	})
}

// endAgent hangs up, and waits until the machine's programs know.
func (h *host) endAgent() {
	h.ended.Do(func() {
		if h.agent != nil {
			h.manager.tell("STOPPING=1")
			h.agent.Close()
		}
	})
}

// ready tells the service manager, if there is one, that what depends on us
// may start.
func (h *host) ready() { h.manager.tell("READY=1") }

// takeBack leaves the system as it was.
func (h *host) takeBack() {
	if err := h.net.Close(); err != nil {
		h.warn("not all was taken back, the next start will: " + err.Error())
	}
}

// whileUp runs f and prints what happens meanwhile. ctx ends with the first
// signal; a second one does not wait for the peers any more.
func (h *host) whileUp(c *call, dialed string, clock bool, f func(ctx context.Context) error) error {
	printer := h.follow(c, dialed, clock)
	defer printer.end()
	ctx, stop := signalled(c.ctx, h.signals, func() {
		fmt.Fprintln(c.errOut, "dun: not hung up in order")
		h.takeBack()
		os.Exit(exitCode(cause.UserRequest))
	})
	defer stop()
	defer h.endAgent() // what it tells is printed, and a second signal heard
	defer context.AfterFunc(ctx, func() { h.manager.tell("STOPPING=1") })()
	settle()
	return f(ctx)
}

// agentConfig reads the configuration, but not a change of the phonebook that
// was on trial and not confirmed.
func agentConfig(c *call, loops int) (agent.Config, configs.Device, error) {
	if _, err := settleTrial(c.options, false); err != nil {
		c.warn("the change of the phonebook that was on trial cannot be taken back: " + err.Error())
	}
	book, secrets, err := phonebook.Load(c.config)
	if err != nil {
		return agent.Config{}, configs.Device{}, err
	}
	device, err := configs.LoadDevice(filepath.Join(c.config, configs.DeviceFile))
	if err != nil {
		return agent.Config{}, configs.Device{}, err
	}
	var ask func(ctx context.Context, entry, user string) (string, error)
	if !c.unattended {
		ask = askPassword(int(os.Stdin.Fd()), c.errOut)
	}
	var trial func()
	var lead func(ctx context.Context, t agent.Teletype)
	if c.trial != nil {
		trial = c.trial.poke
		lead = c.leadTeletype
	}
	return agent.Config{
		Trial: trial, Console: lead,
		Version: version, Phonebook: book, Secrets: secrets, Modems: device.Modems,
		FastPath:    fastPath(device.FastPath, loops),
		Hooks:       hooks.Config{Dir: absolute(c.config), Limit: device.Agent.HookTimeout},
		Load:        func() (agent.Files, error) { return loadFiles(c.config) },
		AskPassword: ask,
	}, device, nil
}

// absolute is a path that holds in any directory.
func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

// runtimeDir is where the control socket is: by flag or environment, as
// device.toml says, or the default.
func runtimeDir(o *options) string {
	if o.runtime != "" {
		return o.runtime
	}
	if device, err := configs.LoadDevice(filepath.Join(o.config, configs.DeviceFile)); err == nil && device.Runtime != "" {
		return device.Runtime
	}
	return "/run/dun"
}

// stateDir is where the journals of host state are. All duns of a machine
// share one, so that they know of each other; who may not write there has one
// in the runtime directory.
func stateDir(o *options) string {
	if os.MkdirAll(netcfg.DefaultDir, 0o755) == nil && unix.Access(netcfg.DefaultDir, unix.W_OK) == nil {
		return netcfg.DefaultDir
	}
	return filepath.Join(runtimeDir(o), "host")
}
