package modem

import (
	"os"
	"time"

	"golang.org/x/sys/unix"

	"dun/dialup/cause"
)

// Terminal is a serial port with a person at its other end and no modem. It is
// opened, locked and let go as ports of modems are. A break reads as the octet
// 0; XOFF stops the output and any key lets it go on, so that an XOFF that was
// noise stops nothing for good.
type Terminal struct {
	port *port
	file *os.File
}

// OpenTerminal opens the port of cfg, of which only Port, Speed, Flow and
// LockDir count.
func OpenTerminal(cfg Config) (*Terminal, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	p, err := openPort(&cfg)
	if err != nil {
		return nil, err
	}
	t := &Terminal{port: p}
	if err := t.prepare(cfg.Port); err != nil {
		p.close()
		return nil, err
	}
	return t, nil
}

func (t *Terminal) prepare(name string) error {
	settings, err := unix.IoctlGetTermios(t.port.fd, unix.TCGETS)
	if err == nil {
		settings.Iflag |= unix.IXON | unix.IXANY
		err = unix.IoctlSetTermios(t.port.fd, unix.TCSETS, settings)
	}
	if err != nil {
		return cause.Wrap(cause.PortFault, err, "%s: settings", name)
	}
	t.file, err = t.port.file()
	return err
}

// Read waits for input; Close ends it.
func (t *Terminal) Read(b []byte) (int, error) { return t.file.Read(b) }

// outputTime is how long the other end may keep us from writing: longer than
// anybody reads a screen that he has stopped.
const outputTime = 10 * time.Minute

func (t *Terminal) Write(b []byte) (int, error) {
	t.file.SetWriteDeadline(time.Now().Add(outputTime))
	return t.file.Write(b)
}

// Connected reports whether somebody is at the other end, as far as the port
// can tell: known is false on ports and cables that cannot.
func (t *Terminal) Connected() (on, known bool) {
	switch t.port.carrier() {
	case stateOn:
		return true, true
	case stateOff:
		return false, true
	}
	return false, false
}

const (
	drainTime  = time.Second // for the last words
	drainCheck = 10 * time.Millisecond
)

// Close sends what is left, drops DTR and lets the port go.
func (t *Terminal) Close() {
	for end := time.Now().Add(drainTime); t.port.queued() > 0 && time.Now().Before(end); {
		time.Sleep(drainCheck)
	}
	t.port.setDTR(false)
	t.port.close()
	t.file.Close()
}
