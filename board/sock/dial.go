package sock

import (
	"context"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"
)

// DialTCP connects to an address, over one interface only where ifname is set
// (SO_BINDTODEVICE). When ctx ends first, the error is os.ErrDeadlineExceeded.
func DialTCP(ctx context.Context, to netip.AddrPort, ifname string) (*Conn, error) {
	c, err := dial(ctx, unix.SOCK_STREAM, to, ifname)
	if err == nil {
		c.control(noDelay)
	}
	return c, err
}

// DialUDP makes a socket that sends to an address, takes from nobody else, and
// is told when nobody is there.
func DialUDP(ctx context.Context, to netip.AddrPort, ifname string) (*Conn, error) {
	return dial(ctx, unix.SOCK_DGRAM, to, ifname)
}

// DialUnix connects to a stream socket of the file system.
func DialUnix(name string) (*Conn, error) {
	fd, err := open(unix.AF_UNIX, unix.SOCK_STREAM)
	if err == nil {
		var c *Conn
		if c, err = connect(context.Background(), fd, name, &unix.SockaddrUnix{Name: name}); err == nil {
			return c, nil
		}
	}
	return nil, &os.PathError{Op: "dial unix", Path: name, Err: err}
}

func dial(ctx context.Context, kind int, to netip.AddrPort, ifname string) (*Conn, error) {
	if ctx.Err() != nil {
		return nil, os.ErrDeadlineExceeded
	}
	to = unmap(to)
	fd, err := open(familyOf(to.Addr()), kind)
	if err != nil {
		return nil, err
	}
	sa, err := sockaddr(fd, to)
	if err == nil && ifname != "" {
		err = os.NewSyscallError("bind to "+ifname, unix.BindToDevice(fd, ifname))
	}
	if err != nil {
		unix.Close(fd)
		return nil, err
	}
	c, err := connect(ctx, fd, to.String(), sa)
	if err != nil {
		return nil, err
	}
	c.remote = to
	err = c.control(func(fd int) error {
		sa, err := unix.Getsockname(fd)
		c.local = addrPort(sa)
		return os.NewSyscallError("getsockname", err)
	})
	if err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// connect connects fd, which it closes where that fails.
func connect(ctx context.Context, fd int, name string, sa unix.Sockaddr) (*Conn, error) {
	err := unix.Connect(fd, sa)
	c := newConn(fd, name)
	if err == unix.EINPROGRESS || err == unix.EINTR {
		err = c.connected(ctx)
	} else {
		err = os.NewSyscallError("connect", err)
	}
	if err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// connected waits until the connection is there.
func (c *Conn) connected(ctx context.Context) error {
	raw, err := c.f.SyscallConn()
	if err != nil {
		return err
	}
	stop := c.Until(ctx)
	var failed error
	err = raw.Write(func(fd uintptr) bool {
		errno, err := unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_ERROR)
		if err == nil && errno != 0 {
			err = unix.Errno(errno)
		}
		if err != nil {
			failed = os.NewSyscallError("connect", err)
			return true
		}
		_, err = unix.Getpeername(int(fd))
		return err == nil // otherwise woken for nothing
	})
	if !stop() || err != nil {
		return os.ErrDeadlineExceeded
	}
	return failed
}

// open makes a socket that does not block and that children do not get.
func open(family, kind int) (int, error) {
	fd, err := unix.Socket(family, kind|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	return fd, os.NewSyscallError("socket", err)
}

// noDelay has small messages go at once; without it they go a little later.
func noDelay(fd int) error {
	return os.NewSyscallError("setsockopt", unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1))
}
