package modemtest

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Config says what kind of modem it is; the zero Config is an ordinary one.
type Config struct {
	Number string // its own number, for who it calls; register it in the exchange with Exchange.Set and Modem.Party

	Second       time.Duration // how long a second of the S registers takes, 1 s
	RingInterval time.Duration // between two RINGs, 2 s
	NoGuard      bool          // as S12=0: "+++" is an escape without silence around it
	NoEcho       bool          // starts with E0
	Numeric      bool          // starts with V0
	CallerID     bool          // tells the caller's number behind the first RING
	Ident        []string      // ATI0, ATI1, ...

	// Faults.
	Silent    bool     // takes everything and says nothing
	StuckEcho bool     // ATE0 does not end the echo
	Refuse    []string // commands (parts of a line, "&K3") that are answered with ERROR
	Chunk     int      // says everything in pieces of so many octets
	Chatter   []string // lines that are said before every result
	NoText    bool     // a lost carrier is not told by NO CARRIER
	Online    Party    // is connected to this already, as a call nobody hung up
}

// Mode is what a modem is doing.
type Mode uint8

const (
	Command       Mode = iota // on hook
	Dialing                   // ATD or ATA was given
	Online                    // octets are data
	OnlineCommand             // after the escape sequence
)

var modeNames = [...]string{"command", "dialing", "online", "online command"}

func (m Mode) String() string { return modeNames[m] }

// port is the serial port as the modem sees it.
type port interface {
	io.ReadWriteCloser
	SetReadDeadline(time.Time) error
	SetWriteDeadline(time.Time) error
}

// Modem is a Hayes modem. It is safe for concurrent use.
type Modem struct {
	cfg  Config
	x    *Exchange
	port port
	path string

	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup

	writing sync.Mutex // what is said is not torn apart; taken before mu

	mu       sync.Mutex
	changed  chan struct{} // closed and made anew at every change
	mode     Mode
	set      settings
	call     *call
	giveUp   context.CancelFunc // of the call being set up
	ringing  *incoming
	commands []string
	hangUps  int

	// Of the goroutine that reads the port.
	line   []byte // a command as far as it has come
	last   string // for A/
	dialed string // the parts of a number that ended with ";"
	escape escape
	online *call // whose data escape watches
}

// call is a call that is up.
type call struct{ conn io.ReadWriteCloser }

// New makes a modem on a new pty, connected to x, and starts it.
func New(x *Exchange, cfg Config) (*Modem, error) {
	master, path, err := openPTY()
	if err != nil {
		return nil, err
	}
	return start(x, cfg, master, path), nil
}

// NewOver makes a modem at the other end of conn instead of a pty.
func NewOver(x *Exchange, cfg Config, conn net.Conn) *Modem { return start(x, cfg, conn, "") }

func start(x *Exchange, cfg Config, p port, path string) *Modem {
	if cfg.Second == 0 {
		cfg.Second = time.Second
	}
	if cfg.RingInterval == 0 {
		cfg.RingInterval = 2 * time.Second
	}
	if cfg.Ident == nil {
		cfg.Ident = []string{"33600", "255", "OK", "dunlab modem V1.0"}
	}
	m := &Modem{cfg: cfg, x: x, port: p, path: path, changed: make(chan struct{})}
	m.ctx, m.cancel = context.WithCancel(context.Background())
	m.set = defaults(cfg)
	if cfg.Online != nil {
		if conn, err := cfg.Online(m.ctx, &Call{exchange: x}); err == nil {
			m.connected(conn)
		}
	}
	m.wg.Add(1)
	go m.run()
	return m
}

// Path is the pty's slave: what a program opens as its serial port.
func (m *Modem) Path() string { return m.path }

// Mode is what the modem is doing.
func (m *Modem) Mode() Mode {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.mode
}

// Wait waits until the modem is in mode.
func (m *Modem) Wait(ctx context.Context, mode Mode) error {
	return m.wait(ctx, func() bool { return m.mode == mode })
}

// WaitHangUps waits until n calls have ended on the modem's side.
func (m *Modem) WaitHangUps(ctx context.Context, n int) error {
	return m.wait(ctx, func() bool { return m.hangUps >= n })
}

// WaitCommand waits until the last command line is line.
func (m *Modem) WaitCommand(ctx context.Context, line string) error {
	return m.wait(ctx, func() bool { return len(m.commands) > 0 && m.commands[len(m.commands)-1] == line })
}

