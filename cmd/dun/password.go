package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

// askPassword reads passwords without echo from the terminal tty; nil where
// it is none, since nobody is there. It returns when ctx ends.
func askPassword(tty int, prompts io.Writer) func(ctx context.Context, entry, user string) (string, error) {
	if !term.IsTerminal(tty) {
		return nil
	}
	return func(ctx context.Context, entry, user string) (string, error) {
		defer fmt.Fprintln(prompts)
		return readPassword(ctx, tty, func() { fmt.Fprintf(prompts, "Password for %s (entry %s): ", user, entry) })
	}
}

// readPassword reads a line; prompt is called once nothing is shown any more.
// Unlike term.ReadPassword it can be interrupted: a read from a terminal
// cannot, so it waits with poll(2) for a whole line.
func readPassword(ctx context.Context, tty int, prompt func()) (string, error) {
	was, err := unix.IoctlGetTermios(tty, unix.TCGETS)
	if err != nil {
		return "", err
	}
	quiet := *was
	quiet.Lflag &^= unix.ECHO
	quiet.Lflag |= unix.ICANON | unix.ISIG
	quiet.Iflag |= unix.ICRNL
	if err := unix.IoctlSetTermios(tty, unix.TCSETSF, &quiet); err != nil {
		return "", err
	}
	defer unix.IoctlSetTermios(tty, unix.TCSETSF, was)
	prompt()

	wake, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return "", err
	}
	defer unix.Close(wake)
	ringing := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(ringing)
		unix.Write(wake, []byte{1, 1, 1, 1, 1, 1, 1, 1})
	})
	defer func() {
		if !stop() {
			<-ringing // it still writes to wake
		}
	}()

	fds := []unix.PollFd{{Fd: int32(tty), Events: unix.POLLIN}, {Fd: int32(wake), Events: unix.POLLIN}}
	for {
		if _, err := unix.Poll(fds, -1); err != nil && !errors.Is(err, unix.EINTR) {
			return "", err
		}
		if ctx.Err() != nil {
			return "", context.Cause(ctx)
		}
		if fds[0].Revents == 0 {
			continue
		}
		line := make([]byte, 4096) // the longest that a terminal takes
		n, err := unix.Read(tty, line)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return "", err
		case n == 0:
			return "", io.EOF
		}
		if line[n-1] == '\n' {
			n--
		}
		return string(line[:n]), nil
	}
}
