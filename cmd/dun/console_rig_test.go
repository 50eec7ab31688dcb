package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"dun/cmd/internal/agenttest"
	"dun/cmd/internal/console/password"
)

// cable is a serial line with a terminal program at its other end: a pty pair
// that carries no more octets a second than a line of its speed does.
type cable struct {
	t      *testing.T
	master *os.File
	port   string
	octet  time.Duration // what one takes: start bit, eight, stop bit
	ended  chan struct{}

	mu     sync.Mutex
	screen []byte
	seen   int
}

func newCable(t *testing.T, speed int) *cable {
	t.Helper()
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	c := &cable{t: t, octet: time.Second * 10 / time.Duration(speed), ended: make(chan struct{})}
	c.master = os.NewFile(uintptr(fd), "pty master")
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	c.port = fmt.Sprintf("/dev/pts/%d", n)
	// One end has to be open, or the other reads the line's end before a dun
	// has begun and between two.
	slave, err := unix.Open(c.port, unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(c.ended)
		b := make([]byte, 64)
		for {
			n, err := c.master.Read(b)
			if err != nil {
				return
			}
			c.takes(n)
			c.mu.Lock()
			c.screen = append(c.screen, b[:n]...)
			c.mu.Unlock()
		}
	}()
	t.Cleanup(func() {
		c.pull()
		unix.Close(slave)
	})
	return c
}

// takes lets the time pass that so many octets are on the line.
func (c *cable) takes(octets int) { <-time.After(c.octet * time.Duration(octets)) }

// pull takes the cable away.
func (c *cable) pull() {
	c.master.Close()
	<-c.ended
}

// typed sends text, at the speed of the line.
func (c *cable) typed(text string) {
	c.t.Helper()
	for len(text) > 0 {
		n := min(len(text), 16)
		if _, err := c.master.WriteString(text[:n]); err != nil {
			c.t.Fatal(err)
		}
		c.takes(n)
		text = text[n:]
	}
}

func (c *cable) all() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return string(c.screen)
}

// see waits until text is on the screen, behind what was seen before, and
// gives all that came up to it.
func (c *cable) see(text string) (came string) {
	c.t.Helper()
	agenttest.Eventually(c.t, func() error {
		rest := c.all()[c.seen:]
		i := strings.Index(rest, text)
		if i < 0 {
			return fmt.Errorf("no %q on the screen, behind\n%s\nonly\n%q", text, c.all()[:c.seen], rest)
		}
		came = rest[:i+len(text)]
		c.seen += i + len(text)
		return nil
	})
	return came
}

// line types a command and gives what it says, up to the next prompt.
func (c *cable) line(command string) string {
	c.t.Helper()
	c.typed(command + "\r")
	c.see("\r\n")
	return c.see("> ")
}

// secret answers a question that is asked twice.
func (c *cable) secret(command, text string) string {
	c.t.Helper()
	c.typed(command + "\r")
	c.see(": ")
	c.typed(text + "\r")
	c.see("once more: ")
	c.typed(text + "\r")
	return c.see("> ")
}

const consolePasswordText = "open sesame"

// consoleTOML is device.toml's part for the log-in.
func consoleTOML() string {
	return "[console]\npassword-hash = '" + password.New(consolePasswordText, [16]byte{1}, password.MinIterations).String() + "'\n"
}

// console starts one on the cable, as init does.
func (m *machine) console(c *cable) *program {
	m.t.Helper()
	return m.start("console", "--port", c.port, "--speed", "9600")
}

// loggedIn starts a console on a new cable and logs in.
func (m *machine) loggedIn(speed int) (*cable, *program) {
	m.t.Helper()
	c := newCable(m.t, speed)
	p := m.console(c)
	c.logIn()
	return c, p
}

func (c *cable) logIn() {
	c.t.Helper()
	c.see("Password: ")
	c.typed(consolePasswordText + "\r")
	c.see("dun> ")
}

// file reads a file of the configuration, "" if there is none.
func (m *machine) file(name string) string {
	m.t.Helper()
	b, err := os.ReadFile(filepath.Join(m.dir, name))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		m.t.Fatal(err)
	}
	return string(b)
}
