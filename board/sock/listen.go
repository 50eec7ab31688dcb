package sock

import (
	"io/fs"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"
)

// backlog is how many connections may wait to be accepted; the kernel takes
// less where net.core.somaxconn says so.
const backlog = 4096

// Listener is a socket that takes connections.
type Listener struct {
	f    *os.File
	addr netip.AddrPort
}

// ListenTCP opens a TCP port.
func ListenTCP(at netip.AddrPort) (*Listener, error) {
	at = unmap(at)
	fd, err := open(familyOf(at.Addr()), unix.SOCK_STREAM)
	if err != nil {
		return nil, err
	}
	sa, err := sockaddr(fd, at)
	if err == nil { // connections of an earlier process do not keep the port
		err = os.NewSyscallError("setsockopt", unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1))
	}
	if err == nil {
		err = listen(fd, sa)
	}
	if err != nil {
		unix.Close(fd)
		return nil, err
	}
	if sa, err := unix.Getsockname(fd); err == nil { // the port that was asked for, or any
		at = addrPort(sa)
	}
	return &Listener{os.NewFile(uintptr(fd), at.String()), at}, nil
}

// ListenUnix opens a stream socket of the file system. The file has its mode
// from the beginning, so there is no moment in which others could connect;
// Close leaves it there.
func ListenUnix(name string, mode fs.FileMode) (*Listener, error) {
	fd, err := open(unix.AF_UNIX, unix.SOCK_STREAM)
	if err == nil {
		// bind(2) makes the file with the mode that the socket has.
		err = os.NewSyscallError("fchmod", unix.Fchmod(fd, uint32(mode.Perm())))
		if err == nil {
			err = listen(fd, &unix.SockaddrUnix{Name: name})
		}
		if err == nil {
			return &Listener{f: os.NewFile(uintptr(fd), name)}, nil
		}
		unix.Close(fd)
	}
	return nil, &os.PathError{Op: "listen unix", Path: name, Err: err}
}

func listen(fd int, sa unix.Sockaddr) error {
	if err := unix.Bind(fd, sa); err != nil {
		return os.NewSyscallError("bind", err)
	}
	return os.NewSyscallError("listen", unix.Listen(fd, backlog))
}

// Accept waits for the next connection; os.ErrClosed when the listener is.
func (l *Listener) Accept() (*Conn, error) {
	raw, err := l.f.SyscallConn()
	if err != nil {
		return nil, err
	}
	var fd int
	var remote unix.Sockaddr
	var failed error
	if err := raw.Read(func(at uintptr) bool {
		for {
			fd, remote, failed = unix.Accept4(int(at), unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK)
			if failed != unix.EINTR && failed != unix.ECONNABORTED { // gone before it was its turn
				return failed != unix.EAGAIN
			}
		}
	}); err != nil {
		return nil, os.ErrClosed
	}
	if failed != nil {
		return nil, os.NewSyscallError("accept", failed)
	}
	if l.addr.IsValid() {
		noDelay(fd)
	}
	local, err := unix.Getsockname(fd)
	if err != nil {
		unix.Close(fd)
		return nil, os.NewSyscallError("accept", err)
	}
	c := newConn(fd, l.f.Name())
	c.local, c.remote = addrPort(local), addrPort(remote)
	return c, nil
}

// Addr is where a TCP port is.
func (l *Listener) Addr() netip.AddrPort { return l.addr }

// Close takes no more connections, and ends Accept.
func (l *Listener) Close() error { return l.f.Close() }
