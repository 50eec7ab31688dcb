package modemtest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"
)

// computer is what is at the other end of a modem's port, in virtual time.
type computer struct {
	t    *testing.T
	conn net.Conn
	said chan byte
}

func newComputer(t *testing.T, x *Exchange, cfg Config) (*computer, *Modem) {
	near, far := net.Pipe()
	m := NewOver(x, cfg, far)
	c := &computer{t: t, conn: near, said: make(chan byte, 1<<20)}
	go func() {
		defer close(c.said)
		buf := make([]byte, 4096)
		for {
			n, err := near.Read(buf)
			for _, b := range buf[:n] {
				c.said <- b
			}
			if err != nil {
				return
			}
		}
	}()
	return c, m
}

func (c *computer) send(s string) {
	c.t.Helper()
	if _, err := c.conn.Write([]byte(s)); err != nil {
		c.t.Fatal(err)
	}
}

// expect reads until want has come, and fails when the modem falls silent.
func (c *computer) expect(want string) string {
	c.t.Helper()
	var got []byte
	for !bytes.HasSuffix(got, []byte(want)) {
		select {
		case b, ok := <-c.said:
			if !ok {
				c.t.Fatalf("port closed after %q, want %q", got, want)
			}
			got = append(got, b)
		case <-time.After(5 * time.Minute):
			c.t.Fatalf("silence after %q, want %q", got, want)
		}
	}
	return string(got)
}

// silent checks that nothing is said for d.
func (c *computer) silent(d time.Duration) {
	c.t.Helper()
	select {
	case b := <-c.said:
		c.t.Fatalf("said %q, want silence", b)
	case <-time.After(d):
	}
}

func TestCommands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := NewExchange()
		c, m := newComputer(t, x, Config{Refuse: []string{"&K9"}, Chatter: []string{"+CREG: 1"}})
		ok := "\r\n+CREG: 1\r\n\r\nOK\r\n"
		for _, s := range []struct{ send, want string }{
			{"AT\r", "AT\r" + ok},
			{"noise at e0 q0 &c1\r", "noise at e0 q0 &c1\r" + ok},
			{"ATI3\r", "\r\ndunlab modem V1.0\r\n" + ok},
			{"ATS7=5S7?\r", "\r\n005\r\n" + ok},
			{"ATS12?\r", "\r\n050\r\n" + ok},
			{"AT&F&K3E0\r", ok},
			{"AT&K9\r", "ERROR\r\n"},
			{"AT!\r", "ERROR\r\n"},
			{"AT+GMM\r", "\r\nmodemtest\r\n" + ok},
			{"AT+NONE\r", "ERROR\r\n"},
			{"A/", "ERROR\r\n"},
			{"ATX\bH\r", ok},
			{"ATO\r", "ERROR\r\n"},
			{"ATA\r", "NO CARRIER\r\n"},
			{"AT+FCLASS=0;E1\r", ok},
			{"ATV0\r", "ATV0\r\r\n+CREG: 1\r\n0\r"},
			{"ATE0Q1\r", "ATE0Q1\r\r\n+CREG: 1\r\n"},
			{"ATQ0\r", "0\r"},
			{"ATZ\r", ok},
		} {
			c.send(s.send)
			if got := c.expect(s.want); len(s.want) > len("NO CARRIER\r\n") && got != s.want {
				t.Errorf("%q was answered with %q, want %q", s.send, got, s.want)
			}
		}
		m.Close()
		x.Close()
	})
}

func TestCallsThatFail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := NewExchange()
		x.Set("1", Number{Party: Busy})
		x.Set("2", Number{Party: Dead})
		x.Set("3", Number{Party: NoDialTone})
		x.Set("4", Number{Party: Person, Delay: 3 * time.Second})
		c, m := newComputer(t, x, Config{NoEcho: true})
		for _, s := range []struct{ send, want string }{
			{"ATDT1\r", "\r\nBUSY\r\n"},
			{"ATX2DT1\r", "\r\nNO CARRIER\r\n"},
			{"ATDT3\r", "\r\nNO DIALTONE\r\n"},
			{"ATX3DT3\r", "\r\nNO CARRIER\r\n"},
			{"ATX4DT2\r", "\r\nNO ANSWER\r\n"},
			{"ATDT4\r", "\r\nNO CARRIER\r\n"},
			{"ATDT5\r", "\r\nNO CARRIER\r\n"},
			{"ATDX\r", "\r\nERROR\r\n"},
		} {
			c.send(s.send)
			if got := c.expect(s.want); got != s.want {
				t.Errorf("%q was answered with %q, want %q", s.send, got, s.want)
			}
		}
		// Any character breaks off.
		c.send("ATDT2\r")
		c.silent(10 * time.Second)
		c.send("\r")
		c.expect("\r\nNO CARRIER\r\n")
		c.send("AT\r")
		c.expect("\r\nOK\r\n")
		m.Close()
		x.Close()
	})
}

func TestGuardTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := NewExchange()
		x.Set("1", Number{Party: Echo(), Line: Line{Speed: 9600}})
		c, m := newComputer(t, x, Config{NoEcho: true})
		c.send("ATD1;\r")
		c.expect("\r\nOK\r\n")
		c.send("ATH\r")
		c.expect("\r\nOK\r\n")
		m.dialed = ""
		c.send("ATDT1\r")
		c.expect("\r\nCONNECT 9600\r\n")

		c.send("data+++")
		c.expect("data+++")
		c.silent(3 * time.Second)
		c.send("++++")
		c.expect("++++")
		c.silent(3 * time.Second)
		c.send("+++")
		time.Sleep(900 * time.Millisecond)
		c.send("x")
		c.expect("+++x")
		c.silent(3 * time.Second)
		c.send("+")
		c.send("++")
		c.expect("+++")
		c.expect("\r\nOK\r\n")
		if m.Mode() != OnlineCommand {
			t.Fatalf("mode %v", m.Mode())
		}
		c.send("ATO\r")
		c.expect("\r\nCONNECT\r\n")
		c.send("again")
		c.expect("again")
		time.Sleep(2 * time.Second)
		c.send("+++")
		c.expect("\r\nOK\r\n")
		c.send("ATH\r")
		c.expect("\r\nOK\r\n")
		if m.Mode() != Command || x.Calls() != 0 {
			t.Errorf("mode %v, %d calls", m.Mode(), x.Calls())
		}
		m.Close()
		x.Close()
	})
}

func TestModemToModem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := NewExchange()
		a, ma := newComputer(t, x, Config{Number: "77", NoEcho: true})
		b, mb := newComputer(t, x, Config{CallerID: true, NoEcho: true})
		x.Set("88", Number{Party: mb.Party()})
		a.send("ATDT88\r")
		b.expect("\r\nRING\r\n")
		b.expect("\r\nNMBR = 77\r\n")
		b.expect("\r\nRING\r\n")
		b.send("ATA\r")
		b.expect("\r\nCONNECT 33600\r\n")
		a.expect("\r\nCONNECT 33600\r\n")
		a.send("hello")
		b.expect("hello")
		b.send("there")
		a.expect("there")

		// A third finds it busy.
		d, md := newComputer(t, x, Config{NoEcho: true})
		d.send("ATDT88\r")
		d.expect("\r\nBUSY\r\n")
		md.Close()

		if n := x.Drop("88"); n != 1 {
			t.Errorf("dropped %d calls", n)
		}
		a.expect("\r\nNO CARRIER\r\n")
		b.expect("\r\nNO CARRIER\r\n")

		// By register S0, and a caller who gives up.
		b.send("ATS0=3\r")
		b.expect("\r\nOK\r\n")
		a.send("ATDT88\r")
		b.expect("\r\nNMBR = 77\r\n")
		a.send("\r")
		a.expect("\r\nNO CARRIER\r\n")
		b.silent(10 * time.Second)
		a.send("ATDT88\r")
		b.expect("\r\nCONNECT 33600\r\n")
		a.expect("\r\nCONNECT 33600\r\n")
		mb.Close()
		a.expect("\r\nNO CARRIER\r\n")
		ma.Close()
		x.Close()
	})
}

func TestPacing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := NewExchange()
		x.Set("1", Number{Party: Echo(), Line: Line{Speed: 33600}})
		c, m := newComputer(t, x, Config{NoEcho: true})
		c.send("ATDT1\r")
		c.expect("CONNECT 33600\r\n")
		began := time.Now()
		c.send(strings.Repeat("x", 33599) + "y")
		c.expect("y")
		// Both directions work at the same time.
		if d := time.Since(began); d < 10*time.Second || d > 10500*time.Millisecond {
			t.Errorf("33600 octets at 3360 octets/s took %v", d)
		}
		m.Close()
		x.Close()
	})
}

