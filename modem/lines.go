package modem

import "golang.org/x/sys/unix"

// lines are the modem control lines of a port, as bits TIOCM_x.
type lines interface {
	get() (bits int, err error)
	set(bit int, on bool) error
}

// fdLines asks the driver. Ptys and some USB adapters refuse.
type fdLines int

func (fd fdLines) get() (int, error) { return unix.IoctlGetInt(int(fd), unix.TIOCMGET) }

func (fd fdLines) set(bit int, on bool) error {
	op := uint(unix.TIOCMBIC)
	if on {
		op = unix.TIOCMBIS
	}
	return unix.IoctlSetPointerInt(int(fd), op, bit)
}

// state is the state of one line.
type state uint8

const (
	stateUnknown state = iota // the port has no such line
	stateOff
	stateOn
)

// line gives the state of the line with the bit TIOCM_x.
func (p *port) line(bit int) state {
	if p.lines == nil {
		return stateUnknown
	}
	bits, err := p.lines.get()
	switch {
	case err != nil:
		return stateUnknown
	case bits&bit != 0:
		return stateOn
	}
	return stateOff
}

// carrier is carrier detect (DCD).
func (p *port) carrier() state { return p.line(unix.TIOCM_CD) }

// setDTR raises or drops DTR; false where the port has none.
func (p *port) setDTR(on bool) bool {
	return p.lines != nil && p.lines.set(unix.TIOCM_DTR, on) == nil
}

// inputs are the lines that the modem drives.
func (p *port) inputs() []Signal {
	if p.lines == nil {
		return nil
	}
	return []Signal{
		{"DCD", p.line(unix.TIOCM_CD) == stateOn},
		{"DSR", p.line(unix.TIOCM_DSR) == stateOn},
		{"CTS", p.line(unix.TIOCM_CTS) == stateOn},
		{"RI", p.line(unix.TIOCM_RI) == stateOn},
	}
}
