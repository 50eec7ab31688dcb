package load

import (
	"fmt"
	"net/netip"
	"unsafe"

	"golang.org/x/sys/unix"
)

// congestion is what the transfers of package traffic use too, and for the
// same reason: machines differ in their default.
const congestion = "cubic"

// open makes a blocking IPv4 socket.
func open(typ int) (int, error) {
	fd, err := unix.Socket(unix.AF_INET, typ|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	if typ == unix.SOCK_STREAM {
		// A system without it goes on with its own.
		unix.SetsockoptString(fd, unix.IPPROTO_TCP, unix.TCP_CONGESTION, congestion)
	}
	return fd, nil
}

func address(a netip.AddrPort) *unix.SockaddrInet4 {
	return &unix.SockaddrInet4{Port: int(a.Port()), Addr: a.Addr().As4()}
}

// listen binds a socket to an address, and listens on it when it is TCP.
func listen(typ int, at netip.AddrPort) (int, error) {
	fd, err := open(typ)
	if err != nil {
		return -1, err
	}
	unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
	err = unix.Bind(fd, address(at))
	if err == nil && typ == unix.SOCK_STREAM {
		err = unix.Listen(fd, 1)
	}
	if err != nil {
		unix.Close(fd)
		return -1, fmt.Errorf("listen on %v: %w", at, err)
	}
	return fd, nil
}

// connect makes a socket and connects it.
func connect(typ int, to netip.AddrPort) (int, error) {
	fd, err := open(typ)
	if err != nil {
		return -1, err
	}
	if err := unix.Connect(fd, address(to)); err != nil {
		unix.Close(fd)
		return -1, fmt.Errorf("connect to %v: %w", to, err)
	}
	return fd, nil
}

// transfer is read(2) or write(2) without a word to Go's scheduler. It
// starts over when a signal came between.
func transfer(call uintptr, fd int, b []byte) (int, error) {
	for {
		n, _, errno := unix.RawSyscall(call, uintptr(fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)))
		switch errno {
		case 0:
			return int(n), nil
		case unix.EINTR:
		default:
			return 0, errno
		}
	}
}
