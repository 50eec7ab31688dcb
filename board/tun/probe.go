package tun

import (
	"errors"

	"golang.org/x/sys/unix"

	"dun/dialup/cause"
)

// Probe tells whether an interface could be opened, without making one (which
// would wake every program that watches for interfaces). nil means that the
// device is there, may be opened and is what it should be; the right to
// attach an interface, CAP_NET_ADMIN, is looked at by dun/board/netcfg.
// Errors are *cause.Error, as Open's.
func Probe() error {
	fd, err := openDevice()
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	var have int
	err = retry(func() error {
		have, err = unix.IoctlGetInt(fd, unix.TUNGETFEATURES)
		return err
	})
	if err != nil {
		return cause.Wrap(cause.NoTUN, err, "%s is not the TUN device", device)
	}
	if have&flags != flags {
		return cause.New(cause.NoTUN, "%s lacks features: has %#x, needs %#x", device, have, flags)
	}
	return nil
}

func openDevice() (int, error) { return openPath(device) }

func openPath(path string) (fd int, err error) {
	err = retry(func() error {
		fd, err = unix.Open(path, unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
		return err
	})
	switch {
	case err == nil:
		return fd, nil
	case errors.Is(err, unix.ENOENT), errors.Is(err, unix.ENOTDIR):
		return -1, cause.Wrap(cause.NoTUN, err, "%s is missing: 'modprobe tun', or 'mknod %s c 10 200'; a container must be given the device", path, path)
	case errors.Is(err, unix.ENODEV), errors.Is(err, unix.ENXIO):
		return -1, cause.Wrap(cause.NoTUN, err, "%s is there but the kernel has no driver for it: 'modprobe tun', or a kernel with CONFIG_TUN", path)
	case errors.Is(err, unix.EACCES), errors.Is(err, unix.EPERM):
		return -1, cause.Wrap(cause.NoPermission, err, "%s may not be opened by this user: run as root, or 'chmod 666 %s' as udev does (a container's device rules may forbid it too)", path, path)
	}
	return -1, cause.Wrap(cause.NoTUN, err, "open %s", path)
}
