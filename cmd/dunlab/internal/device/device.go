package device

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"dun/cmd/dunlab/internal/netns"
)

// Device is a host with dun on it.
type Device struct {
	*netns.Host
	Quiet bool // runs dun without --debug, as a benchmark does

	dun string // the binary
	dir string // takes the configuration and the logs
}

// New makes a device of a host. dir takes its configuration and logs.
func New(h *netns.Host, dun, dir string) *Device { return &Device{Host: h, dun: dun, dir: dir} }

// Configure writes dun's files.
func (d *Device) Configure(c Config) error { return c.Write(d.config()) }

func (d *Device) config() string { return filepath.Join(d.dir, "config") }

// runtimeDir is in the host's private /run.
const runtimeDir = "/run/dun"

func (d *Device) argv(args ...string) []string {
	return append([]string{d.dun, "--config", d.config(), "--runtime", runtimeDir, "--json"}, args...)
}

// told is argv with --debug, unless the device is quiet.
func (d *Device) told(args ...string) []string {
	if !d.Quiet {
		args = append([]string{"--debug"}, args...)
	}
	return d.argv(args...)
}

// Running is a dun that stays in the foreground: dial or serve.
type Running struct {
	process *netns.Process
	out     *output
	log     *os.File
	begin   time.Time
}

// start starts dun. Its log is named for what it does.
func (d *Device) start(name string, args ...string) (*Running, error) {
	f, err := os.OpenFile(filepath.Join(d.dir, name+".log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return nil, err
	}
	out := newOutput(f)
	begin := time.Now()
	p, err := d.Start(d.told(args...), nil, out, out)
	if err != nil {
		f.Close()
		return nil, err
	}
	r := &Running{process: p, out: out, log: f, begin: begin}
	go func() {
		<-p.Done()
		f.Close()
	}()
	return r, nil
}

// Dial starts "dun dial" and waits until the entry is up. When it ends
// before, the error is its *Failure.
func (d *Device) Dial(ctx context.Context, entry string) (*Running, error) {
	r, err := d.start("dial-"+entry, "dial", entry)
	if err != nil {
		return nil, err
	}
	_, err = r.Await(ctx, func(ev Event) bool { return ev.Entry == entry && ev.Phase == "up" })
	if err != nil {
		r.process.Kill()
		return nil, fmt.Errorf("dial %s: %w", entry, err)
	}
	return r, nil
}

// Serve starts "dun serve" and waits until it listens.
func (d *Device) Serve(ctx context.Context) (*Running, error) {
	r, err := d.start("serve", "serve")
	if err != nil {
		return nil, err
	}
	_, err = r.Await(ctx, func(ev Event) bool { return ev.Entry == "server" })
	if err != nil {
		r.process.Kill()
		return nil, fmt.Errorf("serve: %w", err)
	}
	return r, nil
}

// Agent starts "dun agent".
func (d *Device) Agent() (*Running, error) { return d.start("agent", "--debug", "agent") }

// AwaitAfter waits for an event that is later than begin.
func (r *Running) AwaitAfter(ctx context.Context, begin time.Time, right func(Event) bool) (Event, error) {
	return r.Await(ctx, func(ev Event) bool { return ev.Time.After(begin) && right(ev) })
}

// Await waits for an event. When dun ends before, the error is its *Failure.
func (r *Running) Await(ctx context.Context, right func(Event) bool) (Event, error) {
	for {
		ev, found, change := r.out.find(right)
		if found {
			return ev, nil
		}
		select {
		case <-change:
		case <-r.process.Done():
			if ev, found, _ := r.out.find(right); found {
				return ev, nil
			}
			return ev, r.out.end(r.process.ExitCode())
		case <-ctx.Done():
			return ev, fmt.Errorf("not in time: %w", ctx.Err())
		}
	}
}

// Wait waits for dun to end and says how it did; nil for exit code 0.
func (r *Running) Wait(ctx context.Context) (*Failure, error) {
	select {
	case <-r.process.Done():
	case <-ctx.Done():
		return nil, fmt.Errorf("dun does not end: %w", ctx.Err())
	}
	if r.process.Err() == nil {
		return nil, nil
	}
	return r.out.end(r.process.ExitCode()), nil
}

// Signal signals dun.
func (r *Running) Signal(s unix.Signal) { r.process.Signal(s) }

// PID is dun's process id.
func (r *Running) PID() int { return r.process.PID() }

// Since is the time from the start of dun to an event.
func (r *Running) Since(ev Event) time.Duration { return ev.Time.Sub(r.begin) }

// Up is the time from the start of dun until entry was up.
func (r *Running) Up(entry string) time.Duration {
	ev, _, _ := r.out.find(func(ev Event) bool { return ev.Entry == entry && ev.Phase == "up" })
	return r.Since(ev)
}

// Status runs "dun status".
func (d *Device) Status(ctx context.Context) (Status, error) {
	var s Status
	out, err := d.RawStatus(ctx)
	if err == nil {
		err = json.Unmarshal(out, &s)
	}
	if err != nil {
		err = fmt.Errorf("dun status: %w %s", err, out)
	}
	return s, err
}

// RawStatus is what "dun status --json" prints.
func (d *Device) RawStatus(ctx context.Context) ([]byte, error) {
	out, err := d.Run(ctx, d.argv("status")...)
	d.keep("status.json", out)
	return out, err
}

// keep adds to a log; without it the case goes on.
func (d *Device) keep(name string, b []byte) {
	f, err := os.OpenFile(filepath.Join(d.dir, name), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err == nil {
		f.Write(b)
		f.Close()
	}
}

// HangUp runs "dun hangup ENTRY" and waits for the end of r, which has to be
// the one that a user's request gives.
func (d *Device) HangUp(ctx context.Context, r *Running, entry string) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	if out, err := d.Run(ctx, d.argv("hangup", entry)...); err != nil {
		return fmt.Errorf("dun hangup %s: %w %s", entry, err, out)
	}
	return r.ended(ctx)
}

// Interrupt ends r as Ctrl-C does.
func (r *Running) Interrupt(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	r.Signal(unix.SIGINT)
	return r.ended(ctx)
}

func (r *Running) ended(ctx context.Context) error {
	f, err := r.Wait(ctx)
	if err != nil {
		return err
	}
	if f != nil && f.Cause != "user-request" {
		return fmt.Errorf("hung up on request, and it ended with: %w", f)
	}
	return nil
}

// IsFailure gives the *Failure in err.
func IsFailure(err error) (*Failure, bool) {
	var f *Failure
	ok := errors.As(err, &f)
	return f, ok
}
