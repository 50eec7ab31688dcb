package modem

import (
	"errors"
	"os"
	"path/filepath"
	"unsafe"

	"github.com/tarm/serial"
	"golang.org/x/sys/unix"

	"dun/dialup/cause"
)

// port is an open serial port that is ours alone. Its descriptor is
// non-blocking; reading and writing are its user's.
type port struct {
	fd    int
	ours  bool   // it was found free, and locked
	lock  string // the lock file, "" = none
	saved *unix.Termios
	lines lines // nil where the port has none
}

// openPort opens, locks and sets the port of cfg. Errors are *cause.Error:
// PortMissing, PortBusy, NoPermission, BadConfig or PortFault.
func openPort(cfg *Config) (*port, error) {
	device := cfg.Port
	if real, err := filepath.EvalSymlinks(device); err == nil {
		device = real // so that both names of a port have one lock
	}
	fd, err := unix.Open(device, unix.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, portError(cfg.Port, err)
	}
	p := &port{fd: fd}
	if err := p.claim(cfg, device); err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

// claim makes the port ours and sets it up. The order matters: tarm/serial
// opens the port once more, which TIOCEXCL would refuse.
func (p *port) claim(cfg *Config, device string) error {
	saved, err := unix.IoctlGetTermios(p.fd, unix.TCGETS)
	if err != nil {
		return cause.Wrap(cause.PortFault, err, "%s is no serial port", cfg.Port)
	}
	lock := lockPath(cfg.LockDir, device)
	if err := unix.Flock(p.fd, unix.LOCK_EX|unix.LOCK_NB); errors.Is(err, unix.EWOULDBLOCK) {
		if owner, ok := lockOwner(lock); ok {
			return cause.New(cause.PortBusy, "%s: process %d has it", cfg.Port, owner)
		}
		return cause.New(cause.PortBusy, "%s is locked", cfg.Port)
	}
	// Root may open a port in spite of TIOCEXCL, and has to look. A pty keeps
	// it beyond its last close, so that it says nothing there.
	pty := isPTY(p.fd)
	if excl, err := unix.IoctlGetInt(p.fd, unix.TIOCGEXCL); err == nil && excl != 0 && !pty {
		return cause.New(cause.PortBusy, "%s is in exclusive use", cfg.Port)
	}
	if err := takeLock(lock); err != nil {
		return err
	}
	p.lock, p.ours = lock, true

	tarm, err := serial.OpenPort(&serial.Config{Name: device, Baud: cfg.Speed})
	if err != nil {
		if _, errno := errors.AsType[unix.Errno](err); !errno {
			return cause.Wrap(cause.BadConfig, err, "speed %d", cfg.Speed)
		}
		return portError(cfg.Port, err)
	}
	// It blocks, and its Close hangs on a pending Read; ours does all I/O.
	tarm.Close()
	p.saved = saved

	t, err := unix.IoctlGetTermios(p.fd, unix.TCGETS)
	if err != nil {
		return cause.Wrap(cause.PortFault, err, "%s", cfg.Port)
	}
	if cfg.Flow == FlowHardware {
		t.Cflag |= unix.CRTSCTS
	}
	// The last close drops DTR: a modem is hung up even if we are killed.
	t.Cflag |= unix.HUPCL
	if err := unix.IoctlSetTermios(p.fd, unix.TCSETS, t); err != nil {
		return cause.Wrap(cause.PortFault, err, "%s: settings", cfg.Port)
	}
	if !pty {
		if err := unix.IoctlSetInt(p.fd, unix.TIOCEXCL, 0); err != nil {
			return cause.Wrap(cause.PortFault, err, "%s: exclusive use", cfg.Port)
		}
	}
	p.flush() // what a modem said while nobody listened
	if _, err := fdLines(p.fd).get(); err == nil {
		p.lines = fdLines(p.fd)
	}
	p.setDTR(true)
	return nil
}

// close puts the port back as it was and lets it go; harmless when repeated.
func (p *port) close() {
	if p.fd < 0 {
		return
	}
	if p.ours {
		p.flush() // else the last close waits for a modem that takes nothing
		unix.IoctlSetInt(p.fd, unix.TIOCNXCL, 0)
	}
	if p.saved != nil {
		unix.IoctlSetTermios(p.fd, unix.TCSETS, p.saved)
	}
	if p.lock != "" {
		dropLock(p.lock)
	}
	unix.Close(p.fd)
	p.fd = -1
}

// flush throws away what waits in both directions.
func (p *port) flush() { unix.IoctlSetInt(p.fd, unix.TCFLSH, unix.TCIOFLUSH) }

// file is a second handle on the port with deadlines, for the AT dialogue;
// its user closes it.
func (p *port) file() (*os.File, error) {
	fd, err := unix.FcntlInt(uintptr(p.fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, cause.Wrap(cause.PortFault, err, "second handle")
	}
	return os.NewFile(uintptr(fd), "modem"), nil
}

// queued is how much the kernel still has to send, 0 where it does not know.
func (p *port) queued() int {
	var n int32
	// Unseen by Go's scheduler, like all that is done for a packet.
	if _, _, err := unix.RawSyscall(unix.SYS_IOCTL, uintptr(p.fd), unix.TIOCOUTQ, uintptr(unsafe.Pointer(&n))); err != 0 {
		return 0
	}
	return int(n)
}

// isPTY tells a pty's slave by its device number (Linux, devices.txt).
func isPTY(fd int) bool {
	var st unix.Stat_t
	if unix.Fstat(fd, &st) != nil {
		return false
	}
	major := unix.Major(uint64(st.Rdev))
	return major >= 136 && major <= 143
}

// portError finds the cause in an error of opening a port.
func portError(name string, err error) error {
	c := cause.PortFault
	switch {
	case errors.Is(err, unix.ENOENT), errors.Is(err, unix.ENXIO), errors.Is(err, unix.ENODEV):
		c = cause.PortMissing
	case errors.Is(err, unix.EACCES), errors.Is(err, unix.EPERM):
		c = cause.NoPermission
	case errors.Is(err, unix.EBUSY):
		c = cause.PortBusy
	}
	return cause.Wrap(c, err, "%s", name)
}
