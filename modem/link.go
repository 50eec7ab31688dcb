package modem

import (
	"context"
	"sync"
	"time"

	"dun/dialup"
	"dun/dialup/cause"
	"dun/dialup/path"
	"dun/modem/at"
)

// link is a call that is up.
type link struct {
	cfg     *Config
	port    *port
	info    dialup.LinkInfo
	wire    *wire
	release func() // called when the port was closed, may be nil

	once sync.Once
	done chan struct{}
	err  error // of hanging up
}

func (l *link) Info() dialup.LinkInfo { return l.info }
func (l *link) Wire() path.Wire       { return l.wire }

// Done is closed by Close only: all that a lost carrier shows on a serial port
// is seen by the wire.
func (l *link) Done() <-chan struct{} { return l.done }

// Err is nil: see Done.
func (l *link) Err() error { return nil }

// Close hangs up and closes the port. It fails where the modem did not answer;
// the port is put back as it was, closed and unlocked in any case.
func (l *link) Close(ctx context.Context, c cause.Cause) error {
	l.once.Do(func() {
		defer close(l.done)
		l.err = l.hangUp(ctx)
		l.port.close()
		if l.release != nil {
			l.release()
		}
	})
	return l.err
}

// hangUp ends the call, if there still is one, by the means of the Config.
func (l *link) hangUp(ctx context.Context) error {
	lost := false
	if l.wire != nil {
		if l.wire.dead {
			return nil // the port is gone, and the modem with it
		}
		lost = l.wire.lost()
	}
	if !l.drain(ctx) {
		l.port.flush() // the guard time begins when nothing is left to send
	}
	if l.cfg.HangUp != HangUpEscape {
		dropped, gone := l.dropDTR(ctx)
		if gone || l.cfg.HangUp == HangUpDTR {
			return nil
		}
		lost = lost || dropped
	}
	// A modem that dropped the carrier, or obeyed DTR, answers ATH at once.
	talk := dialogue{cfg: l.cfg, port: l.port}
	_, err := talk.run(ctx, at.HangUp{Online: !lost})
	return err
}

// drain lets what was sent last, a Terminate-Ack, go out; false when the line
// is too slow for that.
func (l *link) drain(ctx context.Context) bool {
	if l.wire != nil {
		l.wire.flushOut()
	}
	for i := 0; i < 25 && l.port.queued() > 0; i++ {
		if pause(ctx, 20*time.Millisecond) != nil {
			return false
		}
	}
	return l.port.queued() == 0
}

// dropDTR hangs up by DTR. dropped says that the port has a DTR, gone that
// carrier detect has shown that the call is over.
func (l *link) dropDTR(ctx context.Context) (dropped, gone bool) {
	before := l.port.carrier()
	if !l.port.setDTR(false) {
		return false, false
	}
	pause(ctx, l.cfg.DTRTime)
	gone = before == stateOn && l.port.carrier() == stateOff
	l.port.setDTR(true)
	return true, gone
}
