package main

import (
	"bytes"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"dun/board/netcfg/netnstest"
	"dun/cmd/internal/agenttest"
)

// terminal is a pseudo-terminal with its keyboard and screen.
type terminal struct {
	t      *testing.T
	master *os.File
	slave  *os.File
	screen chan byte
}

func newTerminal(t *testing.T) *terminal {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { master.Close() })
	if err := unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	slave, err := os.OpenFile("/dev/pts/"+strconv.Itoa(n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	term := &terminal{t: t, master: master, slave: slave, screen: make(chan byte, 1<<16)}
	t.Cleanup(func() { term.slave.Close() })
	go func() {
		defer close(term.screen)
		b := make([]byte, 1000)
		for {
			n, err := master.Read(b)
			for _, c := range b[:n] {
				term.screen <- c
			}
			if err != nil {
				return
			}
		}
	}()
	return term
}

// see waits until text is on the screen and gives all that came up to it.
func (term *terminal) see(text string) string {
	term.t.Helper()
	var seen []byte
	deadline := time.After(agenttest.Patience)
	for !bytes.Contains(seen, []byte(text)) {
		select {
		case c, open := <-term.screen:
			if !open {
				term.t.Fatalf("the terminal ended after %q", seen)
			}
			seen = append(seen, c)
		case <-deadline:
			term.t.Fatalf("no %q on the screen, only %q", text, seen)
		}
	}
	return string(seen)
}

func (term *terminal) typed(text string) {
	term.t.Helper()
	if _, err := term.master.WriteString(text); err != nil {
		term.t.Fatal(err)
	}
}

// echoes says whether the terminal shows what is typed.
func (term *terminal) echoes() bool {
	term.t.Helper()
	state, err := unix.IoctlGetTermios(int(term.slave.Fd()), unix.TCGETS)
	if err != nil {
		term.t.Fatal(err)
	}
	return state.Lflag&unix.ECHO != 0
}

// session makes the terminal a command's controlling terminal.
func (term *terminal) session(c *exec.Cmd) {
	c.Stdin, c.Stdout, c.Stderr = term.slave, term.slave, term.slave
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
}

// TestPasswordOnTerminal: a password that is not stored is asked for, not
// shown, and asking can be broken off, which puts the terminal back in order.
func TestPasswordOnTerminal(t *testing.T) {
	t.Parallel()
	netnstest.Run(t, func(t *testing.T) {
		w := newWorld(t, false)
		w.serve()
		w.device.write("secrets.toml", "")
		term := newTerminal(t)
		const prompt = "Password for alice (entry office): "

		dial := w.device.startWith(term.session, "dial", "office")
		term.see(prompt)
		if term.echoes() {
			t.Error("the terminal shows what is typed")
		}
		term.typed(officePassword + "\r")
		seen := term.see("up ")
		mustNotContain(t, seen, "horse")
		if !term.echoes() {
			t.Error("the terminal does not show what is typed any more")
		}
		term.typed("\x03") // Ctrl-C
		dial.exits(5)
		term.see("exit code 5")

		dial = w.device.startWith(term.session, "dial", "office")
		term.see(prompt)
		term.typed("half a pass\x03")
		dial.exits(5)
		term.see("exit code 5")
		if !term.echoes() {
			t.Error("the terminal was left without echo")
		}

		// Ctrl-D is no password, and a wrong one is refused.
		dial = w.device.startWith(term.session, "dial", "office")
		term.see(prompt)
		term.typed("\x04")
		dial.exits(2)
		term.see("password-missing")
		dial = w.device.startWith(term.session, "dial", "office")
		term.see(prompt)
		term.typed("wrong\r")
		dial.exits(19)
		mustNotContain(t, term.see("exit code 19"), "is wrong: wrong")
		w.nothingLeft(t)
	})
}

// TestPasswordWithoutTerminal: nobody can be asked.
func TestPasswordWithoutTerminal(t *testing.T) {
	if askPassword(-1, nil) != nil {
		t.Error("a closed descriptor is a terminal")
	}
	t.Parallel()
	netnstest.Run(t, func(t *testing.T) {
		w := newWorld(t, false)
		w.device.write("secrets.toml", "")
		mustContain(t, w.device.run("dial", "office").exits(2).stderr(), "password-missing", "secrets.toml")
	})
}
