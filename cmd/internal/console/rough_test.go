package console

import (
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// TestRoughLine: noise, rubbish, a long line and a break neither run anything
// nor leave the console stuck.
func TestRoughLine(t *testing.T) {
	book := newBook()
	d := sit(t, book, nil)
	d.see("dun> ")
	has(t, d.line("remove \x9foffice"), "There was noise in the line; it was not run.", "dun> ")
	has(t, d.line(strings.Repeat("x", 4000)), "is not understood here")
	has(t, d.line(strings.Repeat("x", 4001)), "longer than 4000 characters")
	d.typed("remove office\x00")
	d.see("\r\ndun> ")
	d.typed("remove off\x1b[\r")
	has(t, d.see("dun> "), "noise")
	random := rand.New(rand.NewPCG(1, 2))
	rubbish := make([]byte, 20000)
	for i := range rubbish {
		rubbish[i] = byte(random.IntN(256))
	}
	d.typed(string(rubbish) + "\x03")
	d.typed("\rshow phonebook\r")
	d.see("office: dials\r\n")
	d.see("> ")
	if book.edition != 0 {
		t.Error("rubbish was saved")
	}
}

// TestCablePulled in the middle of an edit, a question, a command and a full
// screen: what was not committed is dropped, and the console ends.
func TestCablePulled(t *testing.T) {
	for _, typed := range []string{
		"set mtu 1400\r", "set mtu 14", "set password\rses", "set password\rsesame\rses", "dial office\r", "monitor\r", "terminal rows 10\rlog 100\r", "load\r[x]\r", "exit\r",
	} {
		book := newBook()
		d := sit(t, book, nil)
		d.see("dun> ")
		d.line("edit office")
		d.line("set mtu 1300")
		d.typed(typed)
		d.keys.Close()
		if err := d.end(); !errors.Is(err, ErrGone) {
			t.Errorf("%q: %v", typed, err)
		}
		if book.edition != 0 {
			t.Errorf("%q: it was saved", typed)
		}
	}
}

// slow is a terminal that takes nothing any more.
type slow struct{ closed chan struct{} }

func (s slow) Write([]byte) (int, error) {
	<-s.closed
	return 0, io.ErrClosedPipe
}

// TestStoppedOutput: a terminal that takes nothing more is let go of when it
// is closed.
func TestStoppedOutput(t *testing.T) {
	out := slow{make(chan struct{})}
	d := sit(t, newBook(), func(t *Terminal, _ *Config) { t.Out = out })
	d.typed(strings.Repeat("show\r", 100))
	close(out.closed)
	d.keys.Close()
	d.end()
}

// FuzzSession: any octets in, and behind them Ctrl-C, Ctrl-U and Enter bring
// the prompt back; nothing is saved that 'commit' was not there for.
func FuzzSession(f *testing.F) {
	f.Add([]byte("add x device=vpn\rset ?\x15exit\rexit\r"))
	f.Add([]byte("edit of\t\rset password\rabc\rabc\rdiff\rterminal rows 5\rhelp\r  q"))
	f.Add([]byte("load\r[a]\x00monitor\rxhelp ?\x1b[A\x1b[B\xff\xfe\r\n'\"\x03"))
	f.Add([]byte("dial office\rshow\r\x03trace lcp on\rlog 99999\rsave\r"))
	f.Fuzz(func(t *testing.T, b []byte) {
		in, keys := io.Pipe()
		book := newBook()
		d := &desk{t: t, book: book, tools: new(fakeTools), keys: keys, done: make(chan struct{}), patience: time.Minute}
		d.came = newCond(d)
		go func() {
			defer close(d.done)
			err := Run(t.Context(), Terminal{In: in, Out: d, Interactive: true, Rows: len(b) % 7}, Config{Book: book, Tools: d.tools, Idle: time.Hour})
			d.mu.Lock()
			d.ended, d.err = true, err
			d.mu.Unlock()
			d.came.Broadcast()
			in.Close()
		}()
		defer func() {
			keys.Close()
			<-d.done
		}()
		if _, err := keys.Write(b); err != nil {
			return // it was told to exit
		}
		// Out of a command, a question, a screen, a paste; then a fresh line.
		for _, s := range []string{"\x03", "\x15", "\x03", "\r", "\x03", "\x15\r"} {
			if _, err := keys.Write([]byte(s)); err != nil {
				return
			}
		}
		if !strings.Contains(strings.ToLower(string(b)), "t") && book.saved() != 0 {
			t.Error("it was saved without 'commit'")
		}
		d.prompted("# the end")
	})
}
