package modem

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"time"

	"dun/dialup"
	"dun/dialup/cause"
	"dun/modem/at"
)

// dialogue runs one job of an AT machine over the port, in the caller's
// goroutine, and returns the event that ended it: at.Connected, or at.Closed
// with cause.None. Any other end is a *cause.Error. Cancelling ctx ends the
// job in order, which may take a few seconds while a call is being set up.
type dialogue struct {
	cfg    *Config
	port   *port
	report func(dialup.Step) // may be nil
	hear   func(at.Event)    // may be nil; sees every event
}

// writeTimeout is how long a command may wait for CTS.
const writeTimeout = 3 * time.Second

func (d *dialogue) run(ctx context.Context, job at.Job) (at.Event, error) {
	m := at.New(d.cfg.Profile)
	if err := m.Open(time.Now(), job); err != nil {
		return nil, err
	}
	f, err := d.port.file()
	if err != nil {
		return nil, err
	}
	defer f.Close()
	// A deadline in the past wakes the Read below.
	defer context.AfterFunc(ctx, func() { f.SetReadDeadline(time.Unix(1, 0)) })()

	buf := make([]byte, 512)
	for cancelled := false; ; {
		if err := d.send(f, m); err != nil {
			return nil, err
		}
		if end, err := d.events(m); end != nil || err != nil {
			return end, err
		}
		deadline, _ := m.PollTimeout() // the zero time is no deadline
		if err := f.SetReadDeadline(deadline); err != nil {
			return nil, cause.Wrap(cause.PortFault, err, "%s", d.cfg.Port)
		}
		// Looked at behind SetReadDeadline, which may have undone the waking.
		if !cancelled && ctx.Err() != nil {
			cancelled = true
			m.Close(time.Now(), cancelCause(ctx))
			continue
		}
		n, err := f.Read(buf)
		now := time.Now()
		switch {
		case n > 0:
			m.Input(now, buf[:n])
		case errors.Is(err, os.ErrDeadlineExceeded):
		case err == nil || errors.Is(err, io.EOF):
			return nil, cause.New(cause.PortFault, "%s was hung up", d.cfg.Port)
		default:
			return nil, cause.Wrap(cause.PortFault, err, "%s", d.cfg.Port)
		}
		m.HandleTimeout(now)
	}
}

// send writes what the machine has to say.
func (d *dialogue) send(f *os.File, m *at.Machine) error {
	var buf [256]byte
	for {
		n, ok := m.PollTransmit(buf[:])
		if !ok {
			return nil
		}
		d.cfg.Trace(true, strings.TrimSuffix(string(buf[:n]), "\r"))
		f.SetWriteDeadline(time.Now().Add(writeTimeout))
		if _, err := f.Write(buf[:n]); errors.Is(err, os.ErrDeadlineExceeded) {
			return cause.New(cause.ModemSilent, "%s takes nothing: CTS is off", d.cfg.Port)
		} else if err != nil {
			return cause.Wrap(cause.PortFault, err, "%s", d.cfg.Port)
		}
	}
}

// events takes the machine's events and returns the last, if it has come.
func (d *dialogue) events(m *at.Machine) (at.Event, error) {
	for {
		e, ok := m.PollEvent()
		if !ok {
			return nil, nil
		}
		if d.hear != nil {
			d.hear(e)
		}
		switch e := e.(type) {
		case at.Line:
			d.cfg.Trace(false, e.Text)
		case at.Step:
			d.step(e)
		case at.Connected:
			if d.report != nil {
				d.report(dialup.Step{Name: "connect", Text: e.Text})
			}
			return e, nil
		case at.Closed:
			if e.Cause != cause.None {
				return nil, &cause.Error{Cause: e.Cause, Detail: e.Detail}
			}
			return e, nil
		}
	}
}

// step reports a step under the names of dialup.Step.
func (d *dialogue) step(s at.Step) {
	if d.report == nil {
		return
	}
	switch s.Name {
	case "sync", "escape":
		s.Name = "init"
	}
	d.report(dialup.Step{Name: s.Name, Text: s.Text})
}

// cancelCause is what ctx was cancelled with: the cause that was given to it,
// or Cancelled.
func cancelCause(ctx context.Context) cause.Cause {
	if c := cause.Of(context.Cause(ctx)); c != cause.Internal {
		return c
	}
	return cause.Cancelled
}
