package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"reflect"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"dun/board/netcfg/netnstest"
	"dun/cmd/internal/agenttest"
)

// glass is a terminal that a program runs on, and all that was written to it.
type glass struct {
	t             *testing.T
	master, slave *os.File

	mu   sync.Mutex
	text bytes.Buffer
}

func newGlass(t *testing.T, width, height uint16) *glass {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { master.Close() })
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { slave.Close() })
	g := &glass{t: t, master: master, slave: slave}
	g.resize(width, height)
	go func() {
		b := make([]byte, 4096)
		for {
			n, err := master.Read(b)
			if err != nil {
				return
			}
			g.mu.Lock()
			g.text.Write(b[:n])
			g.mu.Unlock()
		}
	}()
	return g
}

func (g *glass) resize(width, height uint16) {
	if err := unix.IoctlSetWinsize(int(g.master.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Col: width, Row: height}); err != nil {
		g.t.Fatal(err)
	}
}

func (g *glass) settings() unix.Termios {
	s, err := unix.IoctlGetTermios(int(g.slave.Fd()), unix.TCGETS)
	if err != nil {
		g.t.Fatal(err)
	}
	return *s
}

// shows waits for text behind the first so many octets, and gives how many
// there are now.
func (g *glass) shows(from int, text string) (n int) {
	g.t.Helper()
	agenttest.Eventually(g.t, func() error {
		g.mu.Lock()
		defer g.mu.Unlock()
		n = g.text.Len()
		if got := g.text.String(); !strings.Contains(got[from:], text) {
			return fmt.Errorf("no %q in %q", text, got[from:])
		}
		return nil
	})
	return n
}

// TestWatch: the whole terminal, its other size, and as it was in the end; and
// lines where there is none.
func TestWatch(t *testing.T) {
	t.Parallel()
	netnstest.Run(t, func(t *testing.T) {
		w := newWorld(t, false)
		w.serve()
		w.up("office")
		for _, key := range []string{"q", "\x03", "TERM"} {
			g := newGlass(t, 80, 24)
			was := g.settings()
			w.device.env = []string{"TERM=vt100"}
			p := w.device.startWith(func(cmd *exec.Cmd) { cmd.Stdin, cmd.Stdout = g.slave, g.slave }, "status", "--watch")
			w.device.env = nil
			n := g.shows(0, "10.0.0.100 > 10.0.0.1")
			if g.settings().Lflag&unix.ICANON != 0 {
				t.Error("the terminal waits for whole lines")
			}
			g.resize(60, 10)
			p.signal(unix.SIGWINCH) // it is not the session's leader
			g.shows(n, "\x1b[2J")
			if key == "TERM" {
				p.signal(unix.SIGTERM)
			} else {
				g.master.WriteString(key)
			}
			p.exits(0)
			g.shows(n, "\x1b[?25h\x1b[?1049l")
			if is := g.settings(); !reflect.DeepEqual(is, was) {
				t.Errorf("the terminal was %+v and is %+v", was, is)
			}
		}
		lines, all := w.device.start("status", "--watch"), w.device.start("status", "--watch", "--json", "office")
		lines.says("office     is up, in ")
		all.says(`"connections":[{"entry":"office","phase":"up"`)
		w.device.run("hangup", "office").exits(0)
		lines.says("office     hang-up")
		all.says(`"phase":"hang-up"`)
		for _, p := range []*program{lines, all} { // dun is gone
			p.exits(1)
		}
		mustContain(t, lines.stderr(), "agent-unreachable")
	})
}
