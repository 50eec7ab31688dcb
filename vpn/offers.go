package vpn

import "golang.org/x/sys/unix"

// Batches tells whether the system sends and receives several packets with
// one call.
func Batches() bool {
	for _, number := range []uintptr{unix.SYS_SENDMMSG, unix.SYS_RECVMMSG} {
		// Where the call is known it does not like the descriptor.
		if _, _, err := unix.Syscall6(number, ^uintptr(0), 0, 0, 0, 0, 0); err != unix.EBADF {
			return false
		}
	}
	return true
}

// Filters tells whether the system runs a socket's filter (see share).
func Filters() bool {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return false
	}
	defer unix.Close(fds[0])
	defer unix.Close(fds[1])
	return share{0, 2}.attach(fds[0]) == nil
}
