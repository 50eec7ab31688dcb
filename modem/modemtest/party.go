package modemtest

import (
	"context"
	"io"
	"net"
)

// Party is who is called: it answers with a stream of octets, or not. It may
// take its time; ctx ends when the caller gives up before it was answered.
type Party func(ctx context.Context, c *Call) (io.ReadWriteCloser, error)

// Call is what a Party knows of a call.
type Call struct {
	From    string // the caller's number, may be empty
	Connect string // what the caller's modem will say

	exchange *Exchange
}

// Handler is a party that answers at once and talks as f does, in a goroutine
// of its own. The call ends when f returns; ctx ends when the call does.
func Handler(f func(ctx context.Context, conn io.ReadWriteCloser)) Party {
	return func(_ context.Context, c *Call) (io.ReadWriteCloser, error) {
		near, far := net.Pipe()
		ctx, cancel := context.WithCancel(c.exchange.ctx)
		started := c.exchange.spawn(func() {
			defer cancel()
			defer far.Close()
			defer context.AfterFunc(ctx, func() { far.Close() })()
			f(ctx, far)
		})
		if !started {
			cancel()
			return nil, ErrNoCarrier
		}
		return &hooked{Conn: near, hook: cancel}, nil
	}
}

// hooked calls hook when it is closed.
type hooked struct {
	net.Conn
	hook func()
}

func (h *hooked) Close() error {
	defer h.hook()
	return h.Conn.Close()
}

// Echo is a party that sends back what it hears.
func Echo() Party {
	return Handler(func(_ context.Context, conn io.ReadWriteCloser) { io.Copy(conn, conn) })
}

// Busy is a party at another call.
func Busy(context.Context, *Call) (io.ReadWriteCloser, error) { return nil, ErrBusy }

// Dead is a party that never answers: the caller's modem gives up after the
// time in its register S7.
func Dead(ctx context.Context, _ *Call) (io.ReadWriteCloser, error) {
	<-ctx.Done()
	return nil, ErrNoAnswer
}

// Person is a party without a modem.
func Person(context.Context, *Call) (io.ReadWriteCloser, error) { return nil, ErrNoCarrier }

// NoDialTone is a number that finds the caller's own line dead.
func NoDialTone(context.Context, *Call) (io.ReadWriteCloser, error) { return nil, ErrNoDialTone }
