package modem

import (
	"testing"

	"golang.org/x/sys/unix"

	"dun/dialup/cause"
	"dun/modem/modemtest"
)

// handset are control lines that a test drives.
type handset struct{ bits int }

func (h *handset) get() (int, error) { return h.bits, nil }

func (h *handset) set(bit int, on bool) error {
	h.bits &^= bit
	if on {
		h.bits |= bit
	}
	return nil
}

// TestTerminal: a port for a person is ours alone, tells whether somebody is
// there, drops DTR at its end, and is left as it was.
func TestTerminal(t *testing.T) {
	_, cfg := newModem(t, newExchange(t), modemtest.Config{})
	fd, err := unix.Open(cfg.Port, unix.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	before, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	term, err := OpenTerminal(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := OpenTerminal(cfg); cause.Of(err) != cause.PortBusy {
		t.Errorf("a second one: %v", err)
	}
	got, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	if got.Iflag&unix.IXON == 0 || got.Iflag&unix.IXANY == 0 || got.Iflag&(unix.IGNBRK|unix.BRKINT|unix.PARMRK) != 0 || got.Lflag != 0 {
		t.Errorf("settings %+v", got)
	}
	if _, known := term.Connected(); known {
		t.Error("a pty knows of a carrier")
	}
	lines := &handset{}
	term.port.lines = lines
	term.port.setDTR(true)
	for _, bits := range []int{0, unix.TIOCM_CD} {
		lines.bits = lines.bits&^unix.TIOCM_CD | bits
		if on, known := term.Connected(); !known || on != (bits != 0) {
			t.Errorf("with the lines %#x it is %v, %v", lines.bits, on, known)
		}
	}
	ended := make(chan error)
	go func() {
		_, err := term.Read(make([]byte, 1))
		ended <- err
	}()
	term.Close()
	if err := <-ended; err == nil {
		t.Error("a reader read on")
	}
	if lines.bits&unix.TIOCM_DTR != 0 {
		t.Error("DTR is up")
	}
	if after, err := unix.IoctlGetTermios(fd, unix.TCGETS); err != nil || *after != *before {
		t.Errorf("left as\n%+v, %v, was\n%+v", after, err, before)
	}
	wantUnlocked(t, cfg)
}
