package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
	"golang.org/x/term"

	"dun/cmd/internal/agent"
	"dun/cmd/internal/console"
	"dun/cmd/internal/console/password"
	"dun/configs"
	"dun/dialup/cause"
	"dun/modem"
)

func consoleCommand() *command {
	var port, speed string
	var byAgent bool
	return &command{
		name:  "console",
		short: "the technician's shell: on a serial line, or here",
		long: `console is a shell for setting dun up, seeing what it does and finding out why
it does not: entries are edited and saved with 'commit', tried with 'test', and
'?' shows at every place what can come there. On a serial port (--port) it asks
for the password of device.toml, [console]; on standard input root and the
owner of the configuration need none.`,
		flags: func(flags *flagSet) {
			flags.StringVar(&port, "port", "", "serial `port` to lead the conversation on, instead of standard input")
			flags.BoolVar(&byAgent, "agent", false, "have the running agent lead it, with its rights and on its configuration")
			flags.StringVar(&speed, "speed", "9600", "of the port, in `bit/s`")
		},
		run: func(c *call, _ []string) error {
			switch {
			case byAgent && port != "":
				return usageError(errors.New("the agent's console is no serial port"))
			case byAgent:
				return consoleByAgent(c)
			case port != "":
				return consoleOnPort(c, port, speed)
			}
			return consoleHere(c)
		},
		sub: []*command{
			{name: "password", short: "make the line of device.toml for the console's password", run: consolePassword},
		},
	}
}

// consoleConfig is a console on a terminal of that name.
func consoleConfig(c *call, terminal string) console.Config {
	name, _ := os.Hostname()
	where := name
	if terminal != "" {
		where = strings.TrimPrefix(name+" "+terminal, " ")
	}
	return console.Config{
		Greeting: "dun " + version + ", " + where,
		Book:     &consoleBook{options: c.options},
		Tools:    consoleTools{c.options},
	}
}

// withLogin adds what stands before the commands.
func withLogin(c *call, cfg *console.Config, device configs.Device, terminal string) error {
	if device.Console.PasswordHash == "" {
		return cause.New(cause.NoPermission, "nobody can log in: device.toml has no password-hash in [console]; 'dun console password' makes it")
	}
	hash, err := password.Parse(device.Console.PasswordHash)
	if err != nil {
		return cause.Wrap(cause.BadConfig, err, "device.toml, console.password-hash")
	}
	cfg.Idle = device.Console.Idle
	cfg.Login = &console.Login{Hash: hash, Failures: console.Failures{
		Path: filepath.Join(runtimeDir(c.options), "console."+strings.ReplaceAll(terminal, "/", "_")),
		Now:  sinceBoot,
	}}
	return nil
}

func sinceBoot() time.Duration {
	var ts unix.Timespec
	unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts)
	return time.Duration(ts.Nano())
}

// consoleOnPort leads one conversation on a serial port. It ends with it: init
// starts the next one.
func consoleOnPort(c *call, port, speed string) error {
	device, deviceErr := configs.LoadDevice(filepath.Join(c.config, configs.DeviceFile))
	rate, err := strconv.Atoi(speed)
	if err != nil || rate <= 0 {
		return usageError(fmt.Errorf("%q is no speed", speed))
	}
	tty, err := modem.OpenTerminal(modem.Config{Port: port, Speed: rate, Flow: modem.FlowNone})
	if err != nil {
		return err
	}
	defer tty.Close()
	ctx, stop := untilSignal(c.ctx, func() { os.Exit(exitCode(cause.UserRequest)) })
	defer stop()
	name := strings.TrimPrefix(port, "/dev/")
	cfg := consoleConfig(c, name)
	if deviceErr == nil {
		deviceErr = withLogin(c, &cfg, device, name)
	}
	if deviceErr == nil {
		return c.lead(watchCable(ctx, tty.Connected), console.Terminal{In: tty, Out: tty, Interactive: true}, cfg)
	}
	// Who sits there is to know why, and init is not to start us every second.
	fmt.Fprintf(tty, "\r\n%s\r\n%v\r\n", cfg.Greeting, deviceErr)
	select {
	case <-time.After(refusedTime):
	case <-ctx.Done():
	}
	return deviceErr
}

// refusedTime is how long a console stays on which nobody can log in.
const refusedTime = 10 * time.Second

// cableCheck is how often the carrier is looked at.
const cableCheck = 500 * time.Millisecond

// watchCable is ctx until the carrier falls that was there. A cable without
// that line is never seen to go: there the idle time logs out.
func watchCable(ctx context.Context, connected func() (on, known bool)) context.Context {
	ctx, cancel := context.WithCancelCause(ctx)
	go func() {
		ticker := time.NewTicker(cableCheck)
		defer ticker.Stop()
		was := false
		for {
			on, known := connected()
			if was && known && !on {
				cancel(console.ErrGone)
				return
			}
			was = on
			select {
			case <-ticker.C:
			case <-ctx.Done():
				return
			}
		}
	}()
	return ctx
}

