package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"dun/board/netcfg"
	"dun/board/tun"
	"dun/cmd/internal/agent"
	"dun/configs"
	"dun/dialup/cause"
	"dun/dialup/phonebook"
	"dun/modem"
)

// doctorTime bounds the whole examination.
const doctorTime = 90 * time.Second

// finding is a netcfg.Finding in words.
type finding struct {
	Name   string `json:"name"`
	Result string `json:"result"` // "ok", "warn" or "fail"
	Text   string `json:"text"`
	Remedy string `json:"remedy,omitempty"`
}

func doctorCommand() *command {
	return &command{
		name: "doctor", args: "[ENTRY]", max: 1,
		short: "say what is missing on this machine, and on the way to an entry's server",
		long: `doctor looks at the TUN device, capabilities, connection tracking, firewall,
resolver and configuration. With an entry it also tries its modem, or the
server's name, TCP port 1723 and GRE, and what the entry runs over; it neither
dials a number nor logs in. The exit code is 1 when anything failed.`,
		run: func(c *call, args []string) error { return doctor(c, args) },
	}
}

func doctor(c *call, args []string) error {
	ctx, stop := untilSignal(c.ctx, func() { os.Exit(exitCode(cause.UserRequest)) })
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, doctorTime)
	defer cancel()
	failed := 0
	tell := func(f netcfg.Finding) {
		if f.Level == netcfg.Fail {
			failed++
		}
		printFinding(c.out, c.json, f)
	}
	examineMachine(c.options, tell)
	if len(args) == 1 {
		if err := examineEntry(ctx, c, args[0], tell); err != nil {
			return err
		}
	}
	if failed > 0 {
		return errTold
	}
	return nil
}

func examineMachine(o *options, tell func(netcfg.Finding)) {
	tell(netcfg.TUNFinding(tun.Probe()))
	device, deviceErr := configs.LoadDevice(filepath.Join(o.config, configs.DeviceFile))
	examineFastPath(device.FastPath, tell)
	for _, f := range netcfg.Doctor(stateDir(o), netcfg.Options{ResolvConf: device.ResolvConf}) {
		tell(f)
	}
	book, _, err := phonebook.Load(o.config)
	switch {
	case err != nil:
		tell(netcfg.Finding{Name: "phonebook", Level: netcfg.Fail, Text: err.Error(), Remedy: cause.BadConfig.Info().Remedy})
	default:
		tell(netcfg.Finding{Name: "phonebook", Text: fmt.Sprintf("%d entries in %s.", len(book.Names()), o.config)})
	}
	if deviceErr != nil {
		tell(netcfg.Finding{Name: "device.toml", Level: netcfg.Fail, Text: deviceErr.Error(), Remedy: cause.BadConfig.Info().Remedy})
	}
}

// examineEntry tries what an entry needs, as far as that can be done without
// dialing or logging in. It changes nothing in the system, so it may be done
// beside another dun.
func examineEntry(ctx context.Context, c *call, name string, tell func(netcfg.Finding)) error {
	cfg, _, err := agentConfig(c, 1)
	if err != nil {
		return err
	}
	entry, known := cfg.Phonebook.Entry(name)
	if !known {
		return cause.New(cause.NoEntry, "%q", name)
	}
	if entry.Device == phonebook.DeviceModem {
		examineModem(ctx, cfg, entry.Modem, tell)
		return nil
	}
	byLAN := slices.Contains(entry.Via, phonebook.Lan)
	for _, via := range entry.Via {
		if via != phonebook.Lan {
			if err := examineEntry(ctx, c, via, tell); err != nil {
				return err
			}
		}
	}
	if !byLAN {
		tell(netcfg.Finding{
			Name: "via", Level: netcfg.Warn, Text: fmt.Sprintf("%s runs over %s, which is not dialed for this; the rest goes over the machine's network as it is.", name, entry.Via[0]),
			Remedy: fmt.Sprintf("'dun --runtime DIR dial %s' beside it makes the rest tell.", entry.Via[0]),
		})
	}
	leaveRoomForLoops(cfg.FastPath.Loops)
	a, err := agent.New(cfg)
	if err != nil {
		return err
	}
	defer a.Close()
	return a.Probe(ctx, name, func(f netcfg.Finding) {
		if !byLAN && f.Level == netcfg.Fail {
			f.Level = netcfg.Warn
		}
		tell(f)
	})
}

func examineModem(ctx context.Context, cfg agent.Config, name string, tell func(netcfg.Finding)) {
	line, known := cfg.Modems[name]
	report, err := (*modem.Report)(nil), error(cause.New(cause.BadConfig, "device.toml has no [modem.%s]", name))
	if known {
		report, err = modem.Probe(ctx, line, nil)
	}
	if err != nil {
		tell(netcfg.Finding{Name: "modem", Level: netcfg.Fail, Text: err.Error(), Remedy: cause.Of(err).Info().Remedy})
		return
	}
	tell(netcfg.Finding{Name: "modem", Text: fmt.Sprintf("A modem answers on %s at %d bit/s.", report.Port, report.Speed)})
}

func printFinding(out io.Writer, asJSON bool, f netcfg.Finding) {
	if asJSON {
		printJSON(out, finding{f.Name, f.Level.String(), f.Text, f.Remedy})
		return
	}
	fmt.Fprintf(out, "%-5s %-14s %s\n", f.Level, f.Name, f.Text)
	if f.Remedy != "" {
		fmt.Fprintf(out, "%-5s %-14s   %s\n", "", "", f.Remedy)
	}
}