func (m *Modem) wait(ctx context.Context, ok func() bool) error {
	for {
		m.mu.Lock()
		done, changed := ok(), m.changed
		m.mu.Unlock()
		if done {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Commands are the command lines that the modem has been given.
func (m *Modem) Commands() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.commands)
}

// Close takes the modem away: its port is hung up and its call cut.
func (m *Modem) Close() {
	m.cancel()
	m.hangUp()
	m.port.Close()
	m.wg.Wait()
}

// enter changes the mode, under mu.
func (m *Modem) enter(mode Mode) {
	m.mode = mode
	m.notify()
}

// notify lets who waits look again, under mu.
func (m *Modem) notify() {
	close(m.changed)
	m.changed = make(chan struct{})
}

// run reads the port until it is closed.
func (m *Modem) run() {
	defer m.wg.Done()
	buf := make([]byte, 1024)
	for m.ctx.Err() == nil {
		m.port.SetReadDeadline(m.escape.deadline)
		n, err := m.port.Read(buf)
		if n > 0 {
			m.input(buf[:n])
		}
		switch {
		case err == nil:
		case errors.Is(err, os.ErrDeadlineExceeded):
			m.escaped()
		case errors.Is(err, unix.EIO):
			// Nobody has the slave open: DTR has fallen. The kernel gives
			// no sign of the next opening, so look again.
			m.portClosed()
			if sleep(m.ctx, 10*time.Millisecond) != nil {
				return
			}
		default:
			m.portClosed()
			return
		}
	}
}

// portClosed is the fall of DTR, which &D2 takes for an order to hang up.
func (m *Modem) portClosed() {
	m.line, m.dialed, m.escape = nil, "", escape{}
	m.mu.Lock()
	obey := m.set.dtr != 0 && m.mode != Command
	m.mu.Unlock()
	if obey {
		m.hangUp()
	}
}

// input takes what the computer sent.
func (m *Modem) input(b []byte) {
	for len(b) > 0 {
		m.mu.Lock()
		mode, c := m.mode, m.call
		m.mu.Unlock()
		switch mode {
		case Online:
			if m.online != c {
				m.online, m.escape = c, escape{}
			}
			m.escape.input(time.Now(), b, m.guard())
			c.conn.Write(b) // an error is a lost carrier, which the other goroutine sees
			if m.escape.now {
				m.escaped()
			}
			return
		case Dialing:
			// Any character breaks off (V.250 section 5.6.1).
			m.mu.Lock()
			if m.giveUp != nil {
				m.giveUp()
			}
			m.mu.Unlock()
			if m.wait(m.ctx, func() bool { return m.mode != Dialing }) != nil {
				return
			}
			b = nil
		default:
			b = m.typed(b)
		}
	}
}

// typed takes characters of a command line, and what is left of b behind it.
func (m *Modem) typed(b []byte) (rest []byte) {
	var echo []byte
	flush := func() {
		m.mu.Lock()
		on := m.set.echo || m.cfg.StuckEcho
		m.mu.Unlock()
		if on && len(echo) > 0 {
			m.say(string(echo))
		}
		echo = nil
	}
	for i, c := range b {
		echo = append(echo, c)
		switch {
		case c == '\r':
			flush()
			line := string(m.line)
			m.line = m.line[:0]
			m.execute(line)
			return b[i+1:]
		case c == 8 || c == 127:
			m.line = m.line[:max(0, len(m.line)-1)]
		case c == '/' && len(m.line) == 1 && (m.line[0] == 'A' || m.line[0] == 'a'):
			flush()
			m.line = m.line[:0]
			m.execute(m.last)
			return b[i+1:]
		case c >= ' ' && c < 127 && len(m.line) < 256:
			m.line = append(m.line, c)
		}
	}
	flush()
	return nil
}

// say writes s to the port, in pieces if the modem is of that kind. What
// nobody takes for a while is lost.
func (m *Modem) say(s string) {
	m.writing.Lock()
	defer m.writing.Unlock()
	m.write([]byte(s))
}

// write is say with writing held.
func (m *Modem) write(b []byte) {
	if m.cfg.Silent {
		return
	}
	m.port.SetWriteDeadline(time.Now().Add(2 * time.Second))
	defer m.port.SetWriteDeadline(time.Time{})
	for len(b) > 0 {
		n := len(b)
		if m.cfg.Chunk > 0 {
			n = min(n, m.cfg.Chunk)
		}
		if _, err := m.port.Write(b[:n]); err != nil {
			return
		}
		if b = b[n:]; len(b) > 0 && sleep(m.ctx, 2*time.Millisecond) != nil {
			return
		}
	}
}
