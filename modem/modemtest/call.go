package modemtest

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"time"
)

// incoming is a call that rings.
type incoming struct {
	call  *Call
	taken chan io.ReadWriteCloser // the caller's end, when it was answered
	rings int
}

// Party is the modem as somebody who can be called: it rings until its
// computer says ATA, or as often as S0 says.
func (m *Modem) Party() Party {
	return func(ctx context.Context, c *Call) (io.ReadWriteCloser, error) {
		in := &incoming{call: c, taken: make(chan io.ReadWriteCloser, 1)}
		m.mu.Lock()
		if m.mode != Command || m.ringing != nil || m.ctx.Err() != nil {
			m.mu.Unlock()
			return nil, ErrBusy
		}
		m.ringing = in
		m.mu.Unlock()
		for {
			m.ring(in)
			t := time.NewTimer(m.cfg.RingInterval)
			select {
			case conn := <-in.taken:
				t.Stop()
				return conn, nil
			case <-t.C:
				continue
			case <-ctx.Done():
			case <-m.ctx.Done():
			}
			t.Stop()
			m.mu.Lock()
			defer m.mu.Unlock()
			if m.ringing == in {
				m.ringing = nil
				return nil, ErrNoAnswer
			}
			// It was answered at the last moment: the carrier is lost again.
			(<-in.taken).Close()
			return nil, ErrNoAnswer
		}
	}
}

func (m *Modem) ring(in *incoming) {
	m.mu.Lock()
	in.rings++
	first, auto := in.rings == 1, m.set.s[0] > 0 && in.rings >= m.set.s[0]
	m.mu.Unlock()
	m.result("RING")
	if first && m.cfg.CallerID && in.call.From != "" {
		m.info("NMBR = " + in.call.From)
	}
	if auto {
		m.answer()
	}
}

// answer takes the call that rings.
func (m *Modem) answer() {
	m.mu.Lock()
	in := m.ringing
	m.ringing = nil
	if in == nil || m.mode != Command {
		m.mu.Unlock()
		m.result("NO CARRIER")
		return
	}
	near, far := net.Pipe()
	c := &call{near}
	m.call = c
	m.mu.Unlock()
	in.taken <- far
	m.goOnline(c, in.call.Connect)
}

// dial calls number, in a goroutine of its own so that it can be broken off.
func (m *Modem) dial(number string) {
	m.mu.Lock()
	ctx, cancel := context.WithTimeout(m.ctx, time.Duration(m.set.s[7])*m.cfg.Second)
	m.giveUp = cancel
	m.enter(Dialing)
	m.mu.Unlock()
	m.wg.Add(1)
	go func() {
		defer m.wg.Done()
		defer cancel()
		conn, connect, err := m.x.call(ctx, m.cfg.Number, number)
		broken := errors.Is(ctx.Err(), context.Canceled)
		if err == nil && broken {
			conn.Close()
		}
		if err != nil || broken {
			if broken {
				err = ErrNoCarrier
			}
			m.failed(m.failure(err))
			return
		}
		c := &call{conn}
		m.mu.Lock()
		m.call = c
		m.mu.Unlock()
		m.goOnline(c, connect)
	}()
}

// failed ends dialing. The result is said before anything is answered that
// the computer sends next.
func (m *Modem) failed(result string) {
	m.writing.Lock()
	defer m.writing.Unlock()
	m.mu.Lock()
	text := m.resultText(result)
	m.enter(Command)
	m.mu.Unlock()
	m.write([]byte(text))
}

// failure is the result for a call that failed, as the X command lets it be
// told (V.250 section 6.3.3).
func (m *Modem) failure(err error) string {
	m.mu.Lock()
	x := m.set.x
	m.mu.Unlock()
	switch {
	case errors.Is(err, ErrBusy) && x >= 3:
		return "BUSY"
	case errors.Is(err, ErrNoDialTone) && (x == 2 || x == 4):
		return "NO DIALTONE"
	case errors.Is(err, ErrNoAnswer):
		return "NO ANSWER"
	}
	return "NO CARRIER"
}

// goOnline says CONNECT and begins to carry data. What the other side sends
// comes behind the CONNECT, never before.
func (m *Modem) goOnline(c *call, connect string) {
	m.writing.Lock()
	m.mu.Lock()
	if m.call != c { // hung up meanwhile
		m.mu.Unlock()
		m.writing.Unlock()
		return
	}
	if m.set.x == 0 && strings.HasPrefix(connect, "CONNECT") {
		connect = "CONNECT"
	}
	text := m.set.format(connect)
	m.enter(Online)
	m.mu.Unlock()
	m.write([]byte(text))
	m.writing.Unlock()
	m.wg.Add(1)
	go m.receive(c)
}

// connected is goOnline without a word, for Config.Online.
func (m *Modem) connected(conn io.ReadWriteCloser) {
	c := &call{conn}
	m.call, m.mode = c, Online
	m.wg.Add(1)
	go m.receive(c)
}

// receive carries data from the line to the computer until the carrier is
// lost. A computer that does not read stops the line.
func (m *Modem) receive(c *call) {
	defer m.wg.Done()
	buf := make([]byte, 1024)
	for {
		n, err := c.conn.Read(buf)
		for sent := 0; sent < n && m.current(c); {
			k, werr := m.pass(c, buf[sent:n])
			sent += k
			if werr != nil && !isTimeout(werr) {
				break
			}
		}
		if err != nil {
			break
		}
	}
	c.conn.Close()
	m.mu.Lock()
	lost := m.call == c
	if lost {
		m.call = nil
		m.hangUps++
		m.enter(Command)
	}
	m.mu.Unlock()
	if lost && !m.cfg.NoText {
		m.result("NO CARRIER")
	}
}

// pass writes data to the computer for a while; in online command state it is
// thrown away.
func (m *Modem) pass(c *call, b []byte) (int, error) {
	m.writing.Lock()
	defer m.writing.Unlock()
	m.mu.Lock()
	online := m.call == c && m.mode == Online
	m.mu.Unlock()
	if !online {
		return len(b), nil
	}
	m.port.SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
	defer m.port.SetWriteDeadline(time.Time{})
	return m.port.Write(b)
}

func (m *Modem) current(c *call) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.call == c
}

// hangUp ends the call, or the attempt at one, without a word.
func (m *Modem) hangUp() {
	m.mu.Lock()
	if m.giveUp != nil {
		m.giveUp()
		m.giveUp = nil
	}
	c := m.call
	m.call = nil
	if c != nil {
		c.conn.Close()
		m.hangUps++
		m.enter(Command)
	}
	m.mu.Unlock()
}

func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}
