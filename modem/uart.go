package modem

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// uart is what the port's driver counts: struct serial_icounter_struct.
type uart struct {
	cts, dsr, rng, dcd            int32
	rx, tx                        int32
	frame, overrun, parity, brake int32
	bufOverrun                    int32
	_                             [9]int32
}

// uart asks the driver; all is 0 where it does not count.
func (p *port) uart() (u uart) {
	if _, _, errno := unix.RawSyscall(unix.SYS_IOCTL, uintptr(p.fd), unix.TIOCGICOUNT, uintptr(unsafe.Pointer(&u))); errno != 0 {
		return uart{}
	}
	return u
}

// counters adds what the driver counted since before: octets that were lost or
// damaged, for each of which a frame has a bad FCS.
func (u uart) counters(before uart, add func(name string, n uint64)) {
	tell := func(name string, n int32) {
		if n > 0 { // else the port is closed, or was another one
			add(name, uint64(n))
		}
	}
	tell("port-overruns", u.overrun-before.overrun)
	tell("port-buffer-overruns", u.bufOverrun-before.bufOverrun)
	tell("port-framing-errors", u.frame-before.frame)
	tell("port-parity-errors", u.parity-before.parity)
	tell("port-breaks", u.brake-before.brake)
}