func TestNoise(t *testing.T) {
	run := func(seed uint64) (wrong int, sum [32]byte) {
		near, far := net.Pipe()
		line := newLineConn(near, Line{BitErrors: 1e-3, Seed: seed})
		defer line.Close()
		go func() {
			far.Write(make([]byte, 100_000))
			far.Close()
		}()
		got, _ := io.ReadAll(line)
		for _, b := range got {
			for ; b != 0; b &= b - 1 {
				wrong++
			}
		}
		if len(got) != 100_000 {
			t.Fatalf("%d octets arrived", len(got))
		}
		return wrong, sha256.Sum256(got)
	}
	n, first := run(1)
	if n < 600 || n > 1000 {
		t.Errorf("%d bits of 800,000 are wrong, want about 800", n)
	}
	if _, again := run(1); again != first {
		t.Error("the same seed gives other errors")
	}
	if _, other := run(2); other == first {
		t.Error("another seed gives the same errors")
	}
}

func TestDropAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := NewExchange()
		x.Set("1", Number{Party: Echo(), Line: Line{DropAfter: 9}})
		c, m := newComputer(t, x, Config{NoEcho: true})
		c.send("ATDT1\r")
		c.expect("CONNECT 33600\r\n")
		c.send("1234")
		c.expect("1234")
		c.send("56")
		c.expect("\r\nNO CARRIER\r\n")
		m.Close()
		x.Close()
	})
}

func open(t *testing.T, path string) *os.File {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func expectFile(t *testing.T, f *os.File, want string) {
	t.Helper()
	var got []byte
	buf := make([]byte, 256)
	f.SetReadDeadline(time.Now().Add(20 * time.Second))
	for !bytes.HasSuffix(got, []byte(want)) {
		n, err := f.Read(buf)
		if err != nil {
			t.Fatalf("%v after %q, want %q", err, got, want)
		}
		got = append(got, buf[:n]...)
	}
}

// Closing the port hangs up, and the modem goes on when it is opened again.
func TestPTYClosed(t *testing.T) {
	x := NewExchange()
	defer x.Close()
	x.Set("1", Number{Party: Echo()})
	m, err := New(x, Config{Chunk: 3})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	for i := 1; i <= 3; i++ {
		f := open(t, m.Path())
		io.WriteString(f, "ATE0\r")
		expectFile(t, f, "\r\nOK\r\n")
		io.WriteString(f, "ATDT1\r")
		expectFile(t, f, "\r\nCONNECT 33600\r\n")
		io.WriteString(f, "some data")
		expectFile(t, f, "some data")
		f.Close()
		if err := m.WaitHangUps(ctx, i); err != nil {
			t.Fatalf("call %d was not hung up: %v", i, err)
		}
	}
	if x.Calls() != 0 {
		t.Errorf("%d calls are still up", x.Calls())
	}
}

func TestOnlineAtStart(t *testing.T) {
	x := NewExchange()
	defer x.Close()
	m, err := New(x, Config{Online: Echo(), NoGuard: true})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	f := open(t, m.Path())
	defer f.Close()
	io.WriteString(f, "AT\r")
	expectFile(t, f, "AT\r")
	io.WriteString(f, "+++")
	expectFile(t, f, "\r\nOK\r\n")
	io.WriteString(f, "ATH\r")
	expectFile(t, f, "OK\r\n")
	if m.Mode() != Command {
		t.Errorf("mode %v", m.Mode())
	}
}

// deaf is a port that takes everything.
type deaf struct{ io.Writer }

func (deaf) Read([]byte) (int, error)         { return 0, io.EOF }
func (deaf) Close() error                     { return nil }
func (deaf) SetReadDeadline(time.Time) error  { return nil }
func (deaf) SetWriteDeadline(time.Time) error { return nil }

func FuzzInput(f *testing.F) {
	f.Add([]byte("ATE0V1&C1\rAT S7=5S7?;+FCLASS=?\rA/AT+VCID=1;\x08\rATD1;2\r"))
	f.Add([]byte("\xff\xfe\xbf AT&\rAT&F\rAT\\\rATS=\rATS999999?\r"))
	f.Fuzz(func(t *testing.T, b []byte) {
		x := NewExchange()
		m := start(x, Config{}, deaf{io.Discard}, "")
		m.wg.Wait() // its port is at an end; now it is all ours
		m.input(b)
		m.Close()
		x.Close()
	})
}
