package console

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"dun/cmd/internal/console/password"
)

// port is a serial port with a log-in, in virtual time.
type port struct {
	t     *testing.T
	path  string
	start time.Time
	book  *fakeBook
}

func newPort(t *testing.T) *port {
	return &port{t: t, path: filepath.Join(t.TempDir(), "run", "console.ttyS0"), start: time.Now(), book: newBook()}
}

var testHash = password.New("sesame", [16]byte{1}, password.MinIterations)

func (p *port) sit() *desk {
	d := sit(p.t, p.book, func(_ *Terminal, c *Config) {
		c.Idle = 10 * time.Minute
		c.Login = &Login{Hash: testHash, Failures: Failures{Path: p.path, Now: func() time.Duration { return time.Since(p.start) }}}
	})
	d.patience = 1000 * time.Hour // of virtual time
	return d
}

// now is what passed, in virtual time.
func (p *port) now() time.Duration { return time.Since(p.start).Round(time.Millisecond) }

// TestLogin: pauses that grow, then a lock, which outlive the process.
func TestLogin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPort(t)
		d := p.sit()
		has(t, d.see("Password: "), "dun 1, test")
		d.typed("\r")
		d.see("Password: ")
		for n := 1; n < lockAfter; n++ {
			before := p.now()
			d.typed("wrong\r")
			d.see("Wrong.")
			d.see("Password: ")
			if got, want := p.now()-before, time.Second<<(n-1); got != want {
				t.Errorf("after %d wrong ones it waits %v, want %v", n, got, want)
			}
		}
		d.typed("wrong\r")
		d.see("Locked after 5 wrong passwords, for 5m0s.")
		// Pulling the cable, or the plug of the process, saves no time.
		d.keys.Close()
		if err := d.end(); !errors.Is(err, ErrGone) {
			t.Error(err)
		}
		time.Sleep(time.Minute)
		d = p.sit()
		d.see("for 4m0s.")
		before := p.now()
		d.typed("sesame\rsesame\r") // who types meanwhile, types for nobody
		d.see("Password: ")
		if got := p.now() - before; got != 4*time.Minute {
			t.Errorf("it waits %v", got)
		}
		d.typed("\x81sesame\r") // noise is a wrong one
		d.see("Wrong.")
		d.see("Password: ")
		d.typed("sesame\r")
		d.see("dun> ")
		if _, err := os.Stat(p.path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the failures are kept: %v", err)
		}
		if strings.Contains(d.all(), "sesame") {
			t.Error("the password is on the screen")
		}
		d.typed("exit\r")
		if err := d.end(); err != nil {
			t.Error(err)
		}
	})
}

// TestLongLock: ten wrong ones, and a file that somebody has spoiled.
func TestLongLock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPort(t)
		f := Failures{Path: p.path, Now: func() time.Duration { return time.Since(p.start) }}
		for _, c := range []struct {
			text string
			n    int
			wait time.Duration
		}{
			{"10 0\n", 10, longTime}, {"4 0", 4, 8 * time.Second}, {"1 99999999999999", 1, time.Second}, {"5 -600000000000", 5, 0},
			{"nonsense", lockAfter, lockTime}, {"-1 0", lockAfter, lockTime}, {"", lockAfter, lockTime}, {"99999999999999999999 0", lockAfter, lockTime},
		} {
			os.MkdirAll(filepath.Dir(p.path), 0o755)
			os.WriteFile(p.path, []byte(c.text), 0o600)
			if n, wait := f.read(); n != c.n || wait != c.wait {
				t.Errorf("%q is %d, %v; want %d, %v", c.text, n, wait, c.n, c.wait)
			}
		}
	})
}

// TestIdle: who goes away is logged out, and what he left is dropped; before
// the log-in nobody is.
func TestIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPort(t)
		d := p.sit()
		d.see("Password: ")
		time.Sleep(time.Hour)
		d.typed("sesame\r")
		d.see("dun> ")
		d.line("edit office")
		d.line("set mtu 1400")
		time.Sleep(9 * time.Minute)
		d.typed("x")
		time.Sleep(9 * time.Minute)
		d.typed("\x15")
		before := p.now()
		if err := d.end(); !errors.Is(err, ErrIdle) || p.now()-before != 10*time.Minute {
			t.Errorf("%v after %v", err, p.now()-before)
		}
		has(t, d.all(), "logged out: nothing was typed for too long", "What was not committed is dropped.")
		if p.book.edition != 0 {
			t.Error("it was saved")
		}
		// In the middle of 'monitor' too, and of a full screen.
		for _, command := range []string{"monitor\r", "terminal rows 10\rlog 100\r"} {
			d = p.sit()
			d.see("Password: ")
			d.typed("sesame\r")
			d.see("dun> ")
			d.typed(command)
			if err := d.end(); !errors.Is(err, ErrIdle) {
				t.Errorf("%q: %v", command, err)
			}
		}
	})
}
