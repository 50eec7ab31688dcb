package tun

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"

	"dun/dialup/cause"
	"dun/dialup/path"
)

// DefaultName lets the kernel number the interface: dun0, dun1, ...
const DefaultName = "dun%d"

// device is the clone device (Linux: Documentation/networking/tuntap.rst).
const device = "/dev/net/tun"

// flags ask for IP packets with nothing before them; see offload.go for more.
const flags = unix.IFF_TUN | unix.IFF_NO_PI

// Device is a TUN interface. It implements path.TUN, and path.ShapedTUN for an
// interface with Offload: one goroutine uses it.
type Device struct {
	fd   int // -1 when closed
	name string

	headers bool // each packet has a virtio_net_hdr before it
	offload Offload
	header  header
	pieces  [maxPieces]unix.Iovec
}

var _ path.ShapedTUN = (*Device)(nil)

// Options say how an interface is opened.
type Options struct {
	// Plain takes one packet of at most the MTU a call, and complete
	// checksums, whatever more the kernel offers.
	Plain bool
}

// Open makes an interface, or attaches to a persistent one of that name that
// nobody uses. A name with "%d" is a pattern that the kernel fills in, "" is
// DefaultName. The interface is down and has no address; see
// dun/board/netcfg.
//
// Errors are *cause.Error with the causes NoTUN, NoPermission and
// NetworkSetup (name in use or not allowed).
func Open(name string, o Options) (*Device, error) {
	if name == "" {
		name = DefaultName
	}
	ifr, err := unix.NewIfreq(name)
	if err != nil {
		return nil, cause.New(cause.NetworkSetup, "interface name %q: at most %d characters are allowed", name, unix.IFNAMSIZ-1)
	}
	fd, err := openDevice()
	if err != nil {
		return nil, err
	}
	d := &Device{fd: fd}
	want := uint16(flags)
	if !o.Plain && takesHeaders(fd) {
		want |= unix.IFF_VNET_HDR
	}
	ifr.SetUint16(want)
	if err := retry(func() error { return unix.IoctlIfreq(fd, unix.TUNSETIFF, ifr) }); err != nil {
		unix.Close(fd)
		return nil, attachError(err, name)
	}
	d.name = ifr.Name()
	if want&unix.IFF_VNET_HDR != 0 {
		if err := d.startOffload(); err != nil {
			unix.Close(fd)
			return nil, cause.Wrap(cause.NetworkSetup, err, "offload of the interface %s", d.name)
		}
	}
	return d, nil
}

// Name is the interface's name, filled in by the kernel.
func (d *Device) Name() string { return d.name }

// FD is the descriptor, to be watched for reading.
func (d *Device) FD() int { return d.fd }

// Read gives one IP packet; path.ErrWouldBlock when none waits. A packet
// longer than b is cut: give it as much room as the interface's MTU. It is not
// for an interface with Offload, nor is Write.
func (d *Device) Read(b []byte) (int, error) {
	for {
		n, err := path.ReadUnseen(d.fd, b)
		switch err {
		case 0:
			return n, nil
		case unix.EAGAIN:
			return 0, path.ErrWouldBlock
		case unix.EINTR:
		default:
			return 0, d.ioError("read", err)
		}
	}
}

// Write gives the system one IP packet. The kernel copies it; b is free
// afterwards.
func (d *Device) Write(b []byte) (int, error) {
	for {
		n, err := path.WriteUnseen(d.fd, b)
		switch err {
		case 0:
			return n, nil
		case unix.EAGAIN:
			return 0, path.ErrWouldBlock
		case unix.EINTR:
		default:
			return 0, d.ioError("write", err)
		}
	}
}

// Close removes the interface. A second Close does nothing.
func (d *Device) Close() error {
	if d.fd < 0 {
		return nil
	}
	fd := d.fd
	d.fd = -1
	return os.NewSyscallError("close", unix.Close(fd))
}

// ioError names what the kernel means by its numbers (drivers/net/tun.c).
func (d *Device) ioError(op string, err error) error {
	switch err {
	case unix.EBADFD, unix.EFAULT, unix.ENODEV:
		return cause.Wrap(cause.NetworkSetup, err, "%s: the interface %s was removed", op, d.name)
	case unix.EIO:
		return cause.Wrap(cause.NetworkSetup, err, "%s: the interface %s is down", op, d.name)
	case unix.EBADF:
		return cause.Wrap(cause.NetworkSetup, os.ErrClosed, "%s: the interface %s", op, d.name)
	case unix.EINVAL:
		return cause.Wrap(cause.NetworkSetup, err, "%s: %s takes IPv4 and IPv6 packets only", op, d.name)
	}
	return cause.Wrap(cause.NetworkSetup, err, "%s: the interface %s", op, d.name)
}

func attachError(err error, name string) error {
	switch {
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.EACCES):
		return cause.Wrap(cause.NoPermission, err, "making the interface %s needs CAP_NET_ADMIN", name)
	case errors.Is(err, unix.EBUSY):
		return cause.Wrap(cause.NetworkSetup, err, "the interface name %s is in use", name)
	case errors.Is(err, unix.EINVAL):
		return cause.Wrap(cause.NetworkSetup, err, "the name %s is not allowed, or belongs to an interface that is not a plain TUN", name)
	case errors.Is(err, unix.ENFILE):
		return cause.Wrap(cause.NetworkSetup, err, "no number is left for %s", name)
	}
	return cause.Wrap(cause.NetworkSetup, err, "making the interface %s", name)
}

func retry(f func() error) error {
	for {
		if err := f(); err != unix.EINTR {
			return err
		}
	}
}
