package main

import (
	"fmt"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"dun/configs"
	"dun/dialup/cause"
	"dun/modem"
)

func modemCommand() *command {
	return &command{
		name: "modem", short: "find out what a modem is, and talk to it",
		sub: []*command{
			{name: "probe", args: "MODEM|PORT", min: 1, max: 1, short: "ask a modem what it is, a port at all usual speeds", run: probeModem},
			{name: "at", args: "MODEM|PORT COMMAND", min: 2, max: 2, short: "send one AT command and print the answer", run: commandModem},
		},
	}
}

func probeModem(c *call, args []string) error {
	ctx, stop := signal.NotifyContext(c.ctx, syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	cfg, err := modemConfig(c.options, args[0])
	if err != nil {
		return err
	}
	report, err := modem.Probe(ctx, cfg, func(speed int) {
		if !c.json {
			fmt.Fprintf(c.out, "trying %s at %d bit/s\n", cfg.Port, speed)
		}
	})
	if err != nil {
		return err
	}
	if c.json {
		return printJSON(c.out, report)
	}
	fmt.Fprintf(c.out, "a modem answers on %s at %d bit/s\n", report.Port, report.Speed)
	for _, a := range report.Answers {
		fmt.Fprintf(c.out, "  %-8s %-6s %s\n", a.Command, a.Result, strings.Join(a.Lines, " | "))
	}
	for _, s := range report.Signals {
		fmt.Fprintf(c.out, "  %-8s %s\n", s.Name, map[bool]string{true: "on", false: "off"}[s.On])
	}
	if len(report.Signals) == 0 {
		fmt.Fprintln(c.out, "  the port has no modem control lines")
	}
	return nil
}

func commandModem(c *call, args []string) error {
	ctx, stop := signal.NotifyContext(c.ctx, syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	cfg, err := modemConfig(c.options, args[0])
	if err != nil {
		return err
	}
	lines, err := modem.Command(ctx, cfg, args[1])
	if err != nil {
		return err
	}
	if c.json {
		return printJSON(c.out, lines)
	}
	for _, line := range lines {
		fmt.Fprintln(c.out, line)
	}
	return nil
}

// modemConfig is a modem of device.toml, or a port by its path.
func modemConfig(o *options, name string) (modem.Config, error) {
	if strings.HasPrefix(name, "/") {
		return modem.Config{Port: name}, nil
	}
	device, err := configs.LoadDevice(filepath.Join(o.config, configs.DeviceFile))
	if err != nil {
		return modem.Config{}, err
	}
	cfg, known := device.Modems[name]
	if !known {
		return modem.Config{}, cause.New(cause.BadConfig, "device.toml has no [modem.%s]; a path names a port", name)
	}
	return cfg, nil
}
