package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
	"golang.org/x/term"

	"dun/cmd/internal/agent"
	"dun/cmd/internal/monitor"
	"dun/dialup/cause"
)

const (
	watchEvery = time.Second      // on a terminal, and as JSON
	linesEvery = 10 * time.Second // as lines
	keyPause   = 200              // milliseconds until a reader of keys looks whether it is wanted
)

// watchStatus shows what happens until somebody leaves, or the owner of the
// runtime directory ends: on a whole terminal, or in lines where there is none.
func watchStatus(c *call, entry string) error {
	client, err := agent.Connect(runtimeDir(c.options))
	if err != nil {
		return err
	}
	defer client.Close()
	events, err := agent.Connect(runtimeDir(c.options))
	if err != nil {
		return err
	}
	defer events.Close()
	if err := events.Subscribe(); err != nil {
		return err
	}
	ctx, stop := untilSignal(c.ctx, func() {})
	defer stop()
	w := &statusWatch{call: c, view: monitor.View{Entry: entry}, client: client}
	happened, gone := make(chan agent.Event), make(chan error, 1)
	var wg sync.WaitGroup
	defer wg.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(ctx, func() { events.Close() })()
	wg.Go(func() {
		for {
			ev, err := events.Next()
			if err != nil {
				gone <- err
				return
			}
			select {
			case happened <- ev:
			case <-ctx.Done():
				return
			}
		}
	})
	defer events.Close()
	defer cancel()
	out, isFile := c.out.(*os.File)
	if isFile && !c.json && fullScreen(out) {
		return w.onTerminal(ctx, out, happened, gone)
	}
	return w.inLines(ctx, happened, gone)
}

type statusWatch struct {
	*call
	view   monitor.View
	client *agent.Client
}

// fullScreen reports whether there is a terminal to draw on and to leave by.
func fullScreen(out *os.File) bool {
	kind := os.Getenv("TERM")
	return kind != "" && kind != "dumb" && term.IsTerminal(int(out.Fd())) && term.IsTerminal(int(os.Stdin.Fd()))
}

// onTerminal draws until q, ^C or a signal, and leaves the terminal as it was.
func (w *statusWatch) onTerminal(ctx context.Context, out *os.File, happened <-chan agent.Event, gone <-chan error) error {
	in := int(os.Stdin.Fd())
	was, err := term.MakeRaw(in)
	if err != nil {
		return cause.Wrap(cause.Internal, err, "")
	}
	var screen monitor.Screen
	defer term.Restore(in, was)
	defer func() { out.Write(screen.End()) }()
	resized := make(chan os.Signal, 1)
	signal.Notify(resized, syscall.SIGWINCH)
	defer signal.Stop(resized)
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	wg.Go(func() {
		defer cancel()
		waitForLeave(ctx, in)
	})
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		status, err := w.client.Status()
		if err != nil {
			return err
		}
		w.view.Status(time.Now(), status)
		width, height := 80, 24
		if x, y, err := term.GetSize(int(out.Fd())); err == nil && x > 0 && y > 0 {
			width, height = x, y
		}
		// The last column of the last row would scroll some terminals.
		if _, err := out.Write(screen.Draw(w.view.Lines(width-1, height))); err != nil {
			return cause.Wrap(cause.Internal, err, "")
		}
		for again := true; again; {
			select {
			case ev := <-happened:
				w.view.Event(ev)
				if ev.Phase == "" {
					continue // drawn with the next status
				}
			case err := <-gone:
				return err
			case <-resized:
				screen.Forget()
			case <-tick.C:
			case <-ctx.Done():
				return nil
			}
			again = false
		}
	}
}

// waitForLeave returns when somebody presses q or ^C, or the line is gone.
func waitForLeave(ctx context.Context, in int) {
	var b [16]byte
	for ctx.Err() == nil {
		fds := []unix.PollFd{{Fd: int32(in), Events: unix.POLLIN}}
		if n, _ := unix.Poll(fds, keyPause); n <= 0 {
			continue
		}
		n, err := unix.Read(in, b[:])
		if err == unix.EINTR || err == unix.EAGAIN {
			continue
		}
		if err != nil || n <= 0 {
			return
		}
		for _, key := range b[:n] {
			if key == 'q' || key == 'Q' || key == 3 {
				return
			}
		}
	}
}

// inLines prints events as they come, and every now and then each connection.
func (w *statusWatch) inLines(ctx context.Context, happened <-chan agent.Event, gone <-chan error) error {
	every := linesEvery
	if w.json {
		every = watchEvery
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	p := newPrinter(w.call, "")
	p.clock = true
	for {
		status, err := w.client.Status()
		if err != nil {
			return err
		}
		w.view.Status(time.Now(), status)
		if w.json {
			err = printJSON(w.out, status)
		} else {
			err = w.printLines()
		}
		if err != nil {
			return cause.Wrap(cause.Internal, err, "")
		}
		for again := true; again; {
			select {
			case ev := <-happened:
				if w.view.Entry == "" || ev.Entry == w.view.Entry {
					p.print(ev)
				}
			case err := <-gone:
				return err
			case <-tick.C:
				again = false
			case <-ctx.Done():
				return nil
			}
		}
	}
}

func (w *statusWatch) printLines() error {
	for _, l := range w.view.Brief() {
		if _, err := fmt.Fprintln(w.out, l); err != nil {
			return err
		}
	}
	return nil
}
