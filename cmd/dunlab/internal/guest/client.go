package guest

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"

	"dun/cmd/dunlab/internal/netns"
)

// Name is the guest's name.
func (g *Guest) Name() string { return g.name }

// Self is dunlab's path in the guest: that of the machine.
func (g *Guest) Self() string { return g.hub.Self() }

// Run runs a program in the guest to its end.
func (g *Guest) Run(ctx context.Context, argv ...string) ([]byte, error) {
	r, err := g.ask(ctx, request{Op: opRun, Argv: argv})
	if err == nil && r.Exit != 0 {
		err = fmt.Errorf("exit code %d: %s", r.Exit, netns.LastLines(string(r.Stderr), 3))
	}
	return r.Stdout, err
}

// Start starts a program in the guest under a name and gives the guest's
// time just before. What it prints goes to the guest's log.
func (g *Guest) Start(ctx context.Context, name string, argv ...string) (time.Time, error) {
	r, err := g.ask(ctx, request{Op: opStart, Name: name, Argv: argv})
	return r.Started, err
}

// Wait waits for a started program and gives its exit code, -1 when a signal
// ended it, and the last of what it printed.
func (g *Guest) Wait(ctx context.Context, name string) (exit int, output string, err error) {
	r, err := g.ask(ctx, request{Op: opWait, Name: name})
	return r.Exit, string(r.Stdout), err
}

// Signal signals a started program.
func (g *Guest) Signal(ctx context.Context, name string, s unix.Signal) error {
	_, err := g.ask(ctx, request{Op: opSignal, Name: name, Signal: int(s)})
	return err
}

// KillAll signals every process of these names at once and fails when a name
// has none.
func (g *Guest) KillAll(ctx context.Context, s unix.Signal, names ...string) error {
	_, err := g.ask(ctx, request{Op: opKillAll, Argv: names, Signal: int(s)})
	return err
}

// Put writes a file; only /etc and /run can be written to.
func (g *Guest) Put(ctx context.Context, path, text string, mode uint32) error {
	_, err := g.ask(ctx, request{Op: opPut, Path: path, Data: []byte(text), Mode: mode})
	return err
}

// AwaitAddress waits until an interface is up with an address and gives its
// addresses.
func (g *Guest) AwaitAddress(ctx context.Context, name string) ([]netip.Prefix, error) {
	r, err := g.ask(ctx, request{Op: opAwait, Name: name})
	return r.Addrs, err
}

// ask sends one request to the agent and waits for the reply.
func (g *Guest) ask(ctx context.Context, q request) (reply, error) {
	r, err := g.exchange(ctx, q)
	if ctx.Err() != nil {
		err = errors.Join(ctx.Err(), err)
	}
	if err != nil {
		return r, fmt.Errorf("guest %s: %s %s: %w", g.name, q.Op, what(q), err)
	}
	return r, nil
}

func what(q request) string {
	switch {
	case q.Name != "":
		return q.Name
	case len(q.Argv) > 0:
		return q.Argv[0]
	}
	return q.Path
}

func (g *Guest) exchange(ctx context.Context, q request) (r reply, err error) {
	var c net.Conn
	err = g.hub.Do(func() error {
		d := net.Dialer{Timeout: dialLimit}
		c, err = d.DialContext(ctx, "tcp", g.control.String())
		return err
	})
	if err != nil {
		return r, err
	}
	defer c.Close()
	stop := context.AfterFunc(ctx, func() { c.Close() })
	defer stop()
	ended := make(chan struct{})
	defer close(ended)
	go func() { // a dead guest closes nothing
		select {
		case <-g.kernel.Done():
			c.Close()
		case <-ended:
		}
	}()
	if err := json.NewEncoder(c).Encode(q); err != nil {
		return r, err
	}
	line, err := bufio.NewReader(io.LimitReader(c, maxMessage)).ReadBytes('\n')
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(line, &r); err != nil {
		return r, err
	}
	if r.Error != "" {
		err = errors.New(r.Error)
	}
	return r, err
}
