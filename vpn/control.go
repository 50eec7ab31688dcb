package vpn

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/netip"
	"sync"
	"time"

	"dun/dialup/cause"
	"dun/vpn/pptp"
)

// writeTime is how long a peer may take to read what it is sent.
const writeTime = 10 * time.Second

// stream is the TCP connection below: a *sock.Conn, or one in memory.
type stream interface {
	io.ReadWriteCloser
	SetWriteDeadline(t time.Time) error
	LocalAddr() netip.AddrPort
	RemoteAddr() netip.AddrPort
}

// control drives one PPTP control connection: a pptp.Conn over a TCP socket.
// The engine belongs to the goroutine in run; others reach it by do. A second
// goroutine reads the socket, since a read blocks.
type control struct {
	conn     stream
	engine   *pptp.Conn
	rx, tx   tracer
	commands chan func(now time.Time)
	ended    chan struct{} // closed when run has returned
	out      [1024]byte

	// alarm, where there is one, calls alarmed in run's goroutine.
	alarm   *time.Timer
	alarmed func(now time.Time)
}

func newControl(conn stream, cfg pptp.Config, trace func(ControlMessage)) (*control, error) {
	engine, err := pptp.New(cfg)
	if err != nil {
		return nil, cause.Wrap(cause.BadConfig, err, "")
	}
	local, remote := conn.LocalAddr(), conn.RemoteAddr()
	return &control{
		conn: conn, engine: engine,
		rx:       tracer{to: trace, message: ControlMessage{From: remote, To: local}},
		tx:       tracer{to: trace, message: ControlMessage{Sent: true, From: local, To: remote}},
		commands: make(chan func(now time.Time)),
		ended:    make(chan struct{}),
	}, nil
}

// do runs f in run's goroutine and waits for it; false when that has ended, or
// when ctx is done before f has begun. Never call it from run's goroutine.
func (c *control) do(ctx context.Context, f func(now time.Time)) bool {
	ran := make(chan struct{})
	select {
	case c.commands <- func(now time.Time) { f(now); close(ran) }:
		<-ran
		return true
	case <-c.ended:
	case <-ctx.Done():
	}
	return false
}

// run drives the engine until it is closed; handle is told every event, in
// this goroutine. It closes the socket and joins the reader before it returns.
func (c *control) run(handle func(now time.Time, ev pptp.Event)) {
	defer close(c.ended)
	received := make(chan []byte)
	lost := make(chan error, 1)
	quit := make(chan struct{})
	var reader sync.WaitGroup
	reader.Go(func() { c.read(received, lost, quit) })
	defer reader.Wait()
	defer close(quit)
	defer c.conn.Close()

	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	var alarm <-chan time.Time
	if c.alarm != nil {
		alarm = c.alarm.C
		defer c.alarm.Stop()
	}
	c.engine.Open(time.Now())
	for c.drain(handle) {
		timer.Reset(c.untilTimeout())
		select {
		case b := <-received:
			c.rx.bytes(b)
			c.engine.Input(time.Now(), b)
		case err := <-lost:
			c.engine.LinkDown(time.Now(), cause.ControlLost, lostText(err))
		case f := <-c.commands:
			f(time.Now())
		case <-alarm:
			c.alarmed(time.Now())
		case <-timer.C:
			c.engine.HandleTimeout(time.Now())
		}
	}
}

// read hands over what the socket gives; each piece is a copy of its own.
func (c *control) read(received chan<- []byte, lost chan<- error, quit <-chan struct{}) {
	buf := make([]byte, 4096)
	for {
		n, err := c.conn.Read(buf)
		if n > 0 {
			select {
			case received <- bytes.Clone(buf[:n]):
			case <-quit:
				return
			}
		}
		if err != nil {
			lost <- err
			return
		}
	}
}

// drain writes what the engine has to say, then tells what happened; false
// when the engine is closed.
func (c *control) drain(handle func(now time.Time, ev pptp.Event)) bool {
	for {
		c.transmit()
		ev, ok := c.engine.PollEvent()
		if !ok {
			return true
		}
		handle(time.Now(), ev)
		if _, closed := ev.(pptp.Closed); closed {
			c.transmit()
			return false
		}
	}
}

// transmit writes what the engine has to say.
func (c *control) transmit() {
	for {
		n, ok := c.engine.PollTransmit(c.out[:])
		if !ok {
			return
		}
		c.tx.bytes(c.out[:n])
		c.conn.SetWriteDeadline(time.Now().Add(writeTime))
		if _, err := c.conn.Write(c.out[:n]); err != nil {
			c.engine.LinkDown(time.Now(), cause.ControlLost, lostText(err))
			return
		}
	}
}

func (c *control) untilTimeout() time.Duration {
	if t, ok := c.engine.PollTimeout(); ok {
		return max(time.Until(t), 0)
	}
	return time.Hour
}

func lostText(err error) string {
	if errors.Is(err, io.EOF) {
		return "the peer closed the TCP connection"
	}
	return innermost(err).Error()
}
