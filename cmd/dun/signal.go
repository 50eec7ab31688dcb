package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// untilSignal is ctx until the first SIGINT, SIGTERM or SIGHUP; again is
// called for the second, from another goroutine. stop ends it.
func untilSignal(ctx context.Context, again func()) (_ context.Context, stop func()) {
	return signalled(ctx, catchSignals(), again)
}

// catchSignals has the signals that end us wait in a channel from now on, until
// signal.Stop. Those that whoever started us has set to be ignored (nohup, a
// shell's background) stay ignored.
func catchSignals() chan os.Signal {
	// A reader of our output that goes away ends nothing.
	signal.Ignore(syscall.SIGPIPE)
	ch := make(chan os.Signal, 2)
	for _, s := range []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		if !signal.Ignored(s) {
			signal.Notify(ch, s)
		}
	}
	return ch
}

func signalled(ctx context.Context, ch chan os.Signal, again func()) (_ context.Context, stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	quit, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for n := 0; ; n++ {
			select {
			case <-ch:
			case <-quit:
				return
			}
			if n == 0 {
				cancel()
			} else {
				again()
			}
		}
	}()
	return ctx, func() {
		signal.Stop(ch)
		close(quit)
		<-ended
		cancel()
	}
}