// consoleHere leads a conversation on standard input: with a person where it is
// a terminal, otherwise it runs the commands that come.
func consoleHere(c *call) error {
	device, deviceErr := configs.LoadDevice(filepath.Join(c.config, configs.DeviceFile))
	tty := int(os.Stdin.Fd())
	t := console.Terminal{In: os.Stdin, Out: c.out, Interactive: term.IsTerminal(tty)}
	cfg := consoleConfig(c, "")
	if !owns(c.config) {
		if deviceErr != nil {
			return deviceErr
		}
		if !t.Interactive {
			return cause.New(cause.NoPermission, "without a terminal to log in at, the console is for root and for the owner of the configuration")
		}
		if err := withLogin(c, &cfg, device, "stdin."+fmt.Sprint(os.Getuid())); err != nil {
			return err
		}
	}
	ctx, stop := untilSignal(c.ctx, func() { os.Exit(exitCode(cause.UserRequest)) })
	defer stop()
	if t.Interactive {
		var err error
		var restore func()
		if t.Columns, t.Rows, restore, err = rawTerminal(tty); err != nil {
			return err
		}
		defer restore()
	}
	return c.lead(ctx, t, cfg)
}

// rawTerminal gives the size of a terminal, 0 by 0 where it does not know, and
// has it send keys as they are pressed.
func rawTerminal(tty int) (columns, rows int, restore func(), err error) {
	columns, rows, _ = term.GetSize(tty)
	was, err := term.MakeRaw(tty)
	if err != nil {
		return 0, 0, nil, cause.Wrap(cause.Internal, err, "the terminal")
	}
	return columns, rows, func() { term.Restore(tty, was) }, nil
}

// consoleByAgent has the agent lead the conversation, over its control socket.
func consoleByAgent(c *call) error {
	tty := int(os.Stdin.Fd())
	if !term.IsTerminal(tty) {
		return cause.New(cause.Usage, "the agent's console is for a terminal; without --agent commands may come from a file")
	}
	client, err := agent.Connect(runtimeDir(c.options))
	if err != nil {
		return err
	}
	defer client.Close()
	columns, rows, restore, err := rawTerminal(tty)
	if err != nil {
		return err
	}
	defer restore()
	screen, keys, err := client.Console(columns, rows)
	if err != nil {
		return err
	}
	ctx, stop := untilSignal(c.ctx, func() { os.Exit(exitCode(cause.UserRequest)) })
	defer stop()
	defer context.AfterFunc(ctx, client.Close)()
	go func() { // ends with the process at the latest: nothing else reads it
		io.Copy(keys, os.Stdin)
		client.Close()
	}()
	io.Copy(c.out, screen)
	return nil
}

// leadTeletype leads a conversation as the agent. Who reaches its socket is
// root, or the owner of its files.
func (c *call) leadTeletype(ctx context.Context, t agent.Teletype) {
	console.Run(ctx, console.Terminal{In: t.In, Out: t.Out, Interactive: true, Columns: t.Columns, Rows: t.Rows}, consoleConfig(c, "agent"))
}

// owns tells that we are root, or that the configuration is ours.
func owns(dir string) bool {
	if os.Geteuid() == 0 {
		return true
	}
	for _, path := range []string{filepath.Join(dir, configs.DeviceFile), dir} {
		if info, err := os.Stat(path); err == nil {
			return int(info.Sys().(*syscall.Stat_t).Uid) == os.Geteuid()
		}
	}
	return false
}

// lead leads the conversation, and words its end.
func (c *call) lead(ctx context.Context, t console.Terminal, cfg console.Config) error {
	if _, err := settleTrial(c.options, false); err != nil { // nobody was there to do it in time
		fmt.Fprintf(t.Out, "The change on trial cannot be taken back: %v\r\n", err)
	} else if err := lookAfterTrial(c.options); err != nil {
		fmt.Fprintf(t.Out, "%v\r\n", err)
	}
	err := console.Run(ctx, t, cfg)
	switch {
	case errors.Is(err, console.ErrGone), errors.Is(err, console.ErrIdle):
		return nil
	case ctx.Err() != nil:
		return cause.UserRequest
	}
	return err
}

// hashTime is what checking the password shall take on this machine.
const hashTime = time.Second

// consolePassword prints the line with the hash of a password, as slow as this
// machine can bear.
func consolePassword(c *call, _ []string) error {
	text, err := askSecret(c, "password", "the console")
	if err != nil {
		return err
	}
	if text == "" {
		return cause.New(cause.Usage, "an empty password is none")
	}
	var salt [16]byte
	if err := randomOctets(salt[:]); err != nil {
		return cause.Wrap(cause.Internal, err, "random octets")
	}
	begin := time.Now()
	password.New(text, salt, password.MinIterations)
	iterations := int(int64(password.MinIterations) * int64(hashTime) / max(int64(time.Since(begin)), 1))
	const most = 600_000 // what is usual for this hash
	iterations = min(max(iterations, password.MinIterations), most)
	fmt.Fprintf(c.errOut, "Put this into device.toml:\n\n")
	fmt.Fprintf(c.out, "[console]\npassword-hash = \"%s\"\n", password.New(text, salt, iterations))
	return nil
}

// randomOctets asks the system: crypto/rand would bring FIPS 140's generator.
func randomOctets(b []byte) error {
	f, err := os.Open("/dev/urandom")
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.ReadFull(f, b)
	return err
}
